// SPDX-License-Identifier: Apache-2.0

/// A graph of operators, written in Swift.
///
/// Only its last nodes are listed; the others are reached through what they read. The program that
/// makes a topology does not run it: ``main()`` writes it as YAML and hands it to `millrace`.
///
/// ```swift
/// import Millrace
///
/// let topology = Topology("squares") {
///     let numbers = Node("numbers", use: "generate", with: ["count": 10])
///     let halves = Node("halves", use: "example.half", from: numbers.out).parallelism(2)
///     Node("out", use: "stdout", from: halves.out)
/// }
/// try topology.main()
/// ```
public struct Topology: Sendable {
    let name: String
    var settings: [YAML.Member] = []
    let listed: [Node]

    /// - Parameters:
    ///   - name: `a-z`, `0-9` and `-`, a letter first, at most 63.
    ///   - description: What the job is for, in a sentence.
    ///   - plugins: `name`, `name@range` or the path of a library.
    ///   - nodes: All that nobody reads: the sinks. Others may be listed, too.
    public init(
        _ name: String, description: String? = nil, plugins: [String] = [],
        @TopologyBuilder nodes: () throws -> [Node]
    ) rethrows {
        self.name = name
        listed = try nodes()
        if let description { settings.append(.init("description", .text(description))) }
        if !plugins.isEmpty {
            settings.append(.init("plugins", .list(plugins.map { .text(Value.escaped($0)) })))
        }
    }

    /// The topology as a file for `millrace`.
    ///
    /// Throws ``TopologyError`` when two nodes have the same id, or a value cannot be written.
    public var yaml: String {
        get throws(TopologyError) {
            let nodes = try reached()
            var members: [YAML.Member] = [
                .init("millrace", .bare("1")), .init("name", .text(name)),
            ]
            members += settings
            members.append(
                .init("nodes", .block(nodes.map { .init($0.facts.id, .block($0.members)) })))
            return try YAML.document(members)
        }
    }

    /// All nodes, what is read before its readers.
    private func reached() throws(TopologyError) -> [Node] {
        var found: [String: Node] = [:]
        var order: [Node] = []
        // A stack of our own: a chain may be longer than the thread's.
        var open: [(node: Node, next: Int)] = []
        func visit(_ node: Node) throws(TopologyError) {
            guard let other = found[node.facts.id] else {
                found[node.facts.id] = node
                open.append((node, 0))
                return
            }
            if !other.isSame(as: node) { throw .duplicateNode(node, and: other) }
        }
        for node in listed {
            try visit(node)
            while let (node, next) = open.last {
                if next < node.facts.from.count {
                    open[open.count - 1].next += 1
                    try visit(node.facts.from[next].node)
                } else {
                    order.append(node)
                    open.removeLast()
                }
            }
        }
        return order
    }

    func adding(_ key: String, _ value: YAML) -> Topology {
        var copy = self
        copy.settings.removeAll { $0.name == key }
        copy.settings.append(.init(key, value))
        return copy
    }
}

/// Collects the nodes of a ``Topology``.
@resultBuilder
public enum TopologyBuilder {
    /// A node.
    public static func buildExpression(_ node: Node) -> [Node] { [node] }
    /// Nodes that were made elsewhere.
    public static func buildExpression(_ nodes: [Node]) -> [Node] { nodes }
    /// All of them.
    public static func buildBlock(_ nodes: [Node]...) -> [Node] { nodes.flatMap { $0 } }
    /// Those of a loop.
    public static func buildArray(_ nodes: [[Node]]) -> [Node] { nodes.flatMap { $0 } }
    /// Those of an `if`.
    public static func buildOptional(_ nodes: [Node]?) -> [Node] { nodes ?? [] }
    /// Those of an `if` with an `else`.
    public static func buildEither(first nodes: [Node]) -> [Node] { nodes }
    /// Those of an `else`.
    public static func buildEither(second nodes: [Node]) -> [Node] { nodes }
    /// Those behind `if #available`.
    public static func buildLimitedAvailability(_ nodes: [Node]) -> [Node] { nodes }
}

/// What is wrong with a topology before `millrace` sees it.
public struct TopologyError: Error, Sendable, CustomStringConvertible {
    /// What was expected, what was found, what to do.
    public let description: String

    init(_ description: String) { self.description = description }

    static func duplicateNode(_ node: Node, and other: Node) -> TopologyError {
        let (one, two) = (other.facts.place, node.facts.place)
        let places = one == two ? "both made at \(one)" : "\(one) and \(two)"
        return TopologyError(
            "two nodes are called `\(node.facts.id)`: \(places). Give one of them another id; "
                + "or, if they should be one, change it before it is used: each modifier, "
                + "such as `.parallelism(4)`, makes another node")
    }
}
