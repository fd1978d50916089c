// SPDX-License-Identifier: Apache-2.0
// Chooses the task that each record goes to: values that begin with the same byte go to the same
// task, comments to none.
//
// An edge of a topology names it: `from: {node: lines, partition: {use: {{id}}}}`.
import MillraceSDK

final class {{type}}: Partitioner {
    /// What `millrace explain`, the checker of topologies and editors know about it.
    static let info = OperatorInfo(
        "{{id}}", version: "1.0.0",
        "Values that begin with the same byte go to the same task.",
        traits: [.stateless, .deterministic])

    init(_ setup: borrowing Setup) throws {}

    /// Sets a number below `count`, `Target.all` or `Target.none` for each record. They are
    /// `Target.none` when this is called.
    func route(
        _ batch: borrowing Batch, count: Int, _ targets: inout MutableSpan<UInt32>
    ) throws {
        for position in batch.indices {
            let value = batch[position].value
            let first = value.isEmpty ? 0 : value[0]
            if first != UInt8(ascii: "#") { targets[position] = UInt32(Int(first) % count) }
        }
    }
}

let library = Library("{{name}}", version: "1.0.0") { {{type}}.self }

/// The one symbol that the library exports.
@c @implementation
public func millrace_plugin_v1(
    _ host: UnsafePointer<mr_host>!
) -> UnsafePointer<mr_plugin>! { library.table }
