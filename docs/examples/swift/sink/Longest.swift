// SPDX-License-Identifier: Apache-2.0
// Writes the longest value it has seen to a file when its input ends.
import Glibc
import MillraceSDK

final class Longest: Sink {
    static let info = OperatorInfo(
        "example.longest", version: "1.0.0",
        "Writes the longest value to a file when its input ends.",
        example: "{ use: example.longest, with: { path: longest.txt } }",
        traits: [.blocks],
        parameters: [
            Parameter("path", .string, minimum: "1", traits: .required, "The file to write.")
        ],
        inputs: [Port("in", schema: "any", "Records; keys are dropped.")],
        parallelismMax: 1)

    private let path: String
    private var longest: [UInt8] = []

    init(_ setup: borrowing Setup) throws { path = try setup.string("path") }

    func process(_ batch: borrowing Batch) throws -> Flow {
        for position in batch.indices {
            let value = batch[position].value
            if value.count > longest.count {
                // Copied: nothing of a batch may be kept, and the compiler sees to it.
                longest = value.indices.map { value[$0] }
            }
        }
        return .ok
    }

    func stop() throws {
        guard let file = fopen(path, "w") else {
            throw OperatorError(.io, "cannot open \(path): \(reason)")
        }
        fwrite(longest, 1, longest.count, file)
        guard fclose(file) == 0 else {
            throw OperatorError(.io, "cannot write \(path): \(reason)")
        }
    }

    private var reason: String { String(cString: strerror(errno)) }
}

let library = Library("longest", version: "1.0.0") { Longest.self }

@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
