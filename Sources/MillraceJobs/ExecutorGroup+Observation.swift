// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// What the pages of executors say about the nodes of a plan that live here.
extension ExecutorGroup {
    /// What sinks have been given that cannot take it back, by node.
    func shown(_ plan: Plan) -> [String: Repetition.Count] {
        var all: [String: Repetition.Count] = [:]
        var first = 0
        for node in plan.nodes {
            defer { first += node.parallelism }
            // What is dropped cannot be seen twice.
            guard has(node.id), node.operation.kind == .sink, !node.operation.isTwoPhase,
                node.operation.id != "null"
            else { continue }
            var count = Repetition.Count()
            for task in first..<first + node.parallelism {
                let counters = counters(of: task)
                count.saved &+= counters.restored
                count.since &+= counters.recordsIn &+ underWay(task)
            }
            all[node.id] = count
        }
        return all
    }

    /// Records of the call that a task is in: they are counted when it returns.
    private func underWay(_ task: Int) -> UInt64 {
        guard let box = box(of: task), box.state == .inPlugin, box.call.isSteady else {
            return 0
        }
        return UInt64(box.count)
    }

    /// `keepsState`: what was taken before a restart belongs to an earlier run.
    func observe(_ plan: Plan, keepsState: Bool) -> RunMachine.Observation {
        var seen = RunMachine.Observation(
            calls: calls(), heartbeat: heartbeat)
        var first = 0
        for node in plan.nodes {
            let tasks = first..<first + node.parallelism
            first = tasks.upperBound
            guard has(node.id) else { continue }
            var waiting: UInt64 = 0
            var taken = RunMachine.Taken(node: node.id, count: 0, records: 0)
            for task in tasks {
                let counters = counters(of: task)
                waiting &+= counters.queue
                taken.count += Int(truncatingIfNeeded: counters.quarantined & 0xffff_ffff)
                taken.records &+= counters.restored &+ counters.recordsIn
                if node.operation.kind == .sink {
                    seen.delivered &+= counters.recordsIn
                    if !keepsState { seen.delivered &+= counters.restored }
                }
            }
            if taken.count > 0 { seen.taken.append(taken) }
            if waiting > 0 { seen.backlog.append(.init(node: node.id, records: waiting)) }
        }
        return seen
    }
}
