// SPDX-License-Identifier: Apache-2.0

/// An operator in its place in a ``Topology``.
///
/// A node is a value: each modifier gives another node. Change it first, use it then.
public struct Node: Sendable {
    /// Where it was written; for messages.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        var file: String
        var line: UInt
        var description: String { "\(file):\(line)" }
    }

    struct Facts: Sendable {
        var id: String
        var use: String
        var from: [Edge]
        var with: Parameters
        var settings: [YAML.Member] = []
        var place: Place
    }

    /// What makes a node the same one when it is reached on two ways.
    private final class Identity: Sendable {
        let facts: Facts
        init(_ facts: Facts) { self.facts = facts }
    }

    private let identity: Identity

    /// - Parameters:
    ///   - id: `a-z`, `0-9` and `_`, a letter first, at most 63: the name in logs and metrics.
    ///   - use: The operator, such as `json.decode` or `fraud.score@^1.2`.
    ///   - from: What it reads; nothing for a source.
    ///   - with: The operator's own parameters.
    public init(
        _ id: String, use: String, from: Edge..., with: Parameters = [:],
        file: String = #fileID, line: UInt = #line
    ) {
        self.init(id, use: use, from: from, with: with, file: file, line: line)
    }

    /// The same, with the edges in an array.
    public init(
        _ id: String, use: String, from: [Edge], with: Parameters = [:],
        file: String = #fileID, line: UInt = #line
    ) {
        identity = Identity(
            Facts(
                id: id, use: use, from: from, with: with, place: Place(file: file, line: line)))
    }

    private init(_ facts: Facts) { identity = Identity(facts) }

    var facts: Facts { identity.facts }

    func isSame(as other: Node) -> Bool { identity === other.identity }

    func adding(_ key: String, _ value: YAML) -> Node {
        var facts = facts
        facts.settings.removeAll { $0.name == key }
        facts.settings.append(.init(key, value))
        return Node(facts)
    }

    var members: [YAML.Member] {
        var members: [YAML.Member] = [.init("use", .text(facts.use))]
        let from = facts.from.map(\.yaml)
        if !from.isEmpty { members.append(.init("from", from.count == 1 ? from[0] : .list(from))) }
        if !facts.with.members.isEmpty { members.append(.init("with", facts.with.yaml)) }
        return members + facts.settings
    }

    /// The output called `out`, or the only one.
    public var out: Edge { Edge(self, port: nil) }

    /// The output of a name; `errors` has what the operator refused.
    public subscript(port: String) -> Edge { Edge(self, port: port) }
}

/// How the node runs.
extension Node {
    /// How many tasks run the operator.
    public func parallelism(_ tasks: Int) -> Node { adding("parallelism", .bare("\(tasks)")) }

    /// What the node is for, in a sentence.
    public func description(_ text: String) -> Node { adding("description", .text(text)) }

    /// Where the operator runs.
    public func isolation(_ isolation: Isolation) -> Node {
        adding("isolation", .text(isolation.rawValue))
    }

    /// Memory for the records of each output of each task, and so its largest record.
    public func outputMemory(_ size: Size) -> Node { adding("output_memory", size.yaml) }

    /// A call longer than `soft` is reported, one longer than `hard` ends its process.
    public func watchdog(soft: Duration? = nil, hard: Duration? = nil) -> Node {
        adding("watchdog", YAML.watchdog(soft, hard))
    }

    /// The thread that all tasks of the node run on, counted from 0. For measurements.
    public func loop(_ number: Int) -> Node { adding("loop", .bare("\(number)")) }

    /// The least level of log lines of the operator that are kept.
    public func logLevel(_ level: LogLevel) -> Node { adding("log_level", .text(level.rawValue)) }
}

/// Failures.
extension Node {
    /// What follows when the operator refuses a record.
    public func onError(_ reaction: ErrorReaction) -> Node {
        adding("on_error", .text(reaction.rawValue))
    }

    /// How often, and with which growing waits, a call is tried again that failed for a reason
    /// that passes.
    public func retry(attempts: Int? = nil, backoff: ClosedRange<Duration>? = nil) -> Node {
        adding("retry", YAML.retry(attempts, backoff))
    }
}

/// Time.
extension Node {
    /// Of a source: where the time of a record is. Without a field the source itself knows it.
    public func eventTime(
        field: String? = nil, unit: TimeUnit? = nil, maxDelay: Duration? = nil,
        idleAfter: Duration? = nil, maxFuture: Duration? = nil
    ) -> Node {
        var members: [YAML.Member] = []
        if let field {
            members.append(.init("field", .text(field)))
        } else {
            members.append(.init("header", .bare("true")))
        }
        if let unit { members.append(.init("unit", .text(unit.rawValue))) }
        if let maxDelay { members.append(.init("max_delay", .duration(maxDelay))) }
        if let idleAfter { members.append(.init("idle_after", .duration(idleAfter))) }
        if let maxFuture { members.append(.init("max_future", .duration(maxFuture))) }
        return adding("event_time", .map(members))
    }

    /// The groups of records that an aggregate counts together.
    ///
    /// - Parameters:
    ///   - late: How long a closed window still takes records.
    ///   - emit: When results are given.
    ///   - results: What a second result of a window says.
    public func window(
        _ window: Window, late: Duration? = nil, emit: Emission? = nil, results: Results? = nil
    ) -> Node {
        var members = window.members
        if let late { members.append(.init("late", .duration(late))) }
        if let emit { members.append(.init("emit", emit.yaml)) }
        if let results { members.append(.init("results", .text(results.rawValue))) }
        return adding("window", .map(members))
    }
}

/// A cluster.
extension Node {
    /// The id under which the node's state was saved.
    public func renamed(from id: String) -> Node { adding("renamed_from", .text(id)) }

    /// The machines that may run the node: those with all of these labels.
    public func place(labels: [String: String] = [:], spread: Bool? = nil) -> Node {
        var members: [YAML.Member] = []
        if !labels.isEmpty {
            let sorted = labels.sorted { $0.key < $1.key }
            members.append(
                .init("labels", .map(sorted.map { .init($0.key, .text($0.value)) })))
        }
        if let spread { members.append(.init("spread", .bare("\(spread)"))) }
        return adding("place", .map(members))
    }

    /// What each task of the node needs of its machine.
    public func resources(memory: Size? = nil, cores: Int? = nil) -> Node {
        var members: [YAML.Member] = []
        if let memory { members.append(.init("memory", memory.yaml)) }
        if let cores { members.append(.init("cores", .bare("\(cores)"))) }
        return adding("resources", .map(members))
    }
}
