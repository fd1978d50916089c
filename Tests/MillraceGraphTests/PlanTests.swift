// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

struct PlanTests {
    @Test func `producers come first and the file decides among equals`() throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                nodes:
                  z: {use: "null", from: [m, b]}
                  b: {use: generate}
                  m: {use: pass, from: a}
                  a: {use: generate}
                """
            ).plan)
        #expect(plan.nodes.map(\.id) == ["b", "a", "m", "z"])
        let edges = plan.edges.map { "\(plan.nodes[$0.from].id)>\(plan.nodes[$0.to].id)" }
        #expect(edges == ["b>z", "a>m", "m>z"])
    }

    @Test func `a key puts the engine's node behind the producer`() throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                nodes:
                  a: {use: generate, parallelism: 2}
                  a_key: {use: "null", from: a}
                  z: {use: "null", from: {node: a, key: 'items[0].sku'}, parallelism: 3}
                """
            ).plan)
        #expect(plan.nodes.map(\.id) == ["a", "a_key_2", "a_key", "z"])
        #expect(plan.nodes[1].config == .object([.init("field", .string("items[0].sku"))]))
        #expect(plan.nodes[1].parallelism == 2)
        #expect(plan.edges.map(\.partition) == [.forward, .roundRobin, .hash])
    }

    @Test(arguments: [
        ("", 1, 1, PlannedEdge.Partition.forward), ("", 1, 3, .roundRobin), ("", 3, 1, .roundRobin),
        (", partition: hash", 1, 1, .hash), (", partition: broadcast", 2, 2, .broadcast),
        (", partition: least_loaded", 2, 4, .leastLoaded), (", partition: forward", 4, 4, .forward),
        (", partition: {use: modulo}", 1, 2, .custom), (", key: id", 1, 1, .forward),
        (", key: id", 2, 3, .hash),
    ])
    func `the partition follows the file, else the parallelism`(
        _ setting: String, _ before: Int, _ after: Int, _ partition: PlannedEdge.Partition
    ) throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                nodes:
                  a: {use: generate, parallelism: \(before)}
                  z: {use: "null", from: {node: a\(setting)}, parallelism: \(after)}
                """
            ).plan)
        #expect(plan.edges.last?.partition == partition)
        #expect((plan.edges.last?.partitioner != nil) == (partition == .custom))
    }

    @Test func `keys of the file reach the plan`() throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                name: orders-alerts
                threads: 3
                pin: true
                idle: spin
                arena: 64MiB
                defaults: {parallelism: 2, queue: 64, watchdog: {soft: 5s}}
                nodes:
                  a: {use: generate, loop: 2, output_memory: 256KiB, watchdog: {hard: 20s}}
                  s: {use: stdin}
                  z: {use: "null", from: [a, {node: s, queue: 8}], loop: 0}
                """
            ).plan)
        #expect(plan.name == "orders-alerts")
        #expect(plan.threads == 3)
        #expect(plan.pinned)
        #expect(plan.idle == .spin)
        #expect(plan.arenaBytes == 64 << 20)
        #expect(plan.nodes.map(\.parallelism) == [2, 1, 2])
        #expect(plan.nodes.map(\.loop) == [2, nil, 0])
        #expect(plan.nodes[0].outputMemory == 256 << 10)
        #expect(plan.nodes[0].watchdogSoft == 5_000_000_000)
        #expect(plan.nodes[0].watchdogHard == 20_000_000_000)
        // An operator that blocks may take longer before it is ended.
        #expect(plan.nodes[1].watchdogHard == Limits.watchdogHardBlockingNanoseconds)
        #expect(plan.edges.map(\.queue) == [64, 8])
    }

    @Test(arguments: [
        // Ports, asked, arena, expected blocks of a port that asks for nothing.
        (1, 256 << 20, 32), (100, 256 << 20, 32), (1_000, 256 << 20, 3), (1_000, 320 << 20, 4),
        (1_024, 160 << 20, 2),
    ])
    func `quotas shrink evenly when the arena is small`(
        _ tasks: Int, _ arena: Int, _ blocks: Int
    ) throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                arena: \(arena)
                nodes:
                  a: {use: generate, parallelism: \(tasks)}
                  z: {use: "null", from: a}
                """
            ).plan)
        #expect(plan.nodes[0].outputMemory == UInt64(blocks * Limits.blockBytes))
    }

    @Test func `what was asked for does not shrink`() throws {
        let plan = try #require(
            Check.yaml(
                """
                millrace: 1
                arena: 12MiB
                nodes:
                  a: {use: generate, output_memory: 8MiB}
                  b: {use: generate, parallelism: 10}
                  z: {use: "null", from: [a, b]}
                """
            ).plan)
        #expect(plan.nodes[0].outputMemory == 8 << 20)
        // 12 MiB hold 153 blocks and a quarter; 128 are a's.
        #expect(plan.nodes[1].outputMemory == 2 * 65_536)
    }

    @Test func `a value of the command line wins over the file`() throws {
        let text = """
            millrace: 1
            nodes:
              a: {use: generate, with: {count: 5, value: x}}
              z: {use: "null", from: a}
            """
        let plan = try #require(
            Check.yaml(text, overrides: ["a.count=7", "z.parallelism=2", "a.with.size=1KiB"]).plan)
        #expect(plan.nodes[0].config["count"] == .int(7))
        #expect(plan.nodes[0].config["size"] == .int(1_024))
        #expect(plan.nodes[1].parallelism == 2)
        let wrong = Check.yaml(text, overrides: ["a.count=x", "b.count=1", "nothing"]).findings
        #expect(Check.short(wrong) == ["MR2004 1:9", "MR2302 2:1", "MR1003 3:1"])
        #expect(wrong.allSatisfy { $0.failure.mark?.file == "--set" })
    }

    @Test func `references name what must be loaded`() {
        let text = """
            millrace: 1
            plugins: [fraud@^1.2, ./build/libdedupe.so, "${HOME}/x.so", plain]
            nodes:
              a: {use: dedupe}
              b: {use: dedupe@^1, from: {node: a, partition: {use: modulo}}}
            """
        let read = TopologyCheck.read(
            .yaml(text: text, file: "t.yaml"), environment: Check.environment)
        #expect(read.topology != nil)
        let references = read.references
        #expect(
            references.plugins.map(\.target) == [
                .installed(name: "fraud", range: "^1.2"), .file(path: "./build/libdedupe.so"),
                .file(path: "/home/a/x.so"), .installed(name: "plain", range: nil),
            ])
        #expect(references.uses == ["dedupe", "dedupe@^1", "modulo"])
    }

    @Test func `the newest version in the range is taken`() throws {
        let start = "millrace: 1\nnodes:\n  a: {use: generate}\n"
        for (use, version) in [
            ("versioned", "2.0.0"), ("versioned@^1.2", "1.4.2"), ("versioned@>=1.0 <3", "2.0.0"),
            ("versioned@1.4.2", "1.4.2"), ("versioned@*", "2.0.0"), ("versioned@~1.4", "1.4.2"),
        ] {
            let plan = try #require(
                Check.yaml("\(start)  b: {use: '\(use)', from: a}\n").plan, "\(use)")
            #expect(plan.nodes[1].operation.version == version)
        }
    }

    @Test func `a plan needs a name, and takes that of its file`() {
        #expect(Names.topologyName(fromFile: "jobs/Word Count.yaml") == "word-count")
        #expect(Names.topologyName(fromFile: "-") == "pipeline")
        #expect(Names.topologyName(fromFile: OneLiner.file) == "command-line")
    }
}
