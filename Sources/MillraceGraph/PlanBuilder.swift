// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A checked graph to the plan that an executor is given.
package enum PlanBuilder {
    /// `threads` from the command line wins over the file's, which wins over `processors`.
    package static func plan(
        _ graph: LogicalGraph, _ topology: Topology, options: CheckOptions,
        findings: inout Findings
    ) -> Plan? {
        let order = graph.topologicalOrder()
        precondition(order.count == graph.nodes.count, "BUG: a plan is built of a cycle")
        let limit = topology.arena.map { UInt64($0.value) } ?? Limits.arenaBytesDefault
        let blocks: [Int]
        do throws(Failure) {
            blocks = try ArenaQuotas.blocks(graph.nodes, limit: limit, at: topology.arena?.mark)
        } catch {
            findings.add(.error, error)
            return nil
        }
        guard let threads = threads(topology, options, &findings) else { return nil }
        var position = [Int](repeating: 0, count: order.count)
        for (place, node) in order.enumerated() { position[node] = place }
        let nodes = order.map { index in
            let node = graph.nodes[index]
            return PlannedNode(
                id: node.id, operation: node.operation, plugin: node.entry.plugin,
                config: node.config, secrets: node.secrets, parallelism: node.parallelism,
                outputMemory: UInt64(blocks[index] * Limits.blockBytes),
                watchdogSoft: node.watchdogSoft, watchdogHard: node.watchdogHard, loop: node.loop,
                onError: node.onError, memory: node.memory, eventTime: node.eventTime)
        }
        let fused = Fusion.fused(graph)
        let edges = graph.edges.indices.map { index in
            let edge = graph.edges[index]
            return PlannedEdge(
                from: position[edge.from], outputPort: edge.outputPort, to: position[edge.to],
                inputPort: edge.inputPort, partition: edge.partition,
                partitioner: edge.partitioner, queue: edge.queue, fused: fused[index])
        }.sorted {
            ($0.from, $0.outputPort, $0.to, $0.inputPort)
                < ($1.from, $1.outputPort, $1.to, $1.inputPort)
        }
        let isolated = graph.nodes.filter(\.isIsolated)
        let plan = Plan(
            job: options.job, name: topology.name?.value ?? options.name, nodes: nodes,
            edges: edges, threads: threads, pinned: topology.pinned, idle: topology.idle,
            arenaBytes: limit,
            lettersPerMinute: topology.lettersPerMinute ?? Limits.lettersPerMinuteDefault,
            checkpoints: topology.checkpoints ?? PlannedCheckpoints(),
            restarts: topology.restarts ?? PlannedRestarts()
        ).isolating(isolated.map(\.id))
        guard plan.hasRoomForCrossings else {
            let mark = topology.arena?.mark ?? isolated.first?.mark
            findings.add(.error, tooManyCrossings(plan, at: mark))
            return nil
        }
        return plan
    }

    private static func tooManyCrossings(_ plan: Plan, at mark: Mark?) -> Failure {
        let needed = Quantity.text(size: (Int64(plan.crossingBytes >> 20) + 1) << 20)
        let arena = Quantity.text(size: Int64(clamping: plan.arenaBytes))
        return Failure(
            .tooMuchMemory, at: mark, node: plan.isolated.first,
            "\(plan.crossings.count) lanes to and from operators with a process of their own need "
                + "\(needed), the arena has \(arena)",
            next: "write `arena: \(needed)`, or ask for less parallelism or `output_memory`")
    }

    /// Every loop that a node names must exist.
    private static func threads(
        _ topology: Topology, _ options: CheckOptions, _ findings: inout Findings
    ) -> Int? {
        let named = topology.nodes.compactMap(\.loop).max { $0.value < $1.value }
        let least = named.map { $0.value + 1 } ?? 1
        guard let given = options.threads ?? topology.threads?.value else {
            return max(options.processors, least)
        }
        if given >= least { return given }
        findings.error(
            .outOfRange, at: named?.mark,
            "loop \(least - 1) needs \(least) threads, "
                + "there are \(given)",
            next: "write a smaller `loop`, counted from 0, or more `threads`")
        return nil
    }
}
