// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Timers of operators, with real processes.
@Suite(.serialized) struct TimerRunTests {
    private let sandbox: Sandbox

    /// `test.alarm` sets a timer ten seconds behind each record, three times, and one that it takes
    /// back; it writes what is due as `KEY TIME COOKIE`. `test.nap` does so in processing time,
    /// a fifth of a second from now. `test.marks` passes on what it is told of the watermark.
    private static let code = """
        #include <millrace/ext/time.h>
        #include <stdio.h>
        static const mr_host_time *timers;
        static mr_status open_timers(const mr_operator *self, const mr_host *host, mr_ctx *ctx,
                                     const mr_config *config, void **op) {
          timers = host->extension(host, MR_EXT_TIME);
          return timers ? good_create(self, host, ctx, config, op) : MR_E_UNSUPPORTED;
        }
        static mr_status set_timers(void *op, const mr_batch *batch, mr_work *work) {
          instance *self = (instance *)op;
          for (uint32_t i = 0; i < batch->count; i++) {
            const mr_record *r = mr_at(batch, i);
            mr_str value = {(const char *)mr_value(batch, r), mr_value_size(r)};
            mr_timer t = {.time = r->event_time + 10000000000ll,
                          .key_hash = self->host->hash(value.data, value.size),
                          .key = value, .cookie = 7, .domain = MR_EVENT_TIME};
            if (NAP) {
              t.domain = MR_PROCESSING_TIME;
              t.time = self->host->now(self->ctx, MR_CLOCK_WALL) + 200000000;
            }
            mr_timer twice[2] = {t, t};
            mr_timer other = t;
            other.cookie = 8;
            if (timers->set(self->ctx, twice, 2) || timers->set(self->ctx, &t, 1) ||
                timers->set(self->ctx, &other, 1) || timers->cancel(self->ctx, &other, 1))
              return MR_E_INTERNAL;
          }
          return MR_OK;
        }
        static mr_status tell(void *op, const mr_timer *due, uint64_t n, mr_work *work) {
          instance *self = (instance *)op;
          for (uint64_t i = 0; i < n; i++) {
            char line[200];
            int size = snprintf(line, sizeof line, "%.*s %lld %llu", (int)due[i].key.size,
                                due[i].key.data, NAP ? 0 : (long long)due[i].time,
                                (unsigned long long)due[i].cookie);
            mr_record head = {.length = (uint32_t)size, .flags = MR_REC_UNKEYED,
                              .event_time = due[i].time};
            mr_status s = mr_emit(self->out, &head, line);
            if (s != MR_OK)
              return s;
          }
          return MR_OK;
        }
        static mr_status mark(void *op, int64_t watermark, mr_work *work) {
          instance *self = (instance *)op;
          char line[64];
          int size = watermark == MR_TIME_END
                         ? sprintf(line, "end")
                         : sprintf(line, "mark %lld", (long long)watermark);
          mr_record head = {.length = (uint32_t)size, .flags = MR_REC_UNKEYED,
                            .event_time = watermark == MR_TIME_END ? MR_TIME_NONE : watermark};
          return mr_emit(self->out, &head, line);
        }
        static const mr_time timing = {.struct_size = sizeof(mr_time),
                                       .on_watermark = MARKS ? mark : NULL,
                                       .on_timers = MARKS ? NULL : tell};
        static const void *time_extension(const mr_operator *self, const char *id) {
          return strcmp(id, MR_EXT_TIME) == 0 ? &timing : NULL;
        }
        #define BAD_CREATE open_timers
        #define BAD_EXTENSION time_extension
        """

    init() throws {
        sandbox = try Sandbox()
        try ClockPlugin.build(in: sandbox)
        for name in ["alarm", "nap", "marks"] {
            let head = "#define NAP \(name == "nap")\n#define MARKS \(name == "marks")\n"
            let process = name == "marks" ? "" : "#define BAD_PROCESS set_timers\n"
            _ = try TestPlugin.build(
                name, id: "test.\(name)",
                code: "#include <stdbool.h>\n" + head + Self.code + "\n" + process,
                to: sandbox.folder.appendingPathComponent("\(name).so").path)
        }
    }

    private func run(_ words: String...) throws -> Running.Result {
        try sandbox.start(["run", "--plugin-dir", sandbox.folder.path] + words).end()
    }

    /// What `test.alarm` writes of records of `generate spacing=1s`.
    private func alarms(_ count: Int) -> [String] {
        (0..<count).map { "\($0) \(($0 + 10) * 1_000_000_000) 7" }
    }

    @Test func `each timer is due once, in the order of its time, before the watermark goes on`()
        throws
    {
        let result = try run(
            "generate", "count=30000", "spacing=1s", "event_time.header=true", "!", "test.alarm",
            "!", "test.clock", "!", "stdout")
        #expect(result.code == 0, "\(result.err)")
        let lines = result.lines.map(ClockPlugin.Line.init)
        #expect(lines.map(\.value) == alarms(30_000))
        #expect(lines.allSatisfy { $0.watermark ?? .min <= $0.time! }, "one was late")
        #expect(lines.last?.watermark ?? 0 > 0, "no watermark went on")
    }

    @Test func `without times timers of event time are due at the end of the input`() throws {
        let result = try run(
            "generate", "count=3", "value=x", "spacing=1s", "!", "test.alarm", "!", "stdout")
        #expect(result.lines == ["x 10000000000 7", "x 11000000000 7", "x 12000000000 7"])
    }

    @Test func `on_watermark hears of each step behind the records that it covers`() throws {
        let result = try run(
            "generate", "count=2000", "spacing=1s", "event_time.header=true", "!", "test.marks",
            "!", "stdout")
        #expect(result.code == 0, "\(result.err)")
        var newest: Int64 = -1
        var steps = 0
        for line in result.lines.dropLast() {
            guard line.hasPrefix("mark ") else {
                newest = try #require(Int64(line))
                continue
            }
            steps += 1
            #expect(try #require(Int64(line.dropFirst(5))) <= newest * 1_000_000_000)
        }
        #expect(newest == 1_999 && steps > 0)
        #expect(result.lines.last == "end")
    }

    @Test func `a timer of processing time is due while nothing else happens`() throws {
        _ = try sandbox.file("in", "a\nb\n")
        let running = try sandbox.start([
            "run", "--plugin-dir", sandbox.folder.path, "file.source", "path=in", "as=line",
            "follow=true", "!", "test.nap", "!", "stdout",
        ])
        _ = try running.waitForOutput("a 0 7\n")
        _ = try running.waitForOutput("b 0 7\n")
        running.signal(SIGTERM)
        let result = running.end()
        #expect(result.code == 0 && result.out == "a 0 7\nb 0 7\n", "\(result.err)")
    }

    @Test(arguments: 1...3)
    func `killed executors neither lose nor repeat a timer`(kills: Int) throws {
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            checkpoint: {every: 200ms}
            nodes:
              in:
                use: generate
                with: {count: 40000, rate: 15k/s, spacing: 1s, keys: 500}
                event_time: {header: true}
              alarm: {use: test.alarm, from: {node: in, partition: hash}, parallelism: 2}
              out: {use: file.sink, from: alarm, with: {path: out.txt}}
            """)
        let running = try sandbox.start(
            ["run", "--plugin-dir", sandbox.folder.path, "--state-dir", "state", file])
        _ = try running.waitForError("watch:")
        try sandbox.waitForCheckpoint()
        for _ in 0..<kills {
            if let executor = try running.executor() { kill(executor, SIGKILL) }
            let claims = try sandbox.shell("ls state/log").split(separator: "\n").count
            try sandbox.wait(for: "the next checkpoint") {
                try !running.process.isRunning
                    || sandbox.shell("ls state/log").split(separator: "\n").count > claims + 3
            }
        }
        let result = running.end()
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("MR4107"))
        let lines = String(decoding: try sandbox.bytes("out.txt"), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        #expect(lines.sorted() == alarms(40_000).sorted())
    }
}
