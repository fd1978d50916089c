// SPDX-License-Identifier: Apache-2.0
// Status objects as text. The same values as `-o json`, drawn for people.
import MillraceAPI
import MillraceScreen

enum StatusText {
    /// The block of `millrace status JOB`.
    static func job(_ view: JobView, _ output: Output, sort: NodeColumn? = nil) -> [String] {
        let state = output.word(view.state.rawValue, JobWords.ink(of: view.state))
        var lines = [
            "\(view.job)  \(state) for \(Figures.duration(view.ageSeconds.rounded(.down)))   "
                + JobWords.size(view)
        ]
        if let reason = JobWords.reason(view) { lines.append("  reason      \(reason)") }
        if let next = JobWords.next(view) { lines.append("  next        \(next)") }
        lines.append("  bottleneck  \(JobWords.bottleneck(view))")
        if let time = JobWords.watermark(view) { lines.append("  watermark   \(time)") }
        let columns = NodeColumn.shown(view.nodes)
        var table = TextTable(columns.map { ($0.title, $0.isNumber ? .right : .left) })
        for node in sort?.sorted(view.nodes) ?? view.nodes {
            table.add(columns.map { $0.text(node) })
        }
        return lines + table.lines
    }

    /// The tasks of one node, or one of them.
    static func node(_ node: NodeView, job: String, only task: Int?) -> [String] {
        let columns = MeasureColumn.live + [.recordsIn, .recordsOut]
        var table = TextTable([("TASK", .left)] + columns.map { ($0.title, .right) })
        for view in node.tasks where task == nil || task == view.task {
            let measures = Measures(view, of: node)
            table.add(
                ["\(job)/\(node.id)#\(view.task)"] + columns.map { $0.text(measures) })
        }
        return ["\(job)/\(node.id)  \(node.operator)"] + table.lines
    }

    /// The table of `millrace ps`.
    static func list(_ views: [JobView]) -> [String] {
        var table = TextTable(
            JobColumn.allCases.map { ($0.title, $0.isNumber ? .right : .left) })
        for view in views { table.add(JobColumn.allCases.map { $0.text(view) }) }
        return table.lines
    }
}
