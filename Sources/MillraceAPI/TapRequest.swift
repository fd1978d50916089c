// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// The query of `GET /jobs/{job}/nodes/{node}/tap`:
///
///     port     an output port; `out`, or the only one there is, when left out
///     input    true: what the node takes, through all its ports
///     rate     records in a second, 1…1000; 10 when left out
///     where    an expression
///     form     text: values are texts, also where they are JSON
package struct TapRequest: Hashable, Sendable {
    package var node: String
    package var port: String?
    package var isInput: Bool
    package var perSecond: Int
    package var condition: String?
    package var asText: Bool

    package init(
        node: String, port: String? = nil, isInput: Bool = false,
        perSecond: Int = Limits.tapPerSecondDefault, condition: String? = nil, asText: Bool = false
    ) {
        self.node = node
        self.port = port
        self.isInput = isInput
        self.perSecond = perSecond
        self.condition = condition
        self.asText = asText
    }

    /// Throws MR1003 for a query that is none.
    package init(node: String, _ query: [String: String]) throws(Failure) {
        self.init(node: node)
        for (name, value) in query.sorted(by: { $0.key < $1.key }) {
            switch name {
            case "port": port = value
            case "where": condition = value
            case "input":
                guard let flag = Bool(value) else { throw Self.wrong(name, "true or false") }
                isInput = flag
            case "rate":
                guard let rate = Int(value), (1...Limits.tapPerSecondMax).contains(rate) else {
                    throw Self.wrong(name, "a number from 1 to \(Limits.tapPerSecondMax)")
                }
                perSecond = rate
            case "form":
                guard value == "text" else { throw Self.wrong(name, "text") }
                asText = true
            default: throw Failure(.usage, "a tap has no `\(name)`")
            }
        }
        if isInput, let port {
            throw Failure(
                .usage, "`input` is about all that a node takes, `\(port)` about one output",
                next: "leave out one of them; each record says through which port it came")
        }
    }

    /// The path of the request, with its query.
    package func path(of job: String) -> String {
        var pairs = ["rate=\(perSecond)"]
        if let port { pairs.append("port=\(Percent.encoded(port))") }
        if isInput { pairs.append("input=true") }
        if let condition { pairs.append("where=\(Percent.encoded(condition))") }
        if asText { pairs.append("form=text") }
        return "/jobs/\(job)/nodes/\(node)/tap?\(pairs.joined(separator: "&"))"
    }

    /// The position of the output port that is meant; nil: the input. Throws MR7004 when there is
    /// none, with a name that there is.
    package func outputPort(of plan: Plan) throws(Failure) -> Int? {
        guard let node = plan.nodes.first(where: { $0.id == node }) else {
            throw Failure(.notFound, "there is no node \(node)")
        }
        let name = node.operationName
        if isInput {
            guard node.operation.kind != .source else {
                throw Failure(
                    .notFound, node: node.id, "\(name) is a source, nothing goes into it",
                    next: "leave out `--input`")
            }
            return nil
        }
        let ports = node.operation.outputs.map(\.name)
        guard !ports.isEmpty else {
            throw Failure(
                .notFound, node: node.id, "\(name) is a sink, nothing comes out of it",
                next: "`--input` shows what goes in")
        }
        if let port { return try Self.position(of: port, ports, node) }
        if let standard = ports.firstIndex(of: "out") { return standard }
        // The engine's own port is not what anybody means without saying so.
        let own = ports.filter { $0 != ErrorsPort.name }
        guard own.count == 1, let only = ports.firstIndex(of: own[0]) else {
            throw Failure(
                .notFound, node: node.id, "\(name) has \(own.count) outputs, and none called `out`",
                next: "name one: \(ports.map { "\(node.id).\($0)" }.joined(separator: ", "))")
        }
        return only
    }

    private static func position(
        of port: String, _ ports: [String], _ node: PlannedNode
    ) throws(Failure) -> Int {
        if let position = ports.firstIndex(of: port) { return position }
        if port == ErrorsPort.name, node.operation.kind != .source {
            throw Failure(
                .notFound, node: node.id, "nobody reads `errors`, so nothing comes out of it",
                next: "`millrace dlq` shows records that were refused")
        }
        let all = "its ports: \(ports.joined(separator: ", "))"
        throw Failure(
            .notFound, node: node.id, "\(node.operationName) has no output `\(port)`",
            next: Nearest.question(port, ports) ?? all)
    }

    private static func wrong(_ name: String, _ expected: String) -> Failure {
        Failure(.usage, "\(name): expected \(expected)")
    }
}
