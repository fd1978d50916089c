// SPDX-License-Identifier: Apache-2.0
// Lower-cases every value. What is longer than allowed goes to the errors.
import MillraceSDK

final class Whisper: Transform {
    static let info = OperatorInfo(
        "example.whisper", version: "1.0.0", "Lower-cases ASCII letters of the value.",
        example: "{ use: example.whisper, with: { longest: 80 } }",
        traits: [.stateless, .deterministic],
        parameters: [
            Parameter("longest", .int, default: "1000", minimum: "1", "The longest value allowed.")
        ],
        inputs: [Port("in", schema: "any", "Any text.")],
        outputs: [
            Port("out", schema: "same(in)", "The same in lower case.", bound: .writes(records: 1))
        ])

    private let longest: Int
    private let letters: Counter

    init(_ setup: borrowing Setup) throws {
        longest = try setup.int("longest")
        letters = setup.counter("letters", unit: "letters", "Letters that were changed.")
    }

    func process(_ batch: borrowing Batch, _ out: borrowing Outputs) throws -> Flow {
        var changed = 0
        defer { letters += changed }
        for position in batch.indices {
            let record = batch[position]
            let key = record.key, value = record.value
            guard value.count <= longest else {
                return .bad(record: position, "\(value.count) bytes, and \(longest) are allowed")
            }
            // Written where the receiver reads it. The bound above promises that there is room.
            _ = out[0].write(record.head, capacity: record.length) { room in
                room.append(key)
                for index in value.indices {
                    let byte = value[index]
                    let isUpper = byte >= 65 && byte <= 90
                    room.append(isUpper ? byte + 32 : byte)
                    changed += isUpper ? 1 : 0
                }
            }
        }
        return .ok
    }
}

let library = Library("whisper", version: "1.0.0") { Whisper.self }

@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
