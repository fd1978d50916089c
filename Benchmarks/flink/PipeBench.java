// SPDX-License-Identifier: Apache-2.0
// The shapes of `millrace bench` as Apache Flink jobs in one process: 100-byte messages, object
// reuse on, parallelism 1. Prints one line of JSON with the fields of `millrace bench`.
//
// usage: PipeBench SHAPE COUNT
//   chained    source, map and sink in one task
//   hop1       source | sink, one exchange
//   unchained  source | map | sink, two exchanges
//   keyed      source | count per key of 1,000 keys, in keyed state
//   keyed-state  the same, with an exactly-once checkpoint each second
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;

public final class PipeBench {
  private static final int PAYLOAD_BYTES = 100;
  private static final int KEYS = 1000;
  private static final TypeInformation<byte[]> PAYLOAD =
      PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;

  public static void main(String[] arguments) throws Exception {
    String shape = arguments[0];
    long count = Long.parseLong(arguments[1]);
    StreamExecutionEnvironment environment = local();
    SingleOutputStreamOperator<byte[]> source = messages(environment, count);
    if (shape.equals("keyed-state")) {
      environment.enableCheckpointing(1000);
    }
    MapFunction<byte[], byte[]> same = message -> message;
    if (shape.equals("chained")) {
      source.map(same).returns(PAYLOAD).sinkTo(new DiscardingSink<>());
    } else if (shape.equals("hop1")) {
      source.rebalance().sinkTo(new DiscardingSink<>());
    } else if (shape.equals("unchained")) {
      source.map(same).returns(PAYLOAD).disableChaining().sinkTo(new DiscardingSink<>());
    } else if (shape.equals("keyed") || shape.equals("keyed-state")) {
      source.keyBy(PipeBench::key).process(new CountPerKey()).sinkTo(new DiscardingSink<>());
    } else {
      System.err.println("PipeBench: no shape " + shape);
      System.exit(64);
    }
    double seconds = environment.execute(shape).getNetRuntime(TimeUnit.MILLISECONDS) / 1e3;
    System.out.printf(
        Locale.ROOT,
        "{\"shape\":\"flink-%s\",\"records\":%d,\"seconds\":%.3f,"
            + "\"records_per_second\":%.0f,\"payload_bytes\":%d}%n",
        shape, count, seconds, count / seconds, PAYLOAD_BYTES);
  }

  private static StreamExecutionEnvironment local() {
    Configuration settings = new Configuration();
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("taskmanager.numberOfTaskSlots", "4");
    settings.setString("taskmanager.memory.network.min", "256m");
    settings.setString("taskmanager.memory.network.max", "256m");
    return StreamExecutionEnvironment.createLocalEnvironment(1, settings);
  }

  private static SingleOutputStreamOperator<byte[]> messages(
      StreamExecutionEnvironment environment, long count) {
    MapFunction<Long, byte[]> message = PipeBench::message;
    return environment
        .fromSource(
            new NumberSequenceSource(1, count), WatermarkStrategy.noWatermarks(), "numbers")
        .map(message)
        .returns(PAYLOAD);
  }

  private static byte[] message(long number) {
    byte[] payload = new byte[PAYLOAD_BYTES];
    for (int i = 0; i < Long.BYTES; i++) {
      payload[i] = (byte) (number >>> (8 * i));
    }
    return payload;
  }

  private static Long key(byte[] payload) {
    long number = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      number |= (payload[i] & 0xffL) << (8 * i);
    }
    return number % KEYS;
  }

  private static final class CountPerKey extends KeyedProcessFunction<Long, byte[], Long> {
    private ValueState<Long> total;

    @Override
    public void open(OpenContext context) {
      total = getRuntimeContext().getState(new ValueStateDescriptor<>("total", Long.class));
    }

    @Override
    public void processElement(byte[] message, Context context, Collector<Long> out)
        throws Exception {
      Long before = total.value();
      total.update(before == null ? 1L : before + 1);
    }
  }
}
