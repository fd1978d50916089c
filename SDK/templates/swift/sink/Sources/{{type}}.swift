// SPDX-License-Identifier: Apache-2.0
// Appends each value as a line to a file. It may wait for the disk and says so, so it gets a thread
// of its own.
import Glibc
import MillraceSDK

final class {{type}}: Sink {
    /// What `millrace explain`, the checker of topologies and editors know about it.
    static let info = OperatorInfo(
        "{{id}}", version: "1.0.0", "Appends each value as a line to a file.",
        example: "{ use: {{id}}, with: { path: lines.txt } }",
        traits: [.blocks],
        parameters: [
            Parameter(
                "path", .string, minimum: "1", example: "lines.txt", traits: .required,
                "The file; made if it is not there.")
        ],
        inputs: [Port("in", schema: "any", "Records; keys are dropped.")],
        parallelismMax: 1)

    private let path: String
    private var file: UnsafeMutablePointer<FILE>?

    /// The host has checked the parameters.
    init(_ setup: borrowing Setup) throws { path = try setup.string("path") }

    deinit {
        if let file { fclose(file) }
    }

    /// Before the first record: here files and connections are opened.
    func start(_ facts: borrowing Start) throws {
        file = fopen(path, "a")
        if file == nil { throw failure(.configuration, "cannot open") }
    }

    /// Called with up to a few hundred records, which are read where they lie, and never by two
    /// threads at once. The compiler sees to it that nothing of a batch is kept.
    func process(_ batch: borrowing Batch) throws -> Flow {
        for position in batch.indices {
            let value = batch[position].value
            value.withUnsafeBytes { bytes in
                _ = fwrite(bytes.baseAddress, 1, bytes.count, file)
            }
            putc(10, file)
        }
        if ferror(file) != 0 { throw failure(.bug, "cannot write") }
        return .ok
    }

    /// The input has ended: what is still in memory goes out, and if it cannot, the job must know.
    func stop() throws {
        if fflush(file) != 0 { throw failure(.bug, "cannot write") }
    }

    /// The code tells the host what to do about it, the text is what people will read.
    private func failure(_ code: OperatorError.Code, _ what: String) -> OperatorError {
        OperatorError(code, "\(what) \(path): \(String(cString: strerror(errno)))")
    }
}

let library = Library("{{name}}", version: "1.0.0") { {{type}}.self }

/// The one symbol that the library exports.
@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
