// SPDX-License-Identifier: Apache-2.0
// Status objects as text. The same values as `-o json`, drawn for people.
import MillraceAPI
import MillraceCore

enum StatusText {
    /// The block of `millrace status JOB`.
    static func job(_ view: JobView, _ output: Output) -> [String] {
        let tasks = view.nodes.reduce(0) { $0 + $1.parallelism.desired }
        let state = output.word(view.state.rawValue, ink(of: view.state))
        var lines = [
            "\(view.job)  \(state) for \(Figures.duration(view.ageSeconds.rounded(.down)))   "
                + "\(view.name), \(Figures.count(tasks, "task")), "
                + Figures.count(view.threads, "thread")
        ]
        if let reason = view.reason {
            let code = reason.code.map { "   \($0)" } ?? ""
            lines.append("  reason      \(reason.text)\(code)")
        }
        if let next = view.next {
            lines.append("  next        \(next.text)" + (next.at.map { ", at \($0)" } ?? ""))
        }
        lines.append("  bottleneck  \(bottleneck(view))")
        var table = TextTable([
            ("NODE", .left), ("OPERATOR", .left), ("TASKS", .right), ("IN/S", .right),
            ("OUT/S", .right), ("BUSY", .right), ("BLOCKED", .right), ("STARVED", .right),
            ("QUEUE", .right), ("P99", .right), ("DEAD", .right),
        ])
        for node in view.nodes {
            let name = node.operator.prefix { $0 != "@" }
            table.add(
                [node.id, String(name), String(node.parallelism.desired)]
                    + figures(
                        rates: node.rates, time: node.time, queue: node.queue, p99: node.p99Seconds,
                        kind: node.kind)
                    + [String(node.deadLetters)])
        }
        return lines + table.lines
    }

    /// The tasks of one node, or one of them.
    static func node(_ node: NodeView, job: String, only task: Int?) -> [String] {
        var table = TextTable([
            ("TASK", .left), ("IN/S", .right), ("OUT/S", .right), ("BUSY", .right),
            ("BLOCKED", .right), ("STARVED", .right), ("QUEUE", .right), ("P99", .right),
            ("IN", .right), ("OUT", .right),
        ])
        for view in node.tasks where task == nil || task == view.task {
            table.add(
                ["\(job)/\(node.id)#\(view.task)"]
                    + figures(
                        rates: view.rates, time: view.time, queue: view.queue, p99: view.p99Seconds,
                        kind: node.kind)
                    + [Figures.count(view.records.in), Figures.count(view.records.out)])
        }
        return ["\(job)/\(node.id)  \(node.operator)"] + table.lines
    }

    /// The table of `millrace ps`.
    static func list(_ views: [JobView]) -> [String] {
        var table = TextTable([
            ("JOB", .left), ("NAME", .left), ("STATE", .left), ("FOR", .right), ("TASKS", .right),
            ("IN/S", .right), ("OUT/S", .right), ("IN", .right), ("OUT", .right),
        ])
        for view in views {
            let tasks = view.nodes.reduce(0) { $0 + $1.parallelism.desired }
            table.add([
                view.job, view.name, view.state.rawValue,
                Figures.duration(view.ageSeconds.rounded(.down)), String(tasks),
                Figures.short(view.rates.in), Figures.short(view.rates.out),
                Figures.count(view.records.in), Figures.count(view.records.out),
            ])
        }
        return table.lines
    }

    /// `score (busy 97%), it blocks parse 71% of the time`.
    static func bottleneck(_ view: JobView) -> String {
        guard let found = view.bottleneck else { return "none, limited by input" }
        let blocked = found.blocks.prefix(3).map { "\($0.node) \(Figures.percent($0.share))" }
        let tail =
            blocked.isEmpty
            ? ""
            : ", it blocks \(blocked.joined(separator: ", "))"
                + " of the time"
        return "\(found.node) (busy \(Figures.percent(found.busy)))\(tail)"
    }

    private static func figures(
        rates: Flow<Double>, time: TimeShares, queue: Double, p99: Double?,
        kind: OperatorDescription.Kind
    ) -> [String] {
        let isSource = kind == .source
        return [
            isSource ? "-" : Figures.short(rates.in),
            kind == .sink ? "-" : Figures.short(rates.out), Figures.percent(time.busy),
            Figures.percent(time.blocked), Figures.percent(time.starved),
            isSource ? "-" : Figures.percent(queue), p99.map(Figures.duration) ?? "-",
        ]
    }

    private static func ink(of state: JobState) -> Output.Ink {
        switch state {
        case .running, .finished: .good
        case .starting, .recovering, .draining, .stopped: .strong
        case .degraded: .doubtful
        case .failed: .bad
        }
    }
}
