// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Which edges are fused, one case per condition; edges in the order of the plan.
struct FusionTests {
    @Test(arguments: [
        ("a chain", "b: {use: pass, from: a}|z: {use: 'null', from: b}", [true, true]),
        (
            "equal parallelism",
            "b: {use: pass, from: a, parallelism: 2}|z: {use: 'null', from: b, parallelism: 2}",
            [false, true]
        ),
        ("fan-out", "b: {use: 'null', from: a}|c: {use: 'null', from: a}", [false, false]),
        ("fan-in", "b: {use: generate}|z: {use: 'null', from: [a, b]}", [false, false]),
        (
            "two ports of one producer",
            "o: {use: orders}|s: {use: fraud.score, from: o}|h: {use: 'null', from: s.high}"
                + "|l: {use: 'null', from: s.low}|z: {use: 'null', from: a}",
            [true, true, false, false]
        ),
        ("a queue of its own", "z: {use: 'null', from: {node: a, queue: 64}}", [false]),
        ("a default queue", "z: {use: 'null', from: a}|defaults", [true]),
        ("forward, written out", "z: {use: 'null', from: {node: a, partition: forward}}", [true]),
        ("hash to one task", "z: {use: 'null', from: {node: a, partition: hash}}", [false]),
        (
            "round robin to one", "z: {use: 'null', from: {node: a, partition: round_robin}}",
            [false]
        ),
        ("a partitioner", "z: {use: 'null', from: {node: a, partition: {use: modulo}}}", [false]),
        (
            "an operator that blocks", "b: {use: slow, from: a}|z: {use: 'null', from: b}",
            [false, false]
        ),
        ("two that block", "b: {use: slow, from: a}|z: {use: stdout, from: b}", [false, false]),
        (
            "other loops", "b: {use: pass, from: a, loop: 1}|z: {use: 'null', from: b}",
            [false, false]
        ),
        (
            "the same loop",
            "b: {use: pass, from: a, loop: 1}|z: {use: 'null', from: b, loop: 1}", [false, true]
        ),
        ("a key to one task", "z: {use: 'null', from: {node: a, key: id}}", [true, true]),
        ("the same edge twice", "z: {use: 'null', from: [a, a]}", [false, false]),
    ])
    func `an edge is fused only when nothing speaks against it`(
        _ name: String, _ nodes: String, _ fused: [Bool]
    ) throws {
        var text = "millrace: 1\nnodes:\n  a: {use: generate}\n"
        for node in nodes.split(separator: "|") where node != "defaults" { text += "  \(node)\n" }
        if nodes.hasSuffix("defaults") { text += "defaults: {queue: 64}\n" }
        let (plan, findings) = Check.yaml(text)
        let found = try #require(plan, "\(FindingText.render(findings, sources: [:]))")
        #expect(found.edges.map(\.fused) == fused)
    }
}
