// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Kahn's order: producers before consumers, and of nodes that could go next the one of the least
/// rank.
enum TopologicalOrder {
    /// Positions in `ranks`; nodes on or behind a cycle are left out.
    static func of<Rank: Comparable>(ranks: [Rank], edges: [(from: Int, to: Int)]) -> [Int] {
        var waiting = [Int](repeating: 0, count: ranks.count)
        var consumers = [[Int]](repeating: [], count: ranks.count)
        for edge in edges {
            waiting[edge.to] += 1
            consumers[edge.from].append(edge.to)
        }
        var ready = RankHeap(ranks)
        for node in ranks.indices where waiting[node] == 0 { ready.push(node) }
        var order: [Int] = []
        while let node = ready.pop() {
            order.append(node)
            for consumer in consumers[node] {
                waiting[consumer] -= 1
                if waiting[consumer] == 0 { ready.push(consumer) }
            }
        }
        return order
    }
}

/// The waiting nodes, least rank first.
private struct RankHeap<Rank: Comparable> {
    private let ranks: [Rank]
    private var items: [Int] = []

    init(_ ranks: [Rank]) { self.ranks = ranks }

    mutating func push(_ node: Int) {
        items.append(node)
        var child = items.count - 1
        while child > 0, ranks[items[child]] < ranks[items[(child - 1) / 2]] {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Int? {
        guard let least = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return least }
        items[0] = last
        var parent = 0
        while true {
            var small = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
                if ranks[items[child]] < ranks[items[small]] { small = child }
            }
            if small == parent { return least }
            items.swapAt(small, parent)
            parent = small
        }
    }
}
