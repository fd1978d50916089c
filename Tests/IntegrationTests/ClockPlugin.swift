// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A transform `test.clock` that writes, in place of each record, `VALUE TIME WATERMARK`: what it
/// was given, `-` for none.
enum ClockPlugin {
    static func build(in sandbox: Sandbox) throws {
        _ = try TestPlugin.build(
            "clock", id: "test.clock",
            code: """
                #include <stdio.h>
                static int text(char *to, int64_t time) {
                  return time == MR_TIME_NONE ? sprintf(to, " -")
                                              : sprintf(to, " %lld", (long long)time);
                }
                static mr_status tell(void *op, const mr_batch *batch, mr_work *work) {
                  instance *self = (instance *)op;
                  for (uint32_t i = 0; i < batch->count; i++) {
                    const mr_record *record = mr_at(batch, i);
                    static _Thread_local char line[4096];
                    uint32_t n = mr_value_size(record) < 4000 ? mr_value_size(record) : 4000;
                    memcpy(line, mr_value(batch, record), n);
                    n += text(line + n, record->event_time);
                    n += text(line + n, batch->watermark);
                    mr_record head = {.length = n, .flags = MR_REC_UNKEYED,
                                      .event_time = record->event_time};
                    mr_status status = mr_emit(self->out, &head, line);
                    if (status != MR_OK)
                      return status;
                  }
                  return MR_OK;
                }
                #define BAD_PROCESS tell
                """, to: sandbox.folder.appendingPathComponent("clock.so").path)
    }

    /// What it wrote of one record.
    struct Line: Equatable {
        var value: String
        var time: Int64?
        var watermark: Int64?

        init(_ line: Substring) {
            let words = line.split(separator: " ")
            watermark = Int64(words[words.count - 1])
            time = Int64(words[words.count - 2])
            value = words.dropLast(2).joined(separator: " ")
        }
    }
}
