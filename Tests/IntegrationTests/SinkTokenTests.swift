// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a sink has prepared is committed, whatever becomes of the epoch that it was prepared for.
@Suite(.serialized) struct SinkTokenTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// A sink whose tokens are its records, and which cannot save its state the first two times.
    private static let code = """
        #include <millrace/ext/sink.h>
        #include <string.h>
        static char held[1 << 20];
        static uint64_t used;
        static int saves;
        static mr_status start(void *op, const mr_start *info) { return MR_OK; }
        static mr_status take(void *op, const mr_batch *batch, mr_work *work) {
          for (uint32_t i = 0; i < batch->count; i++) {
            const mr_record *record = mr_at(batch, i);
            memcpy(held + used, mr_payload(batch, record), record->length);
            used += record->length;
            held[used++] = '\\n';
          }
          return MR_OK;
        }
        static mr_status open_writer(void *op, const mr_sink_writer *who) { return MR_OK; }
        static mr_status prepare(void *op, uint64_t epoch, mr_writer *token) {
          int64_t done = used > 0 ? token->write(token, held, used) : 0;
          used = 0;
          return done < 0 ? (mr_status)done : MR_OK;
        }
        static mr_commit_result commit(void *op, const mr_committable *c) {
          int file = open("out.txt", O_WRONLY | O_CREAT | O_APPEND, 0600);
          int whole = write(file, c->token.data, c->token.size) == (ssize_t)c->token.size;
          close(file);
          return whole ? MR_COMMITTED : MR_COMMIT_RETRY;
        }
        static const mr_sink phases = {.struct_size = sizeof(mr_sink), .open = open_writer,
                                       .prepare = prepare, .commit = commit};
        static mr_status save(void *op, uint64_t epoch, mr_writer *writer) {
          instance *self = op;
          return saves++ < 2 ? mr_fail(self->host, self->ctx, MR_E_TRANSIENT, "not now") : MR_OK;
        }
        static mr_status restore(void *op, const mr_snapshot *info, mr_reader *reader) {
          return MR_OK;
        }
        static const mr_state state = {.struct_size = sizeof(mr_state), .save = save,
                                       .restore = restore};
        static const void *extension(const mr_operator *self, const char *id) {
          return strcmp(id, MR_EXT_SINK) == 0    ? (const void *)&phases
                 : strcmp(id, MR_EXT_STATE) == 0 ? &state
                                                 : NULL;
        }
        static const mr_port from = {.struct_size = sizeof(mr_port), .name = "in",
                                     .doc = "Any record.", .schema = "any"};
        static const mr_port *const ports[] = {&from};
        static const mr_operator sink = {
            .struct_size = sizeof(mr_operator), .kind = MR_KIND_SINK, .id = BAD_ID,
            .version = "1.0.0", .title = "Sink", .description = "Cannot save at first.",
            .inputs = ports, .input_count = 1, .max_parallelism = 1, .state_version = 1,
            .create = good_create, .destroy = good_destroy, .start = start, .process = take,
            .extension = extension};
        static const mr_operator *const mine[] = {&sink};
        #define BAD_TABLE mine
        """

    @Test func `records of an epoch that could not be saved come with the next one`() throws {
        _ = try TestPlugin.build(
            "unsaved", id: "test.unsaved", code: Self.code,
            to: sandbox.folder.appendingPathComponent("unsaved.so").path)
        let lines = (0..<3_000).map { "line \($0)\n" }.joined()
        let file = try sandbox.file("in.txt", lines)
        let topology = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            checkpoint: {every: 20ms}
            nodes:
              in: {use: file.source, with: {path: \(file)}}
              line: {use: lines, from: in}
              pace: {use: rate_limit, from: line, with: {rate: 10k/s}}
              out: {use: test.unsaved, from: pace}
            """)
        let result = try sandbox.run("run", "--state-dir", "state", "--plugin-dir", ".", topology)
        #expect(result.code == 0, "\(result.err)")
        #expect(result.err.contains("not now"), "\(result.err)")
        #expect(try String(decoding: sandbox.bytes("out.txt"), as: UTF8.self) == lines)
    }
}
