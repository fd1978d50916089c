// SPDX-License-Identifier: Apache-2.0

/// The connected parts of a graph: what one crash rolls back, and no more.
///
/// Numbers follow the order of the nodes, so the same graph has the same regions in every process.
package struct Regions: Hashable, Sendable {
    /// The nodes of each region, in the order in which they were given; the index is its id.
    package let nodes: [[String]]
    private let regionOf: [String: RegionID]

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
            // The earlier node leads, so that regions are numbered by their first node.
            let (first, second) = (min(find(a), find(b)), max(find(a), find(b)))
            leader[second] = first
        }
        var parts: [[String]] = []
        var numbers: [Int: RegionID] = [:]
        var regionOf: [String: RegionID] = [:]
        for at in nodes.indices {
            let top = find(at)
            let number = numbers[top] ?? RegionID(parts.count)
            if numbers[top] == nil {
                numbers[top] = number
                parts.append([])
            }
            parts[Int(number)].append(nodes[at])
            regionOf[nodes[at]] = number
        }
        self.nodes = parts
        self.regionOf = regionOf
    }

    /// The region of a node; nil for a node that is not in the graph.
    package func region(of node: String) -> RegionID? { regionOf[node] }
}
