// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceSystem

/// From a plan to chains and loops that can be opened: libraries loaded, memory laid out.
struct ExecutorBuilder {
    private let plan: Plan
    private let executor: Int
    private let wires: WireMemory?
    private let pages: TaskPages
    private let pool = Pool()
    private let graph: TaskGraph
    private let setup: LoopHandle
    private var libraries: [String: PluginLibrary] = [:]
    private let schemas: SchemaNumbers
    /// By node.
    private let discoveries: [SplitDiscovery]
    private let letters: DeadLetters
    private let quarantine: Quarantine

    /// An idle chain is left alone after so many nanoseconds: about what a wake-up costs.
    private static let spinNanoseconds: Int64 = 20_000

    /// Ends of wires, which are chains too.
    var wireEnds: [WireEnd] { graph.wireEnds.flatMap { $0 } }

    init(
        _ plan: Plan, executor: Int, wires: WireMemory?, pages: TaskPages, letters: DeadLetters,
        quarantine: Quarantine
    ) throws(Failure) {
        self.plan = plan
        self.executor = executor
        self.wires = wires
        self.pages = pages
        self.letters = letters
        self.quarantine = quarantine
        schemas = SchemaNumbers(plan)
        discoveries = plan.nodes.map { _ in SplitDiscovery() }
        setup = try LoopHandle(chains: 1, spin: 0, pool: pool)
        graph = try TaskGraph(
            plan, executor: executor, wires: wires, pages: pages, pool: pool)
        try Fault.register(loop: setup)
        identifyTasks()
        try loadLibraries()
    }

    private func identifyTasks() {
        let now = MonotonicClock.now()
        var number = 0
        for (node, planned) in plan.nodes.enumerated() {
            let digest = Self.bytes(ofHex: planned.plugin.sha256)
            for instance in 0..<planned.parallelism {
                if planned.executor == executor {
                    pages.identify(
                        task: number, node: node, instance: instance, plugin: digest, since: now)
                }
                number += 1
            }
        }
    }

    /// In order of first use.
    private mutating func loadLibraries() throws(Failure) {
        for (node, planned) in plan.nodes.enumerated() where planned.executor == executor {
            try load(planned.plugin, for: graph.task(.init(node: node, instance: 0)))
        }
        for edge in plan.edges where plan.nodes[edge.from].executor == executor {
            guard let partitioner = edge.partitioner else { continue }
            try load(partitioner.plugin, for: graph.task(.init(node: edge.from, instance: 0)))
        }
    }

    private mutating func load(
        _ plugin: PluginReference, for task: TaskHandle
    ) throws(Failure) {
        guard libraries[plugin.sha256] == nil else { return }
        let result = task.stamped(.entry, on: setup, now: MonotonicClock.now()) {
            Result { () throws(Failure) in try PluginLibrary.load(plugin) }
        }
        let library = try result.get()
        pages.addModule(
            first: library.addresses.first, last: library.addresses.last,
            plugin: plan.plugins.firstIndex { $0.sha256 == plugin.sha256 } ?? 0)
        libraries[plugin.sha256] = library
    }

    // MARK: - chains

    /// Chains of each loop.
    func makeChains() throws(Failure) -> [[TaskletChain]] {
        var byLoop = [[TaskletChain]](repeating: [], count: graph.assignment.loopCount)
        for chain in graph.assignment.chains {
            var members: [TaskletChain.Member] = []
            for member in chain.members { members.append(try makeMember(member)) }
            let last = chain.members[chain.members.count - 1]
            let handle = try ChainHandle(
                members.map(\.task), outputs: graph.outputLanes(of: last.node),
                arena: graph.arena, pool: pool)
            if let time = members[0].node.eventTime {
                try handle.stamp(time, of: members[0].task, node: members[0].node.id)
            }
            byLoop[chain.loop].append(
                TaskletChain(
                    handle: handle, members: members,
                    desk: LetterDesk(members, letters: letters, quarantine: quarantine),
                    inputs: graph.inputs(of: chain.members[0]),
                    outputs: graph.outputs(of: last)))
        }
        return byLoop
    }

    private func makeMember(
        _ member: LoopAssignment.Member
    ) throws(Failure) -> TaskletChain.Member {
        let node = plan.nodes[member.node]
        let task = graph.task(member)
        let place = OperatorInstance.Place(
            job: plan.job, node: node.id, instance: member.instance,
            parallelism: node.parallelism,
            inputSchemas: node.operation.inputs.map { schemas.number($0.schema) },
            outputSchemas: node.operation.outputs.map { schemas.number($0.schema) },
            discovery: discoveries[member.node], batchPreferred: node.operation.batchPreferred)
        let instance = try OperatorInstance(
            node.operation.id, of: library(node.plugin), task: task, place: place)
        return TaskletChain.Member(
            task: task, node: node, instance: instance,
            partitioners: try partitioners(of: member.node, task: task))
    }

    private func partitioners(
        of node: Int, task: TaskHandle
    ) throws(Failure) -> [TaskletChain.Partitioner] {
        var all: [TaskletChain.Partitioner] = []
        for port in plan.nodes[node].operation.outputs.indices {
            let edges = plan.edges.filter { $0.from == node && $0.outputPort == port && !$0.fused }
            for (number, edge) in edges.enumerated() {
                guard let partitioner = edge.partitioner else { continue }
                all.append(
                    TaskletChain.Partitioner(
                        chooser: try PartitionerInstance(
                            partitioner.operation.id, of: library(partitioner.plugin),
                            node: plan.nodes[node].id, task: task, pool: pool),
                        config: partitioner.config, port: port, edge: number))
            }
        }
        return all
    }

    private func library(_ plugin: PluginReference) -> PluginLibrary {
        guard let library = libraries[plugin.sha256] else {
            preconditionFailure("BUG: \(plugin.name) was not loaded")
        }
        return library
    }

    // MARK: - loops

    func makeLoops(
        _ chains: [[TaskletChain]], report: @escaping @Sendable (TaskletLoop.Event) -> Void
    ) throws(Failure) -> [TaskletLoop] {
        let processors = CPUSet.allowed()
        var loops: [TaskletLoop] = []
        for (number, mine) in chains.enumerated() {
            let spins = plan.idle == .spin && number < graph.assignment.sharedLoops
            let pinned = plan.pinned && number < graph.assignment.sharedLoops
            let ends = graph.wireEnds[number]
            let handle = try LoopHandle(
                chains: mine.count + ends.count, spin: spins ? .max : Self.spinNanoseconds,
                pool: pool)
            loops.append(
                try TaskletLoop(
                    number: number, handle: handle, chains: mine, wireEnds: ends,
                    bell: ends.isEmpty ? nil : wires?.bell(of: executor),
                    idle: spins ? .spin : .adaptive,
                    // Another executor begins with another one.
                    cpu: pinned && !processors.isEmpty
                        ? processors[(number + executor) % processors.count] : nil,
                    pages: pages, report: report))
        }
        return loops
    }

    private static func bytes(ofHex text: String) -> [UInt8] {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}

/// The numbers of the schemas that ports declare; 0 is bytes.
struct SchemaNumbers {
    private var numbers: [String: UInt32] = ["bytes": 0]

    init(_ plan: Plan) {
        for node in plan.nodes {
            for port in node.operation.inputs + node.operation.outputs {
                guard let schema = port.schema, numbers[schema] == nil else { continue }
                numbers[schema] = UInt32(numbers.count)
            }
        }
    }

    func number(_ schema: String?) -> UInt32 { schema.flatMap { numbers[$0] } ?? 0 }
}
