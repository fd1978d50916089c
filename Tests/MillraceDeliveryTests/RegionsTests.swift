// SPDX-License-Identifier: Apache-2.0
import MillraceDelivery
import Testing

struct RegionsTests {
    private func regions(_ nodes: String, _ edges: String) -> String {
        let pairs = edges.split(separator: " ").map { (String($0.prefix(1)), String($0.suffix(1))) }
        let regions = Regions(nodes: nodes.map(String.init), edges: pairs)
        for (number, part) in regions.nodes.enumerated() {
            for node in part { #expect(regions.region(of: node) == UInt32(number)) }
        }
        return regions.nodes.map { $0.joined() }.joined(separator: " ")
    }

    @Test func `connected nodes are one region, in the order of their first node`() {
        #expect(regions("abcdef", "") == "a b c d e f")
        #expect(regions("abcdef", "ab cd ef") == "ab cd ef")
        #expect(regions("abcdef", "fa be cd") == "af be cd")
        #expect(regions("abcdef", "ab cb cd ef") == "abcd ef")
        #expect(regions("abcdef", "ef de bc ad cf") == "abcdef")
    }

    @Test func `the direction and the order of edges change nothing`() {
        var dice = Dice(state: 5)
        for _ in 0..<200 {
            let nodes = (0..<12).map { "n\($0)" }
            var edges = (0..<dice.roll(14)).map { _ in (nodes[dice.roll(12)], nodes[dice.roll(12)])
            }
            let regions = Regions(nodes: nodes, edges: edges)
            for (one, other) in edges {
                #expect(regions.region(of: one) == regions.region(of: other))
            }
            edges = edges.reversed().map { ($0.1, $0.0) }
            #expect(Regions(nodes: nodes, edges: edges) == regions)
        }
    }
}
