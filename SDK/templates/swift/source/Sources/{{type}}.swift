// SPDX-License-Identifier: Apache-2.0
// Counts from `first` to `last`. Its position is saved with the job, so a restart goes on where it
// was.
import MillraceSDK

final class {{type}}: Source, Stateful {
    /// What `millrace explain`, the checker of topologies and editors know about it.
    static let info = OperatorInfo(
        "{{id}}", version: "1.0.0", "Counts from one number to another.",
        example: "{ use: {{id}}, with: { last: 100 } }",
        traits: [.deterministic, .resumable],
        parameters: [
            Parameter("first", .int, default: "1", "The first number."),
            Parameter("last", .int, default: "10", maximum: "1000000000000", "The last number."),
        ],
        outputs: [Port("out", schema: "text", "The numbers, in decimal.")],
        parallelismMax: 1)
    /// From a position, the same records come again.
    static let rereading = Rereading.fromPosition
    static let stateVersion = 1

    /// The position.
    private var next: Int
    private let last: Int
    private var schema: UInt32 = 0

    /// The host has checked the parameters.
    init(_ setup: borrowing Setup) throws {
        next = try setup.int("first")
        last = try setup.int("last")
    }

    func start(_ facts: borrowing Start) throws { schema = facts.outputSchema(0) }

    /// Writes what is ready, never more than there is credit for, and never waits. A source that
    /// has nothing answers `.nothing`, and calls `wake` of its host when that has changed.
    func poll(_ poll: inout Poll, _ out: borrowing Outputs) throws -> Polled {
        for _ in 0..<poll.credit {
            guard next <= last else { return .done }
            let text = Array(String(next).utf8)
            // Without room it is polled again when there is some.
            guard out[0].emit(.unkeyed(schema: schema), text.span) else { return .nothing }
            next += 1
        }
        return .more
    }

    /// A checkpoint: the position.
    func save(epoch: UInt64, to writer: borrowing StateWriter) throws {
        try writer.write(UInt64(bitPattern: Int64(next)))
    }

    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws {
        guard let saved = try reader.number() else { return }
        next = Int(Int64(bitPattern: saved))
    }
}

let library = Library("{{name}}", version: "1.0.0") { {{type}}.self }

/// The one symbol that the library exports.
@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
