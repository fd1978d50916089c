// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost

/// The tasks, lanes and ports of a plan, laid out in memory and joined; no plugin has been called
/// yet. Built once, by the control thread.
struct TaskGraph {
    let plan: Plan
    let assignment: LoopAssignment
    let arena: Arena
    private(set) var tasks: [TaskHandle] = []
    private let pool: Pool
    private let pages: TaskPages
    /// Lanes of edge e: producer instance, then consumer instance. Empty where edges are fused.
    private var lanes: [[[Lane]]] = []
    /// Input lanes a task has so far.
    private var attached: [Int] = []
    private var quota = 0

    init(_ plan: Plan, pages: TaskPages, pool: Pool) throws(Failure) {
        self.plan = plan
        self.pages = pages
        self.pool = pool
        assignment = LoopAssignment(plan)
        let quotas = Self.quotas(plan)
        arena = try Arena(
            quotas: quotas, spare: Self.spare(quotas, limit: plan.arenaBytes), pool: pool)
        attached = [Int](repeating: 0, count: plan.taskCount)
        try makeLanes()
        try makeTasks()
        attachInputs()
        try makePorts()
    }

    func task(_ member: LoopAssignment.Member) -> TaskHandle {
        tasks[plan.firstTask(of: member.node) + member.instance]
    }

    /// Lanes that leave all tasks of a chain's last member.
    func outputLanes(of node: Int) -> Int {
        plan.edges.indices.filter { plan.edges[$0].from == node && !plan.edges[$0].fused }
            .reduce(0) { $0 + (lanes[$1].first?.count ?? 0) }
    }

    // MARK: - memory

    /// Blocks of each output port, task by task.
    private static func quotas(_ plan: Plan) -> [Int] {
        plan.nodes.flatMap { node in
            let blocks = Int(node.outputMemory) / Limits.blockBytes
            let quota = min(max(blocks, Limits.quotaBlocksMin), Limits.quotaBlocksMax)
            return [Int](
                repeating: quota, count: node.operation.outputs.count * node.parallelism)
        }
    }

    /// A quarter of the quotas, as far as the limit allows.
    private static func spare(_ quotas: [Int], limit: UInt64) -> Int {
        let sum = quotas.reduce(0, +)
        let room = Int(limit) / Limits.blockBytes - sum - 1
        return max(0, min(sum / 4, room))
    }

    // MARK: - lanes

    private mutating func makeLanes() throws(Failure) {
        for edge in plan.edges {
            guard !edge.fused else {
                lanes.append([])
                continue
            }
            let producers = plan.nodes[edge.from].parallelism
            let consumers = plan.nodes[edge.to].parallelism
            // Task i to task i needs one lane only.
            let each = edge.partition == .forward ? 1 : consumers
            var all: [[Lane]] = []
            for _ in 0..<producers {
                var row: [Lane] = []
                for _ in 0..<each { row.append(try Lane(queue: edge.queue, pool: pool)) }
                all.append(row)
            }
            lanes.append(all)
        }
    }

    private func inputLanes(of node: Int) -> Int {
        plan.edges.indices.filter { plan.edges[$0].to == node && !plan.edges[$0].fused }
            .reduce(0) { count, edge in
                count + (plan.edges[edge].partition == .forward ? 1 : lanes[edge].count)
            }
    }

    private mutating func makeTasks() throws(Failure) {
        for (node, planned) in plan.nodes.enumerated() {
            let inputs = inputLanes(of: node)
            for _ in 0..<planned.parallelism {
                tasks.append(
                    try TaskHandle(
                        number: tasks.count, ports: planned.operation.outputs.count,
                        inputLanes: inputs, pages: pages, pool: pool))
            }
        }
    }

    private mutating func attachInputs() {
        for (number, edge) in plan.edges.enumerated() where !edge.fused {
            let first = plan.firstTask(of: edge.to)
            for (producer, row) in lanes[number].enumerated() {
                for (index, lane) in row.enumerated() {
                    let consumer = first + (edge.partition == .forward ? producer : index)
                    tasks[consumer].input(attached[consumer], lane, port: edge.inputPort)
                    attached[consumer] += 1
                }
            }
        }
    }

    // MARK: - ports

    private mutating func makePorts() throws(Failure) {
        for (node, planned) in plan.nodes.enumerated() {
            for instance in 0..<planned.parallelism {
                let task = tasks[plan.firstTask(of: node) + instance]
                for port in planned.operation.outputs.indices {
                    try makePort(port, of: task, node: node, instance: instance)
                }
            }
        }
    }

    private mutating func makePort(
        _ port: Int, of task: TaskHandle, node: Int, instance: Int
    ) throws(Failure) {
        let operation = plan.nodes[node].operation
        let description = operation.outputs[port]
        let mine = plan.edges.indices.filter {
            plan.edges[$0].from == node && plan.edges[$0].outputPort == port
        }
        let edges = mine.filter { !plan.edges[$0].fused }.map {
            TaskHandle.Edge(route: Self.route(plan.edges[$0]), lanes: lanes[$0][instance])
        }
        try task.makePort(
            port, edges: edges, quota: quota, staging: Self.needsStaging(operation, description),
            forwards: description.forwards, arena: arena, pool: pool)
        if mine.contains(where: { plan.edges[$0].fused }) { task.fusePort(port) }
        quota += 1
    }

    private static func route(_ edge: PlannedEdge) -> Route {
        switch edge.partition {
        case .forward: .forward
        case .roundRobin: .roundRobin
        case .hash: .hash
        case .broadcast: .broadcast
        case .leastLoaded: .leastLoaded
        case .custom: .custom
        }
    }

    /// Sources have credit, resumable operators can be asked to stop, and a port that only
    /// forwards a bounded number needs slots, which are counted before the call.
    private static func needsStaging(
        _ operation: OperatorDescription, _ port: PortDescription
    ) -> Bool {
        if operation.kind == .source || operation.flags.contains(.resumable) { return false }
        return !(port.forwards && port.recordsPerInputMax > 0)
    }
}
