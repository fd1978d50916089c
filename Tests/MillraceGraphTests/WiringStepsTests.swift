// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// The check takes steps in proportion to the graph, whatever its shape and however wrong it is.
struct WiringStepsTests {
    enum Shape: String, CaseIterable, Sendable {
        case chain, keyedFan, unknownProducers, oneCycle, tailBehindCycle, manyCycles, dense
        case headBeforeCycle, allUnread

        /// Lines of `nodes`; node `n0` is a source.
        func node(_ number: Int, of count: Int) -> String {
            let last = number - 1
            let from =
                switch self {
                case .chain: "n\(last)"
                case .keyedFan: "{node: n0, key: id, partition: hash}"
                case .unknownProducers: "nobody_\(number)"
                case .oneCycle: number == 1 ? "[n0, n\(count - 1)]" : "n\(last)"
                case .tailBehindCycle: number == 1 ? "[n0, n2]" : "n\(last)"
                case .manyCycles: number % 2 == 1 ? "[n0, n\(number + 1)]" : "n\(last)"
                case .dense: "[\(dense(number).joined(separator: ", "))]"
                case .headBeforeCycle:
                    number == count - 2 ? "[n\(last), n\(count - 1)]" : "n\(last)"
                case .allUnread: "n0"
                }
            return "  n\(number): {use: pass, from: \(from)}\n"
        }

        private func dense(_ number: Int) -> [String] {
            Set([number - 1, (number - 1) / 2, (number - 1) / 3]).map { "n\($0)" }.sorted()
        }

        func text(_ count: Int) -> String {
            "millrace: 1\nnodes:\n  n0: {use: generate}\n"
                + (1..<count).map { node($0, of: count) }.joined()
        }
    }

    private func steps(_ shape: Shape, _ count: Int) throws -> (steps: Int, findings: Int) {
        let read = TopologyCheck.read(
            .yaml(text: shape.text(count), file: "t.yaml"), environment: Check.environment)
        let topology = try #require(read.topology)
        #expect(topology.nodes.count == count)
        var findings = Findings()
        _ = WiringCheck.run(
            topology, names: OperatorNames(SampleCatalog.all), findings: &findings)
        return (findings.steps, findings.all.count)
    }

    @Test(arguments: Shape.allCases)
    func `twice the nodes take about twice the steps`(_ shape: Shape) throws {
        let small = try steps(shape, 201)
        let large = try steps(shape, 801)
        #expect(small.steps > 200, "the steps are counted")
        #expect(large.steps < 5 * small.steps, "\(shape): \(small) to \(large)")
    }

    @Test func `a long cycle is told by its ends`() {
        let (_, findings) = Check.yaml(Shape.oneCycle.text(1_001))
        let cycle = findings.first { $0.failure.code == .cycle }
        #expect(
            cycle?.failure.text
                == "a cycle: n1 → n2 → n3 → n4 → n5 → n6 → n7 → n8 → … 990 more … "
                + "→ n999 → n1000 → n1"
        )
    }

    @Test func `every cycle is told once`() {
        let (_, findings) = Check.yaml(Shape.manyCycles.text(41))
        let cycles = findings.filter { $0.failure.code == .cycle }
        #expect(cycles.count == 20)
        #expect(cycles.first?.failure.text == "a cycle: n1 → n2 → n1")
        #expect(cycles.last?.failure.text == "a cycle: n39 → n40 → n39")
    }
}
