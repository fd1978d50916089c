// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// What each sink keeps, for small graphs of sources, keepers of state and sinks.
struct DeliveryCheckTests {
    private static let source = "millrace.source/1"
    private static let state = "millrace.state/1"

    /// Operators by the first letter of a node: a file, a queue with acknowledgements, a socket, a
    /// pipe with a journal, a counter, a pass, a committing sink, a plain one.
    private static let operators: [Character: OperatorDescription] = [
        "f": .init(
            id: "file", version: "1.0.0", kind: .source, extensions: [source],
            sourceFlags: .offset),
        "q": .init(
            id: "queue", version: "1.0.0", kind: .source, extensions: [source],
            sourceFlags: .acknowledgement),
        "g": .init(id: "gen", version: "1.0.0", kind: .source, extensions: [source, state]),
        "s": .init(id: "socket", version: "1.0.0", kind: .source, extensions: [source]),
        "j": .init(
            id: "pipe", version: "1.0.0", kind: .source, extensions: [source],
            sourceFlags: .journal),
        "c": .init(id: "counter", version: "1.0.0", kind: .transform, extensions: [state]),
        "p": .init(id: "pass", version: "1.0.0", kind: .transform, flags: .stateless),
        "x": .init(
            id: "commits", version: "1.0.0", kind: .sink, extensions: ["millrace.sink/1"]),
        "l": .init(id: "log", version: "1.0.0", kind: .sink),
        "k": .init(
            id: "keyed", version: "1.0.0", kind: .transform,
            extensions: ["millrace.keyed-state/1"]),
        "m": .init(id: "memory", version: "1.0.0", kind: .transform),
    ]

    /// `f>p>x f>l`; a node is a letter and what follows it.
    private static func check(
        _ graph: String, _ guarantee: PlannedCheckpoints.Guarantee = .exactlyOnce
    ) -> DeliveryCheck {
        let reference = PluginReference(name: "n", version: "1", sha256: "", path: "", copy: "")
        var ids: [String] = []
        var pairs: Set<[String]> = []
        for chain in graph.split(separator: " ") {
            let names = chain.split(separator: ">").map(String.init)
            for name in names where !ids.contains(name) { ids.append(name) }
            for (from, to) in zip(names, names.dropFirst()) { pairs.insert([from, to]) }
        }
        // Sources first, sinks last: an order that a plan may have.
        let ranks = "fqgsjpckmxl"
        func rank(_ id: String) -> String.Index? { ranks.firstIndex(of: id[id.startIndex]) }
        ids.sort { (rank($0)!, $0) < (rank($1)!, $1) }
        let nodes = ids.map { id in
            PlannedNode(
                id: id, operation: operators[id[id.startIndex]]!, plugin: reference, config: .null)
        }
        let edges = pairs.map { pair in
            PlannedEdge(
                from: ids.firstIndex(of: pair[0])!, to: ids.firstIndex(of: pair[1])!,
                partition: .forward)
        }
        var plan = Plan(job: "j", name: "n", nodes: nodes, edges: edges, threads: 1)
        plan.checkpoints.guarantee = guarantee
        return DeliveryCheck(plan)
    }

    @Test(arguments: [
        ("f>x", "x exactly once (two-phase commit)"),
        ("g>p>x", "x exactly once (two-phase commit)"),
        ("f>l", "l at least once"),
        ("f>c>x f>l", "x exactly once (two-phase commit), l at least once"),
        ("q>x", "x at least once (q may give records again)"),
        ("s>x", "x at most once (s cannot replay)"),
        ("s>l", "l at most once (s cannot replay)"),
        ("s>c>l", "l without a guarantee (s cannot replay)"),
        ("s>p>x f>p", "x at most once (s cannot replay)"),
        ("s>l f>l s2>l", "l without a guarantee (s, s2 cannot replay)"),
        ("j>p>x", "x exactly once (two-phase commit, j from the journal on)"),
        ("j>l f>l", "l at least once (j from the journal on)"),
        ("j>x q>x", "x at least once (q may give records again)"),
        ("j>x s>x", "x at most once (s cannot replay)"),
        ("s>x f>x2", "x at most once (s cannot replay), x2 exactly once (two-phase commit)"),
    ])
    func `a sink keeps what all before it can keep`(_ graph: String, _ text: String) {
        #expect(Self.check(graph).text == text)
    }

    @Test func `no more is promised than the topology asks for`() {
        #expect(Self.check("f>x f>l", .atLeastOnce).text == "x at least once, l at least once")
        #expect(Self.check("f>x s>l", .atMostOnce).text == "x at most once, l at most once")
        #expect(Self.check("f>p").text == nil)
    }

    @Test(arguments: [
        ("f>x", PlannedCheckpoints.Guarantee.exactlyOnce, []),
        ("f>l s>x", .exactlyOnce, [2406, 2407]),
        ("f>l s>x", .atLeastOnce, [2406]),
        ("f>l s>x", .atMostOnce, []),
        ("q>x", .exactlyOnce, []),
        ("j>x", .exactlyOnce, [2406]),
        ("j>x", .atLeastOnce, [2406]),
        ("j>x", .atMostOnce, []),
    ])
    func `notices tell what lowers the guarantee that was asked for`(
        _ graph: String, _ guarantee: PlannedCheckpoints.Guarantee, _ codes: [Int]
    ) {
        let notices = Self.check(graph, guarantee).notices
        #expect(notices.map(\.failure.code.rawValue) == codes)
        #expect(notices.allSatisfy { $0.severity == .notice && $0.failure.next != nil })
    }

    @Test(arguments: [
        ("f>p>c>x f>l", "goes on from the last checkpoint"),
        ("q>l", "goes on from the last checkpoint"),
        ("f>c>x g>p>l", "goes on from the last checkpoint, each of its 2 regions by itself"),
        ("f>k>x", "goes on from the last checkpoint"),
        ("s>x", "the run ends: s cannot replay"),
        ("f>x s>c>l", "the run ends: s cannot replay"),
        ("f>m>x", "the run ends: m (memory 1.0.0) neither saves state nor says that it has none"),
    ])
    func `a crash is got over where nothing is lost by it`(_ graph: String, _ text: String) {
        #expect(Self.check(graph).restartText == text)
        #expect(Self.check(graph, .atMostOnce).obstacle == "the topology asks for at_most_once")
    }

    @Test func `notices stand at the operator in the file`() throws {
        let text = """
            millrace: 1
            nodes:
              a: {use: stdin}
              z: {use: "null", from: a}
            """
        let inspection = Faces.inspect(text)
        let notices = try #require(inspection.delivery).notices
        #expect(Check.short(notices) == ["n MR2406 3:12", "n MR2407 4:12"])
        #expect(inspection.findings.isEmpty)
    }

    @Test func `the keys of the file are in the plan`() throws {
        let plan = try #require(
            Faces.inspect(
                """
                millrace: 1
                nodes: {a: {use: generate}, z: {use: "null", from: a}}
                checkpoint: {every: 5s, guarantee: at_least_once, store: "file:///var/a:b",
                  timeout: 2m, retain: 7}
                restart: {backoff: 0s..2s, budget: {count: 9, per: 1h}}
                """
            ).plan)
        var checkpoints = PlannedCheckpoints()
        checkpoints.every = 5_000_000_000
        checkpoints.guarantee = .atLeastOnce
        checkpoints.store = "/var/a:b"
        checkpoints.timeout = 120_000_000_000
        checkpoints.retained = 7
        #expect(plan.checkpoints == checkpoints)
        var restarts = PlannedRestarts()
        restarts.backoffLeast = 0
        restarts.backoffMost = 2_000_000_000
        restarts.count = 9
        restarts.per = 3_600_000_000_000
        #expect(plan.restarts == restarts)
    }
}
