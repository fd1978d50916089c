// SPDX-License-Identifier: Apache-2.0
// Emits the squares of 1, 2, 3 and so on. Its position is state, so a restart goes on where it was.
import MillraceSDK

final class Squares: Source, Stateful {
    static let info = OperatorInfo(
        "example.squares", version: "1.0.0", "Emits the squares of 1, 2, 3 and so on.",
        example: "{ use: example.squares, with: { count: 100 } }",
        traits: [.deterministic, .resumable],
        parameters: [
            Parameter("count", .int, default: "10", minimum: "0", "How many to emit.")
        ],
        outputs: [Port("out", schema: "text", "The squares, in decimal.")],
        parallelismMax: 1)
    static let rereading = Rereading.fromPosition
    static let stateVersion = 1

    private let count: Int
    private var emitted = 0
    private var schema: UInt32 = 0

    init(_ setup: borrowing Setup) throws { count = try setup.int("count") }

    func start(_ facts: borrowing Start) throws { schema = facts.outputSchema(0) }

    func poll(_ poll: inout Poll, _ out: borrowing Outputs) throws -> Polled {
        for _ in 0..<poll.credit where emitted < count {
            let number = emitted + 1
            let text = Array("\(number * number)".utf8)
            guard out[0].emit(.unkeyed(schema: schema), text.span) else { return .nothing }
            emitted = number
        }
        return emitted < count ? .more : .done
    }

    func save(epoch: UInt64, to writer: borrowing StateWriter) throws {
        try writer.write(UInt64(emitted))
    }

    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws {
        emitted = Int(try reader.number() ?? 0)
    }
}

let library = Library("squares", version: "1.0.0") { Squares.self }

@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
