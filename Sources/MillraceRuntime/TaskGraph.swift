// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceGraph
import MillraceHost

/// The tasks, lanes and ports of one executor of a plan, laid out in memory and joined; no plugin
/// has been called yet. Built once, by the control thread.
struct TaskGraph {
    let plan: Plan
    let assignment: LoopAssignment
    let arena: Arena
    /// By loop.
    private(set) var wireEnds: [[WireEnd]] = []
    private let executor: Int
    /// By number in the plan; nil: it lives in another executor.
    private var tasks: [TaskHandle?] = []
    private let pool: Pool
    private let pages: TaskPages
    /// Lanes of edge e: producer instance, then consumer instance. Empty where edges are fused.
    private var lanes: [[[Lane]]] = []
    /// Input lanes a task has so far.
    private var attached: [Int] = []
    private var quota = 0

    init(
        _ plan: Plan, executor: Int, wires: WireMemory?, pages: TaskPages, pool: Pool
    ) throws(Failure) {
        self.plan = plan
        self.executor = executor
        self.pages = pages
        self.pool = pool
        assignment = LoopAssignment(plan, executor: executor)
        let crossings = plan.crossings.filter { plan.concerns($0, executor) }
        let quotas = Self.quotas(plan, executor, crossings)
        arena = try Arena(
            quotas: quotas, spare: Self.spare(quotas, limit: plan.arenaBytes), pool: pool)
        attached = [Int](repeating: 0, count: plan.taskCount)
        try makeLanes()
        try makeTasks()
        attachInputs()
        try makePorts()
        wireEnds = Array(repeating: [], count: assignment.loopCount)
        if let wires {
            for crossing in crossings { try makeWireEnd(crossing, wires) }
        }
    }

    func task(_ member: LoopAssignment.Member) -> TaskHandle {
        task(plan.firstTask(of: member.node) + member.instance)
    }

    private func task(_ number: Int) -> TaskHandle {
        guard let task = tasks[number] else {
            preconditionFailure("BUG: task \(number) lives in another executor")
        }
        return task
    }

    /// The lanes a task takes from.
    func inputs(of member: LoopAssignment.Member) -> [NamedLane] {
        named { edge, _, consumer in
            plan.edges[edge].to == member.node && consumer == member.instance
        }
    }

    /// The lanes a task writes to.
    func outputs(of member: LoopAssignment.Member) -> [NamedLane] {
        named { edge, producer, _ in
            plan.edges[edge].from == member.node && producer == member.instance
        }
    }

    private func named(_ isWanted: (Int, Int, Int) -> Bool) -> [NamedLane] {
        plan.edges.indices.flatMap { edge in
            plan.lanes(ofEdge: edge).filter { isWanted(edge, $0.producer, $0.consumer) }.map {
                named(edge, $0.producer, $0.consumer)
            }
        }
    }

    private func named(_ edge: Int, _ producer: Int, _ consumer: Int) -> NamedLane {
        let row = lanes[edge][producer]
        return NamedLane(
            id: LaneID(
                edge: plan.name(ofEdge: edge), producer: UInt32(producer),
                consumer: UInt32(consumer)),
            lane: row.count == 1 ? row[0] : row[consumer])
    }

    /// Lanes that leave all tasks of a chain's last member.
    func outputLanes(of node: Int) -> Int {
        plan.edges.indices.filter { plan.edges[$0].from == node && !plan.edges[$0].fused }
            .reduce(0) { $0 + (lanes[$1].first?.count ?? 0) }
    }

    // MARK: - memory

    /// Blocks of each output port, task by task; then of each lane that comes from elsewhere.
    private static func quotas(
        _ plan: Plan, _ executor: Int, _ crossings: [Plan.Crossing]
    ) -> [Int] {
        let own = plan.nodes.filter { $0.executor == executor }.flatMap { node in
            [Int](
                repeating: quota(of: node), count: node.operation.outputs.count * node.parallelism)
        }
        let imports = crossings.map { plan.edges[$0.edge].from }.map { plan.nodes[$0] }
            .filter { $0.executor != executor }
        return own + imports.map(quota)
    }

    private static func quota(of node: PlannedNode) -> Int {
        let blocks = Int(node.outputMemory) / Limits.blockBytes
        return min(max(blocks, Limits.quotaBlocksMin), Limits.quotaBlocksMax)
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
            let ends = [edge.from, edge.to].map { plan.nodes[$0].executor }
            guard !edge.fused, ends.contains(executor) else {
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
                guard planned.executor == executor else {
                    tasks.append(nil)
                    continue
                }
                tasks.append(
                    try TaskHandle(
                        number: tasks.count, ports: planned.operation.outputs.count,
                        inputLanes: inputs, pages: pages, pool: pool))
            }
        }
    }

    private mutating func attachInputs() {
        for (number, edge) in plan.edges.enumerated()
        where !edge.fused && plan.nodes[edge.to].executor == executor {
            let first = plan.firstTask(of: edge.to)
            for (producer, row) in lanes[number].enumerated() {
                for (index, lane) in row.enumerated() {
                    let consumer = first + (edge.partition == .forward ? producer : index)
                    task(consumer).input(attached[consumer], lane, port: edge.inputPort)
                    attached[consumer] += 1
                }
            }
        }
    }

    // MARK: - ports

    private mutating func makePorts() throws(Failure) {
        for (node, planned) in plan.nodes.enumerated() where planned.executor == executor {
            for instance in 0..<planned.parallelism {
                let task = task(plan.firstTask(of: node) + instance)
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

    // MARK: - lanes from and to other executors

    private mutating func makeWireEnd(
        _ crossing: Plan.Crossing, _ wires: WireMemory
    ) throws(Failure) {
        let edge = plan.edges[crossing.edge]
        let leaves = plan.nodes[edge.from].executor == executor
        let other = plan.nodes[leaves ? edge.to : edge.from]
        let wire = try wires.wire(
            at: crossing.offset, ringBytes: crossing.ringBytes, to: other.executor, pool: pool)
        let lane = named(crossing.edge, crossing.producer, crossing.consumer)
        let task = try TaskHandle(
            wireEnd: plan.taskCount, ports: leaves ? 0 : 1, inputLanes: leaves ? 1 : 0, pool: pool)
        if leaves {
            task.input(0, lane.lane, port: 0)
        } else {
            try task.makePort(
                0, edges: [.init(route: .forward, lanes: [lane.lane])], quota: quota,
                staging: false, forwards: false, arena: arena, pool: pool)
            quota += 1
        }
        let chain = try ChainHandle([task], outputs: leaves ? 0 : 1, arena: arena, pool: pool)
        if leaves { chain.export(to: wire) } else { chain.import(from: wire) }
        let here = LoopAssignment.Member(
            node: leaves ? edge.from : edge.to,
            instance: leaves ? crossing.producer : crossing.consumer)
        wireEnds[assignment.loop(of: here)].append(
            WireEnd(
                direction: leaves ? .export : .import, handle: chain, lane: lane, peer: other.id))
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
    /// forwards a bounded number needs slots, which are counted before the call. What timers cause
    /// has no such bound.
    private static func needsStaging(
        _ operation: OperatorDescription, _ port: PortDescription
    ) -> Bool {
        // The host cannot be asked to write a dead letter again.
        if port.name == ErrorsPort.name { return true }
        if operation.kind == .source || operation.flags.contains(.resumable) { return false }
        if operation.extensions.contains("millrace.time/1") { return true }
        return !(port.forwards && port.recordsPerInputMax > 0)
    }
}
