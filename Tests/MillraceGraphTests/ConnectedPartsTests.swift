// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

struct ConnectedPartsTests {
    private func parts(_ nodes: String, _ edges: String) -> String {
        let pairs = edges.split(separator: " ").map { (String($0.prefix(1)), String($0.suffix(1))) }
        return ConnectedParts(nodes: nodes.map(String.init), edges: pairs).nodes.map {
            $0.joined()
        }.joined(separator: " ")
    }

    @Test func `connected nodes are one part, in the order of their first node`() {
        #expect(parts("abcdef", "") == "a b c d e f")
        #expect(parts("abcdef", "ab cd ef") == "ab cd ef")
        #expect(parts("abcdef", "fa be cd") == "af be cd")
        #expect(parts("abcdef", "ab cb cd ef") == "abcd ef")
        #expect(parts("abcdef", "ef de bc ad cf") == "abcdef")
    }

    @Test func `the direction and the order of edges change nothing`() {
        var dice = Dice(state: 5)
        for _ in 0..<200 {
            let nodes = (0..<12).map { "n\($0)" }
            var edges = (0..<dice.roll(14)).map { _ in (nodes[dice.roll(12)], nodes[dice.roll(12)])
            }
            let parts = ConnectedParts(nodes: nodes, edges: edges)
            for (one, other) in edges {
                #expect(parts.nodes.contains { $0.contains(one) && $0.contains(other) })
            }
            #expect(parts.nodes.flatMap { $0 }.sorted() == nodes.sorted())
            edges = edges.reversed().map { ($0.1, $0.0) }
            #expect(ConnectedParts(nodes: nodes, edges: edges) == parts)
        }
    }
}
