// SPDX-License-Identifier: Apache-2.0

/// An output of a node, on its way to a reader: `orders.out`, `score["high"]`.
public struct Edge: Sendable {
    let node: Node
    private let port: String?
    private var partition: YAML?
    private var fields: [String] = []
    private var slots: Int?
    private var input: String?

    init(_ node: Node, port: String?) {
        self.node = node
        self.port = port
    }

    /// Which task of the reader gets a record.
    public func by(_ partition: Partition) -> Edge {
        var copy = self
        copy.partition = partition.yaml
        if !partition.fields.isEmpty { copy.fields = partition.fields }
        return copy
    }

    /// The fields that are the record's key from here on: `customer.id`, `items[0].sku`.
    public func key(_ fields: String...) -> Edge {
        var copy = self
        copy.fields = fields
        return copy
    }

    /// How many records may wait between two tasks: a power of two.
    public func queue(_ records: Int) -> Edge {
        var copy = self
        copy.slots = records
        return copy
    }

    /// The input that the records go into, for an operator that has several.
    public func into(_ input: String) -> Edge {
        var copy = self
        copy.input = input
        return copy
    }

    var yaml: YAML {
        let name = port.map { "\(node.facts.id).\($0)" } ?? node.facts.id
        var members: [YAML.Member] = [.init("node", .text(name))]
        if let partition { members.append(.init("partition", partition)) }
        if !fields.isEmpty {
            let key = fields.map { YAML.text($0) }
            members.append(.init("key", key.count == 1 ? key[0] : .list(key)))
        }
        if let slots { members.append(.init("queue", .bare("\(slots)"))) }
        if let input { members.append(.init("input", .text(input))) }
        return members.count == 1 ? members[0].value : .map(members)
    }
}

/// Which task of the reader gets a record.
public struct Partition: Sendable {
    let yaml: YAML
    var fields: [String] = []

    /// Task to task; both ends have the same parallelism.
    public static let forward = Partition(yaml: .text("forward"))
    /// To one task after the other.
    public static let roundRobin = Partition(yaml: .text("round_robin"))
    /// Every record to every task.
    public static let broadcast = Partition(yaml: .text("broadcast"))
    /// To the task with the shortest queue.
    public static let leastLoaded = Partition(yaml: .text("least_loaded"))

    /// Records with the same key to the same task. With fields these are the key from here on,
    /// else it is the key that the record has.
    public static func hash(_ fields: String...) -> Partition {
        Partition(yaml: .text("hash"), fields: fields)
    }

    /// As a partitioner of a plugin says.
    public static func custom(_ use: String, with parameters: Parameters = [:]) -> Partition {
        var members: [YAML.Member] = [.init("use", .text(use))]
        if !parameters.members.isEmpty { members.append(.init("with", parameters.yaml)) }
        return Partition(yaml: .map(members))
    }
}
