// SPDX-License-Identifier: Apache-2.0

/// The connected parts of a graph, in the order of their first nodes.
package struct ConnectedParts: Hashable, Sendable {
    /// The nodes of each part, in the order in which they were given.
    package let nodes: [[String]]

    /// `edges` connect two of `nodes` each; which end is which does not matter.
    package init(nodes: [String], edges: [(String, String)]) {
        var leader = Array(nodes.indices)
        let places = Dictionary(uniqueKeysWithValues: zip(nodes, nodes.indices))
        func find(_ at: Int) -> Int {
            var top = at
            while leader[top] != top { top = leader[top] }
            return top
        }
        for (one, other) in edges {
            guard let a = places[one], let b = places[other] else {
                preconditionFailure("BUG: an edge from \(one) to \(other), which are no nodes")
            }
            // The earlier node leads, so that parts are in the order of their first nodes.
            let (first, second) = (min(find(a), find(b)), max(find(a), find(b)))
            leader[second] = first
        }
        var parts: [[String]] = []
        var numbers: [Int: Int] = [:]
        for at in nodes.indices {
            let top = find(at)
            let number = numbers[top] ?? parts.count
            if numbers[top] == nil {
                numbers[top] = number
                parts.append([])
            }
            parts[number].append(nodes[at])
        }
        self.nodes = parts
    }
}
