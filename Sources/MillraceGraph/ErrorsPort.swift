// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The port `errors` that every node has, a source where its records get a time: records that the
/// operator refused, each as a JSON object. It belongs to the engine, so no operator declares one
/// of that name; a node whose port is read has it behind the operator's own outputs.
package enum ErrorsPort {
    package static let name = "errors"

    static let description = PortDescription(
        name: name, doc: "Records that the operator refused, with the reason.", schema: "json",
        optional: true)
}

extension OperatorDescription {
    /// Without the port `errors`.
    var ownOutputs: [PortDescription] { outputs.filter { $0.name != ErrorsPort.name } }
}

extension WiringCheck {
    /// The position of the node's port `errors`, which it has from now on; nil with a finding.
    mutating func errorsPort(_ edge: TopologyEdge, of node: Int, reader: String) -> Int? {
        let producer = graph.nodes[node]
        if producer.operation.kind == .source, producer.eventTime == nil {
            error(
                .unknownNodeOrPort, at: edge.mark, node: reader,
                "\(producer.id) is a source (\(producer.operation.id)), which refuses no records",
                next: "read the `errors` of a node behind it")
            return nil
        }
        if producer.onError != .deadLetter {
            error(
                .outOfRange, at: edge.mark, node: reader,
                "nothing comes out of \(producer.id).errors: its `on_error` is "
                    + "`\(producer.onError.rawValue)`",
                next: "write `on_error: dead_letter` there, or read another port")
            return nil
        }
        let ports = producer.operation.outputs
        if let port = ports.firstIndex(where: { $0.name == ErrorsPort.name }) { return port }
        graph.nodes[node].entry.operation.outputs.append(ErrorsPort.description)
        return ports.count
    }
}
