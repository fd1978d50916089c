// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Which tasks of a plan form a chain, and which loop steps it.
///
/// A chain is a maximal run of tasks joined by fused edges. Chains whose operator blocks get a
/// loop, and so a thread, of their own; the others are dealt out over the shared loops in
/// topological order, so that the two ends of a hop tend to lie on different loops. Chains of other
/// executors are left out.
struct LoopAssignment: Equatable {
    struct Chain: Equatable {
        /// Node and instance of each member, first to last.
        var members: [Member]
        var loop: Int
    }

    struct Member: Equatable {
        var node: Int
        var instance: Int
    }

    var chains: [Chain] = []
    /// Shared loops first, then those of blocking operators.
    var loopCount = 0
    var sharedLoops = 0

    init(_ plan: Plan, executor: Int = 0) {
        var next: [Int: Int] = [:]
        for edge in plan.edges where edge.fused { next[edge.from] = edge.to }
        let inner = Set(next.values)
        var heads: [[Int]] = []
        for node in plan.nodes.indices
        where !inner.contains(node) && plan.nodes[node].executor == executor {
            var members = [node]
            while let following = next[members[members.count - 1]] { members.append(following) }
            heads.append(members)
        }
        let shared = heads.filter { !Self.blocks($0, plan) }
        let chainCount = shared.reduce(0) { $0 + plan.nodes[$1[0]].parallelism }
        let wanted = shared.compactMap { plan.nodes[$0[0]].loop }.max().map { $0 + 1 } ?? 0
        sharedLoops = max(wanted, min(max(plan.threads, 1), chainCount))
        loopCount = sharedLoops
        var turn = 0
        for nodes in heads {
            let blocks = Self.blocks(nodes, plan)
            for instance in 0..<plan.nodes[nodes[0]].parallelism {
                let loop: Int
                if blocks {
                    loop = loopCount
                    loopCount += 1
                } else if let fixed = plan.nodes[nodes[0]].loop {
                    loop = fixed
                } else {
                    loop = turn % sharedLoops
                    turn += 1
                }
                chains.append(
                    Chain(
                        members: nodes.map { Member(node: $0, instance: instance) }, loop: loop))
            }
        }
    }

    /// The loop that steps a task.
    func loop(of member: Member) -> Int {
        guard let chain = chains.first(where: { $0.members.contains(member) }) else {
            preconditionFailure("BUG: a task of another executor")
        }
        return chain.loop
    }

    private static func blocks(_ nodes: [Int], _ plan: Plan) -> Bool {
        nodes.contains { plan.nodes[$0].operation.flags.contains(.blocks) }
    }
}
