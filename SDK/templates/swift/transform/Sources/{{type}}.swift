// SPDX-License-Identifier: Apache-2.0
// Puts a greeting before each value. Values without anything in them are dropped and counted.
import MillraceSDK

final class {{type}}: Transform {
    /// What `millrace explain`, the checker of topologies and editors know about it.
    static let info = OperatorInfo(
        "{{id}}", version: "1.0.0", "Puts a greeting before each value.",
        example: "{ use: {{id}}, with: { greeting: \"hej, \" } }",
        traits: [.stateless, .deterministic],
        parameters: [
            Parameter(
                "greeting", .string, default: "hello, ", maximum: "100",
                "What to put before each value.")
        ],
        inputs: [Port("in", schema: "text", "Any text.")],
        outputs: [
            // The most that one record can cause: one record, 100 characters and what came in. The
            // host sees to it that there is room for it, so `write` below always finds some.
            Port(
                "out", schema: "text", "The same with a greeting.",
                bound: .writes(records: 1, bytes: 400, times: 1))
        ])

    private let greeting: [UInt8]
    private let dropped: Counter

    /// The host has checked the parameters.
    init(_ setup: borrowing Setup) throws {
        greeting = Array(try setup.string("greeting").utf8)
        dropped = setup.counter("dropped", unit: "records", "Empty values.")
    }

    /// Called with up to a few hundred records, which are read where they lie, and never by two
    /// threads at once. The compiler sees to it that nothing of a batch is kept.
    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow {
        for position in batch.indices {
            let record = batch[position]
            guard record.value.count > 0 else {
                dropped += 1
                continue
            }
            // Written where the receiver reads it, with the same key and time.
            let capacity = record.length + greeting.count
            let isWritten = out[0].write(record.head, capacity: capacity) { room in
                room.append(record.key)
                room.append(greeting)
                room.append(record.value)
            }
            guard isWritten else { return .again(consumed: position) }
        }
        return .ok
    }
}

let library = Library("{{name}}", version: "1.0.0") { {{type}}.self }

/// The one symbol that the library exports.
@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
