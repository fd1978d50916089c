// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore

/// What is measured of a node or of one task.
package struct Measures: Hashable, Sendable {
    package var kind: OperatorDescription.Kind
    package var rates: Flow<Double>
    package var records: Flow<UInt64>
    package var time: TimeShares
    package var queue: Double
    package var p99Seconds: Double?

    package init(_ node: NodeView) {
        kind = node.kind
        rates = node.rates
        records = node.records
        time = node.time
        queue = node.queue
        p99Seconds = node.p99Seconds
    }

    package init(_ task: TaskView, of node: NodeView) {
        kind = node.kind
        rates = task.rates
        records = task.records
        time = task.time
        queue = task.queue
        p99Seconds = task.p99Seconds
    }
}

/// A measure as a column: the same in every table of nodes and tasks.
package enum MeasureColumn: String, CaseIterable, Sendable {
    case rateIn = "in"
    case rateOut = "out"
    case busy, blocked, starved, queue, p99
    case recordsIn = "records-in"
    case recordsOut = "records-out"

    /// What a table of nodes has.
    package static let live: [MeasureColumn] = [
        .rateIn, .rateOut, .busy, .blocked, .starved, .queue, .p99,
    ]

    package var title: String {
        switch self {
        case .rateIn: "IN/S"
        case .rateOut: "OUT/S"
        case .recordsIn: "IN"
        case .recordsOut: "OUT"
        case .busy, .blocked, .starved, .queue, .p99: rawValue.uppercased()
        }
    }

    /// `-` where there is nothing to measure: a source has no input, a sink no output.
    package func text(_ measures: Measures) -> String {
        let isSource = measures.kind == .source
        let isSink = measures.kind == .sink
        return switch self {
        case .rateIn: isSource ? "-" : Figures.short(measures.rates.in)
        case .rateOut: isSink ? "-" : Figures.short(measures.rates.out)
        case .busy: Figures.percent(measures.time.busy)
        case .blocked: Figures.percent(measures.time.blocked)
        case .starved: Figures.percent(measures.time.starved)
        case .queue: isSource ? "-" : Figures.percent(measures.queue)
        case .p99: measures.p99Seconds.map(Figures.duration) ?? "-"
        case .recordsIn: Figures.count(measures.records.in)
        case .recordsOut: Figures.count(measures.records.out)
        }
    }

    /// What the column sorts by.
    func value(_ measures: Measures) -> Double {
        switch self {
        case .rateIn: measures.rates.in
        case .rateOut: measures.rates.out
        case .busy: measures.time.busy
        case .blocked: measures.time.blocked
        case .starved: measures.time.starved
        case .queue: measures.queue
        case .p99: measures.p99Seconds ?? 0
        case .recordsIn: Double(measures.records.in)
        case .recordsOut: Double(measures.records.out)
        }
    }
}

/// A column of a table of nodes.
package enum NodeColumn: Hashable, Sendable {
    case node, operation, tasks, dead, watermark
    case measure(MeasureColumn)

    /// In the order in which they are shown.
    package static let all: [NodeColumn] =
        [.node, .operation, .tasks] + MeasureColumn.live.map(NodeColumn.measure) + [.dead]

    /// Of these nodes: their time as well, where they have one.
    package static func shown(_ nodes: [NodeView]) -> [NodeColumn] {
        all + (nodes.contains { $0.watermark != nil } ? [.watermark] : [])
    }

    /// As `--sort` names it.
    package var name: String {
        switch self {
        case .node: "node"
        case .operation: "operator"
        case .tasks: "tasks"
        case .dead: "dead"
        case .watermark: "watermark"
        case .measure(let column): column.rawValue
        }
    }

    package var title: String {
        if case .measure(let column) = self { return column.title }
        return name.uppercased()
    }

    package var isNumber: Bool { self != .node && self != .operation && self != .watermark }

    package func text(_ node: NodeView) -> String {
        switch self {
        case .node: node.id
        case .operation: String(node.operator.prefix { $0 != "@" })
        case .tasks: String(node.parallelism.desired)
        case .dead: String(node.deadLetters)
        case .watermark:
            (node.watermark?.time ?? "-") + (node.watermark?.idle == true ? " idle" : "")
        case .measure(let column): column.text(Measures(node))
        }
    }

    /// Numbers from the largest down, texts from A to Z. Nodes that are equal keep their order,
    /// which is that of the flow.
    package func sorted(_ nodes: [NodeView]) -> [NodeView] {
        func stably(_ isBefore: (NodeView, NodeView) -> Bool) -> [NodeView] {
            nodes.enumerated().sorted { first, second in
                if isBefore(first.element, second.element) { return true }
                if isBefore(second.element, first.element) { return false }
                return first.offset < second.offset
            }.map(\.element)
        }
        switch self {
        case .node, .operation, .watermark: return stably { text($0) < text($1) }
        case .tasks: return stably { $0.parallelism.desired > $1.parallelism.desired }
        case .dead: return stably { $0.deadLetters > $1.deadLetters }
        case .measure(let column):
            return stably { column.value(Measures($0)) > column.value(Measures($1)) }
        }
    }
}

/// A column of a table of runs.
package enum JobColumn: String, CaseIterable, Sendable {
    case job, name, state
    case age = "for"
    case tasks
    case rateIn = "in/s"
    case rateOut = "out/s"
    case recordsIn = "in"
    case recordsOut = "out"

    package var title: String { rawValue.uppercased() }

    package var isNumber: Bool {
        switch self {
        case .job, .name, .state: false
        case .age, .tasks, .rateIn, .rateOut, .recordsIn, .recordsOut: true
        }
    }

    package func text(_ view: JobView) -> String {
        switch self {
        case .job: view.job
        case .name: view.name
        case .state: view.state.rawValue
        case .age: Figures.duration(view.ageSeconds.rounded(.down))
        case .tasks: String(view.taskCount)
        case .rateIn: Figures.short(view.rates.in)
        case .rateOut: Figures.short(view.rates.out)
        case .recordsIn: Figures.count(view.records.in)
        case .recordsOut: Figures.count(view.records.out)
        }
    }
}

extension JobView {
    package var taskCount: Int { nodes.reduce(0) { $0 + $1.parallelism.desired } }
}
