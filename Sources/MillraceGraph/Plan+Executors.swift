// SPDX-License-Identifier: Apache-2.0
// Which executor a task lives in. Most share executor 0, or the one of their region, where a plan
// is separated into regions; a node that is isolated has one of its own, so that it cannot write
// into the memory of the others, and what it sends is checked before they read it. Lanes between
// two executors are wires (`wire.c`), all in one piece of shared memory, whose layout follows from
// the plan alone: each end computes it.
import MillraceCore

extension Plan {
    /// A lane from one executor to another.
    package struct Crossing: Hashable, Sendable {
        package var edge: Int
        /// Instances.
        package var producer: Int
        package var consumer: Int
        /// In the shared memory, in bytes.
        package var offset: Int
        /// Of the ring, a power of two.
        package var ringBytes: Int
    }

    package var connectedParts: ConnectedParts {
        ConnectedParts(nodes: nodes.map(\.id), edges: connections)
    }

    /// The ids of both ends of each edge.
    package var connections: [(String, String)] {
        edges.map { (nodes[$0.from].id, nodes[$0.to].id) }
    }

    /// The edges that begin at one of these nodes.
    package func edges(from ids: Set<String>) -> [Int] {
        edges.indices.filter { ids.contains(nodes[edges[$0].from].id) }
    }

    /// The same plan with an executor for each of these groups of nodes, which no edge connects.
    /// Together they are all nodes.
    package func separated(into regions: [[String]]) -> Plan {
        precondition(!regions.isEmpty, "BUG: a plan without regions")
        let own = isolated
        let homes = Dictionary(
            regions.enumerated().flatMap { number, ids in ids.map { ($0, number) } },
            uniquingKeysWith: min)
        var plan = self
        plan.sharedExecutors = regions.count
        for node in plan.nodes.indices {
            guard let home = homes[plan.nodes[node].id] else {
                preconditionFailure("BUG: \(plan.nodes[node].id) is in no region")
            }
            plan.nodes[node].executor = home
        }
        return plan.isolating(own)
    }

    /// The same plan with these nodes in executors of their own. Their edges are no longer fused.
    package func isolating(_ ids: some Collection<String>) -> Plan {
        let wanted = Set(ids)
        var plan = self
        var next = sharedExecutors
        for node in plan.nodes.indices where wanted.contains(plan.nodes[node].id) {
            plan.nodes[node].executor = next
            next += 1
        }
        for edge in plan.edges.indices where plan.crosses(edge) { plan.edges[edge].fused = false }
        return plan
    }

    /// Nodes with an executor of their own.
    package var isolated: [String] {
        nodes.filter { $0.executor >= sharedExecutors }.map(\.id)
    }

    /// The node that an executor belongs to, where its memory is limited.
    package func limitedNode(of executor: Int) -> PlannedNode? {
        guard executor >= sharedExecutors else { return nil }
        return nodes.first { $0.executor == executor && $0.memory != nil }
    }

    /// The executors that these nodes live in, ascending.
    package func executors(of ids: some Collection<String>) -> [Int] {
        let wanted = Set(ids)
        return Set(nodes.filter { wanted.contains($0.id) }.map(\.executor)).sorted()
    }

    package var executorCount: Int { (nodes.map(\.executor).max() ?? 0) + 1 }

    package func crosses(_ edge: Int) -> Bool {
        nodes[edges[edge].from].executor != nodes[edges[edge].to].executor
    }

    /// Does one of its ends lie in this executor?
    package func concerns(_ crossing: Crossing, _ executor: Int) -> Bool {
        let edge = edges[crossing.edge]
        return nodes[edge.from].executor == executor || nodes[edge.to].executor == executor
    }

    /// Every lane between two executors, in the order of the shared memory.
    package var crossings: [Crossing] {
        var offset = 0
        var all: [Crossing] = []
        for edge in edges.indices where crosses(edge) {
            let ring = Self.ringBytes(nodes[edges[edge].from].outputMemory)
            for lane in lanes(ofEdge: edge) {
                all.append(
                    Crossing(
                        edge: edge, producer: lane.producer, consumer: lane.consumer,
                        offset: offset, ringBytes: ring))
                offset += Limits.wireHeadBytes + ring
            }
        }
        return all
    }

    /// Bytes of the shared memory; 0: no lane leaves its executor.
    package var crossingBytes: Int {
        crossings.last.map { $0.offset + Limits.wireHeadBytes + $0.ringBytes } ?? 0
    }

    /// The memory between executors, a ring for each lane, is no more than the records of the job
    /// may take.
    package var hasRoomForCrossings: Bool { UInt64(crossingBytes) <= arenaBytes }

    /// A record is at most as large as its port's memory, and lies in one piece.
    private static func ringBytes(_ outputMemory: UInt64) -> Int {
        let blocks = min(Int(outputMemory) / Limits.blockBytes + 1, Limits.quotaBlocksMax + 1)
        var bytes = Limits.wireBytesMin
        while bytes < 2 * blocks * Limits.blockBytes { bytes *= 2 }
        return bytes
    }
}
