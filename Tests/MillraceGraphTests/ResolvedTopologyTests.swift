// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Defaults, origins and the canonical form.
struct ResolvedTopologyTests {
    private func resolved(_ text: String, overrides: [String] = []) throws -> ResolvedTopology {
        let inspection = Faces.inspect(text, overrides: overrides)
        return try #require(Faces.resolved(inspection), "\(Faces.findings(inspection))")
    }

    @Test func `each value says where it comes from`() throws {
        let topology = try resolved(
            Self.shop, overrides: ["b.threshold=0.25"])
        #expect(
            topology.yaml == Self.resolvedShop, "\(topology.yaml)")
    }

    @Test(arguments: Faces.files)
    func `the resolved file runs the same`(_ text: String) throws {
        // A secret would come back as three stars.
        let text = text.replacing("token: \"${file:/secret}\", ", with: "")
        let first = try resolved(text)
        let second = try resolved(first.yaml)
        #expect(open(second.json) == open(first.json), "\(first.yaml)")
        #expect(try resolved(second.yaml).json == second.json)
    }

    /// Without who put the `key` nodes there.
    private func open(_ json: JSON) -> String {
        Faces.text(json).replacing("\"inserted\": true", with: "\"inserted\": false")
    }

    @Test func `the order of the file does not matter`() throws {
        func file(_ nodes: [String]) -> String {
            "millrace: 1\nnodes:\n" + nodes.map { "  \($0)\n" }.joined()
        }
        let nodes = [
            "in: {use: orders}", "x: {use: pass, from: {node: in, key: b}, parallelism: 2}",
            "c: {use: pass, from: {node: in, key: c}, parallelism: 2}",
            "score: {use: fraud.score, from: in, with: {limits: {b: 1, a: 2}}}",
            "out: {use: net.beta.send, from: [x, c, score.low, score.high]}",
        ]
        let first = try resolved(file(nodes))
        let other = nodes.reversed().map { $0.replacing("{b: 1, a: 2}", with: "{a: 2, b: 1}") }
        let second = try resolved("\(file(Array(other)))name: other\n")
        #expect(Faces.text(first.json) == Faces.text(second.json))
        #expect(first.nodes.map(\.id) == ["in", "in_key", "c", "in_key_2", "score", "x", "out"])
    }

    @Test func `secrets are three stars in every form`() throws {
        let topology = try resolved(
            """
            millrace: 1
            nodes:
              a: {use: orders}
              b: {use: fraud.score, from: a, with: {token: "${file:/secret}"}}
              c: {use: "null", from: [b.high, b.low]}
            """)
        for text in [topology.yaml, Faces.text(topology.json), topology.text()] {
            #expect(text.contains("***"))
            #expect(!text.contains("hush"))
        }
        #expect(topology.yaml.contains("token: \"***\"  # file /secret, t.yaml:4:"))
    }

    @Test func `there is none of a broken file, or with a value that is not known`() {
        #expect(Faces.resolved(Faces.inspect("millrace: 1\nnodes: {}\n")) == nil)
        #expect(Faces.resolved(Faces.inspect("millrace: 1\nnodes: {a: {use: nope}}")) == nil)
        #expect(Faces.resolved(Faces.inspect([])) == nil)
    }

    @Test func `a plan alone gives all but the origins`() throws {
        let inspection = Faces.inspect(Faces.files[0])
        let plan = try #require(inspection.plan)
        let bare = ResolvedTopology(plan)
        let full = try #require(Faces.resolved(inspection))
        #expect(open(bare.json) == open(full.json))
        #expect(!bare.yaml.contains("default"))
    }

    private static let shop = """
        millrace: 1
        name: shop
        defaults: {parallelism: 3, queue: 64, watchdog: {soft: 2s}}
        nodes:
          a: {use: generate, with: {count: "${N}", value: "${NOPE:-x}"}, parallelism: 1}
          d: {use: json.decode, from: a, parallelism: 1}
          b:
            use: fraud.score
            from: {node: d, partition: hash, key: id}
            with: {token: "${file:/secret}", wait: 60s, start: {at: now}}
          c: {use: single, from: [b.high, b.low], watchdog: {hard: 5s}}
          e: {use: "null", from: {node: c, queue: 32}}
        arena: 64MiB
        """

    private static let resolvedShop = """
        millrace: 1
        name: shop  # t.yaml:2:7
        plugins: [sample@1.0.0]
        arena: 64MiB  # t.yaml:13:8
        threads: 2  # default: processors
        pin: false  # default
        idle: adaptive  # default
        checkpoint:
          every: 1s  # default
          guarantee: exactly_once  # default
          timeout: 1m  # default
          retain: 3  # default
        restart:
          backoff: 100ms..30s  # default
          budget:
            count: 5  # default
            per: 1m  # default
        nodes:
          a:  # plugin sample 1.0.0
            use: generate@1.0.0  # t.yaml:5:12
            with:
              count: 7  # variable N, t.yaml:5:36
              size: 100B  # default of the operator
              spread: round_robin  # default of the operator
              value: x  # default of NOPE, t.yaml:5:51
            parallelism: 1  # t.yaml:5:79
            isolation: executor  # default
            output_memory: 2MiB  # default
            watchdog:
              soft: 2s  # defaults, t.yaml:3:56
              hard: 10s  # default
          d:  # plugin sample 1.0.0
            use: json.decode@1.0.0  # t.yaml:6:12
            from:
              - node: a.out  # fused: no queue
                input: in
                partition: forward  # default: equally many tasks
            parallelism: 1  # t.yaml:6:47
            isolation: executor  # default
            output_memory: 2MiB  # default
            watchdog:
              soft: 2s  # defaults, t.yaml:3:56
              hard: 10s  # default
          d_key:  # plugin sample 1.0.0
            use: key@1.0.0  # default: for the key of an edge
            from:
              - node: d.out  # fused: no queue
                input: in
                partition: forward  # default: equally many tasks
            with:
              field: id  # t.yaml:9:43
            parallelism: 1  # default: that of the node before it
            isolation: executor  # default
            output_memory: 2MiB  # default
            watchdog:
              soft: 1s  # default
              hard: 10s  # default
          b:  # plugin sample 1.0.0
            use: com.example.fraud.score@1.0.0  # t.yaml:8:10
            from:
              - node: d_key.out
                input: in
                partition: hash  # t.yaml:9:32
                queue: 64  # defaults, t.yaml:3:35
            with:
              threshold: 0.25  # --set
              token: "***"  # file /secret, t.yaml:10:19
              wait: 1m  # t.yaml:10:44
              start:
                at: now  # t.yaml:10:61
                fast: false  # default of the operator
            parallelism: 3  # defaults, t.yaml:3:25
            isolation: executor  # default
            output_memory: 2MiB  # default
            watchdog:
              soft: 2s  # defaults, t.yaml:3:56
              hard: 10s  # default
          c:  # plugin sample 1.0.0
            use: single@1.0.0  # t.yaml:11:12
            from:
              - node: b.high
                input: in
                partition: round_robin  # default: unequally many
                queue: 64  # defaults, t.yaml:3:35
              - node: b.low
                input: in
                partition: round_robin  # default: unequally many
                queue: 64  # defaults, t.yaml:3:35
            parallelism: 1  # default: all that the operator can do
            isolation: executor  # default
            output_memory: 2MiB  # default
            watchdog:
              soft: 2s  # defaults, t.yaml:3:56
              hard: 5s  # t.yaml:11:60
          e:  # plugin sample 1.0.0
            use: null@1.0.0  # t.yaml:12:12
            from:
              - node: c.out
                input: in
                partition: round_robin  # default: unequally many
                queue: 32  # t.yaml:12:43
            parallelism: 3  # defaults, t.yaml:3:25
            isolation: executor  # default
            watchdog:
              soft: 2s  # defaults, t.yaml:3:56
              hard: 10s  # default

        """
}
