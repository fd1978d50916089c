// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Sources for dead letters, added to a plan.
struct PlanReplayTests {
    private func plan(_ nodes: String) throws -> Plan {
        try #require(Check.yaml("millrace: 1\nnodes:\n\(nodes)").plan)
    }

    private func replay(_ node: String, input: String? = nil, bytes: Int = 10) -> PlannedReplay {
        PlannedReplay(
            source: "\(node).replay-1", file: "/dlq/1", node: node, input: input,
            payloadBytesMax: bytes)
    }

    private func added(_ replays: PlannedReplay..., to nodes: String) throws -> Plan {
        try plan(nodes).replaying(replays, with: SampleCatalog.entry(SampleCatalog.generate))
    }

    private static let chain = """
          a: {use: generate}
          b: {use: pass, from: a}
          c: {use: pass, from: b}
          z: {use: "null", from: c}
        """

    @Test func `a source stands before the node, which is fused with what is behind it`() throws {
        let before = try plan(Self.chain)
        let after = try added(replay("b"), to: Self.chain)
        #expect(after.nodes.map(\.id) == ["b.replay-1", "a", "b", "c", "z"])
        #expect(before.edges.map(\.fused) == [true, true, true])
        #expect(after.edges.map(\.fused) == [false, true, true, false])
        #expect(after.name(ofEdge: 3) == "b.replay-1.out-b.in")
        #expect(after.nodes[0].config == .object([.init("path", .string("/dlq/1"))]))
        let large = try added(replay("b", bytes: 1 << 20), to: Self.chain)
        #expect(large.nodes[0].outputMemory > 2 << 20)
    }

    @Test(arguments: [
        (", partition: hash", PlannedEdge.Partition.hash), ("", .roundRobin),
        (", partition: least_loaded", .leastLoaded), (", partition: {use: modulo}", .custom),
    ])
    func `records come as they come anyway, also through a chain`(
        _ setting: String, _ partition: PlannedEdge.Partition
    ) throws {
        let nodes = """
              a: {use: generate}
              b: {use: pass, from: {node: a\(setting)}, parallelism: 3}
              z: {use: "null", from: b, parallelism: 3}
            """
        for node in ["b", "z"] {
            let edge = try #require(try added(replay(node), to: nodes).edges.last)
            #expect(edge.partition == partition, "\(node)")
            #expect((edge.partitioner != nil) == (partition == .custom))
        }
    }

    @Test func `what cannot take them is told`() throws {
        let nodes = """
              a: {use: generate}
              b: {use: pass, from: {node: a, partition: broadcast}, parallelism: 2}
              z: {use: "null", from: b}
            """
        for wrong in [replay("none"), replay("a"), replay("z", input: "left"), replay("b")] {
            let failure = #expect(throws: Failure.self) { try added(wrong, to: nodes) }
            #expect(failure?.code == .replayTargetGone && failure?.node == wrong.node)
        }
        let full = "arena: 1MiB\n"
        let tight = try #require(
            Check.yaml("millrace: 1\n\(full)nodes:\n\(Self.chain)").plan)
        let failure = #expect(throws: Failure.self) {
            try tight.replaying(
                [replay("b", bytes: 4 << 20)], with: SampleCatalog.entry(SampleCatalog.generate))
        }
        #expect(failure?.code == .tooMuchMemory)
    }
}
