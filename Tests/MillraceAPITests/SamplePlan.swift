// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceGraph

/// Makes a plan from a drawing: `orders(source) > parse > score*4 > alerts(sink)`; several
/// chains are separated by `,` and share nodes by name.
func plan(_ drawing: String) -> Plan {
    var plan = Plan(job: "run-7f3a", name: "orders", nodes: [], edges: [], threads: 2)
    for chain in drawing.split(separator: ",") {
        var before: Int?
        for word in chain.split(separator: ">") {
            let here = node(String(word.filter { $0 != " " }), &plan)
            if let before {
                plan.edges.append(PlannedEdge(from: before, to: here, partition: .roundRobin))
            }
            before = here
        }
    }
    return plan
}

private func node(_ word: String, _ plan: inout Plan) -> Int {
    let kind: OperatorDescription.Kind =
        word.hasSuffix("(source)") ? .source : word.hasSuffix("(sink)") ? .sink : .transform
    let name = word.split(separator: "(")[0].split(separator: "*")
    if let known = plan.nodes.firstIndex(where: { $0.id == name[0] }) { return known }
    let operation = OperatorDescription(
        id: "test.\(name[0])", version: "1.0.0", kind: kind,
        inputs: kind == .source ? [] : [PortDescription(name: "in")],
        outputs: kind == .sink ? [] : [PortDescription(name: "out")])
    let plugin = PluginReference(
        name: "test", version: "1.0.0", sha256: "", path: "libtest.so", copy: "")
    plan.nodes.append(
        PlannedNode(
            id: String(name[0]), operation: operation, plugin: plugin, config: .object([]),
            parallelism: name.count == 2 ? Int(name[1]) ?? 1 : 1))
    return plan.nodes.count - 1
}

/// Percent of busy, blocked and starved, and of the queue, per node: one second of counters.
func reading(_ plan: Plan, _ shares: [String: (Int, Int, Int, Int)]) -> JobReading {
    var tasks: [TaskReading] = []
    for node in plan.nodes {
        let share = shares[node.id] ?? (0, 0, 100, 0)
        var task = TaskReading()
        task.busy = UInt64(share.0) * 10_000_000
        task.blocked = UInt64(share.1) * 10_000_000
        task.starved = UInt64(share.2) * 10_000_000
        task.queue = UInt64(share.3)
        task.queueCapacity = 100
        tasks += Array(repeating: task, count: node.parallelism)
    }
    return JobReading(instant: 1_000_000_000, tasks: tasks)
}

/// A view of one second of these counters.
func view(_ plan: Plan, _ now: JobReading, _ phase: JobPhase = .running) -> JobView {
    JobView(
        plan: plan, phase: phase, since: 0, running: 0, wallClock: 1_000_000_000,
        earlier: .zero(tasks: plan.taskCount, instant: 0), now: now)
}
