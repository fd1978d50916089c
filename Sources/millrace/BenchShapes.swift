// SPDX-License-Identifier: Apache-2.0
// The topologies that `millrace bench SHAPE` runs. Payloads have 100 bytes. An edge with a
// partition of its own is never fused, so `round_robin` between single tasks is a hop.
import MillraceCore

/// A bundled topology to measure.
struct BenchShape {
    var name: String
    var about: String
    var yaml: String
    /// The node whose arriving records count.
    var sink = "sink"
    /// A checkpoint each second.
    var hasCheckpoints = false

    /// All shapes but `tasks`, which needs a number.
    static let all = [
        BenchShape(
            name: "lane", about: "two pinned threads that never sleep, one hop between them",
            yaml: """
                millrace: 1
                name: bench-lane
                threads: 2
                pin: true
                idle: spin
                nodes:
                  source: {use: generate, with: {size: 100}, loop: 0}
                  sink: {use: "null", from: {node: source, partition: round_robin}, loop: 1}
                """),
        BenchShape(
            name: "chained", about: "source, transform and sink in one task",
            yaml: """
                millrace: 1
                name: bench-chained
                threads: 2
                nodes:
                  source: {use: generate, with: {size: 100}}
                  work: {use: pass, from: source}
                  sink: {use: "null", from: work}
                """),
        BenchShape(
            name: "hop1", about: "source and sink with one exchange between them",
            yaml: """
                millrace: 1
                name: bench-hop1
                threads: 2
                nodes:
                  source: {use: generate, with: {size: 100}, loop: 0}
                  sink: {use: "null", from: {node: source, partition: round_robin}, loop: 1}
                """),
        BenchShape(
            name: "process", about: "hop1, with the sink in a process of its own",
            yaml: """
                millrace: 1
                name: bench-process
                threads: 2
                nodes:
                  source: {use: generate, with: {size: 100}, loop: 0}
                  sink:
                    use: "null"
                    from: {node: source, partition: round_robin}
                    loop: 1
                    isolation: process
                """),
        BenchShape(
            name: "unchained", about: "source, transform and sink with two exchanges",
            yaml: """
                millrace: 1
                name: bench-unchained
                threads: 2
                nodes:
                  source: {use: generate, with: {size: 100}, loop: 0}
                  work: {use: pass, from: {node: source, partition: round_robin}, loop: 1}
                  sink: {use: "null", from: {node: work, partition: round_robin}, loop: 1}
                """),
        BenchShape(
            name: "keyed", about: "an exchange by key, and a count per key, 1,000 keys",
            yaml: """
                millrace: 1
                name: bench-keyed
                threads: 2
                nodes:
                  source: {use: generate, with: {size: 100, keys: 1000}, loop: 0}
                  sink: {use: bench.count, from: {node: source, partition: hash}, loop: 1}
                """),
        BenchShape(
            name: "keyed-state",
            about: "keyed, with the counts in state that the host keeps and saves each second",
            yaml: """
                millrace: 1
                name: bench-keyed-state
                threads: 2
                checkpoint: {every: 1s}
                nodes:
                  source: {use: generate, with: {size: 100, keys: 1000}, loop: 0}
                  sink: {use: bench.keyed, from: {node: source, partition: hash}, loop: 1}
                """, hasCheckpoints: true),
    ]

    /// A record there and back. Its two ends are on one thread and share the token; the echo is on
    /// the other. With a rate the threads sleep in between.
    static func roundtrip(rate: Double?) -> BenchShape {
        let rest = rate.map { ", with: {interval: \(Int64(1e9 / $0))ns}" } ?? ""
        let idle = rate == nil ? "pin: true\nidle: spin" : "idle: adaptive"
        return BenchShape(
            name: "roundtrip", about: "one record there and back over two hops",
            yaml: """
                millrace: 1
                name: bench-roundtrip
                threads: 2
                \(idle)
                nodes:
                  source: {use: bench.token.source\(rest), loop: 0}
                  echo: {use: bench.echo, from: {node: source, partition: round_robin}, loop: 1}
                  sink: {use: bench.token.sink, from: {node: echo, partition: round_robin}, loop: 0}
                """)
    }

    /// `count` tasks with a lane to and from each; almost all of them idle. Each has the least
    /// memory that a task can have.
    static func tasks(_ count: Int) -> BenchShape {
        let middle = max(1, count - 2)
        let branches = (middle + Limits.parallelismMax - 1) / Limits.parallelismMax
        var nodes = ["  source: {use: generate, with: {size: 100, rate: 1k/s}, \(least)}"]
        var names: [String] = []
        for branch in 0..<branches {
            let share = middle / branches + (branch < middle % branches ? 1 : 0)
            names.append("work\(branch)")
            nodes.append(
                "  work\(branch): {use: pass, from: {node: source, partition: round_robin}, "
                    + "parallelism: \(share), \(least)}")
        }
        let edges = names.map { "{node: \($0), partition: round_robin}" }
        nodes.append("  sink: {use: \"null\", from: [\(edges.joined(separator: ", "))]}")
        let blocks = UInt64(Limits.quotaBlocksMin * Limits.blockBytes)
        let needed = UInt64(middle + 1) * blocks * 5 / 4
        return BenchShape(
            name: "tasks", about: "start-up time and memory of many tasks",
            yaml: """
                millrace: 1
                name: bench-tasks
                threads: 2
                arena: \(max(needed, Limits.arenaBytesDefault))
                nodes:
                \(nodes.joined(separator: "\n"))
                """)
    }

    private static let least = "output_memory: \(Limits.quotaBlocksMin * Limits.blockBytes)"

    static var names: [String] { all.map(\.name) + ["roundtrip", "tasks"] }
}
