// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

struct GraphDrawingTests {
    private let shop = """
        millrace: 1
        name: shop
        nodes:
          orders: {use: orders, description: "All | \\"orders\\"\\nof a day"}
          parse: {use: pass, from: orders}
          score:
            use: fraud.score
            from: {node: parse, partition: hash, key: customer}
            parallelism: 4
          mean: {use: pass, from: {node: score.high, partition: hash, key: customer}}
          alerts: {use: net.alpha.send, from: [score.high, mean]}
          archive: {use: "null", from: [{node: score.low, queue: 64}, mean]}
        """

    private func drawn() throws -> (written: GraphDrawing, resolved: GraphDrawing) {
        let inspection = Faces.inspect(shop)
        let topology = try #require(inspection.topology)
        let resolved = try #require(Faces.resolved(inspection), "\(Faces.findings(inspection))")
        return (GraphDrawing(topology, title: "none"), GraphDrawing(resolved))
    }

    @Test func `what was written, from the sources down`() throws {
        #expect(
            try drawn().written.text() == """
                ● orders  orders
                ▼
                ● parse  pass
                ▼ hash, key customer
                ● score  fraud.score ×4
                ├─┬─╮
                ▼ │ │ high, hash, key customer
                ● │ │ mean  pass
                ├─┼─┼─╮
                │ ▼ │ │ score high
                ▼ │ │ │ mean
                ●─╯ │ │ alerts  net.alpha.send
                    ▼ │ score low, queue 64
                    │ ▼ mean
                    ●─╯ archive  null

                """)
    }

    @Test func `what runs, with partitions, queues and tasks`() throws {
        #expect(
            try drawn().resolved.text() == """
                ● orders  orders@1.0.0
                ▼ out → in, fused
                ● parse  pass@1.0.0
                ▼ out → in, fused
                ○ parse_key  key@1.0.0
                ▼ out → in, hash, queue 1024
                ● score  com.example.fraud.score@1.0.0 ×4
                ├─┬─╮
                ▼ │ │ high → in, forward, queue 1024
                ○ │ │ score_key  key@1.0.0 ×4
                ▼ │ │ out → in, hash, queue 1024
                ● │ │ mean  pass@1.0.0
                ├─┼─┼─╮
                │ ▼ │ │ score high → in, round_robin, queue 1024
                ▼ │ │ │ mean out → in, forward, queue 1024
                ●─╯ │ │ alerts  net.alpha.send@1.0.0
                    ▼ │ score low → in, round_robin, queue 64
                    │ ▼ mean out → in, forward, queue 1024
                    ●─╯ archive  null@1.0.0

                """)
    }

    @Test func `for Graphviz`() throws {
        #expect(
            try drawn().written.dot == """
                digraph "shop" {
                  rankdir=LR;
                  node [shape=box, fontname="sans-serif"];
                  edge [fontname="sans-serif", fontsize=10];
                  n0 [label="orders\\norders", tooltip="All | \\"orders\\"\\nof a day"];
                  n1 [label="parse\\npass"];
                  n2 [label="score\\nfraud.score ×4"];
                  n3 [label="mean\\npass"];
                  n4 [label="alerts\\nnet.alpha.send"];
                  n5 [label="archive\\nnull"];
                  n0 -> n1;
                  n1 -> n2 [label="hash, key customer"];
                  n2 -> n3 [label="high, hash, key customer"];
                  n2 -> n4 [label="high"];
                  n3 -> n4;
                  n2 -> n5 [label="low, queue 64"];
                  n3 -> n5;
                }

                """)
    }

    @Test func `for Mermaid`() throws {
        #expect(
            try drawn().written.mermaid == """
                flowchart LR
                  n0["orders<br/>orders"]
                  n1["parse<br/>pass"]
                  n2["score<br/>fraud.score ×4"]
                  n3["mean<br/>pass"]
                  n4["alerts<br/>net.alpha.send"]
                  n5["archive<br/>null"]
                  n0 --> n1
                  n1 -->|"hash, key customer"| n2
                  n2 -->|"high, hash, key customer"| n3
                  n2 -->|"high"| n4
                  n3 --> n4
                  n2 -->|"low, queue 64"| n5
                  n3 --> n5

                """)
    }

    @Test func `labels may hold anything`() {
        let nasty = "a\"b\\|c\n]}<i>#;`&\u{1b}[31m"
        let drawing = GraphDrawing(
            title: nasty, nodes: [.init(id: nasty, label: nasty), .init(id: "z", label: "z")],
            edges: [.init(from: 0, to: 1, ports: nasty, label: nasty)])
        #expect(!drawing.text().contains("\u{1b}"))
        #expect(drawing.text().split(separator: "\n").count == 3)
        #expect(drawing.dot.hasPrefix("digraph \"a\\\"b\\\\|c\\n]}<i>#;`& [31m\" {\n"))
        #expect(
            drawing.mermaid.contains(
                "n0[\"a#34;b#92;#124;c<br/>#93;#125;#60;i#62;#35;#59;#96;#38; #91;31m<br/>"))
    }

    @Test func `an empty graph is drawn as nothing`() {
        let drawing = GraphDrawing(title: "", nodes: [], edges: [])
        #expect(drawing.text().isEmpty)
        #expect(drawing.mermaid == "flowchart LR\n")
        #expect(drawing.dot.hasPrefix("digraph \"\" {\n"))
    }

    @Test func `ten thousand nodes and many open edges stay within eighty columns`() {
        let count = 10_000
        var edges: [GraphDrawing.Edge] = []
        for node in 1..<count {
            edges.append(.init(from: (node - 1) / 3, to: node, ports: "out → in", label: "fused"))
            if node > 50 { edges.append(.init(from: node - 50, to: node, label: "round_robin")) }
        }
        let drawing = GraphDrawing(
            title: "many",
            nodes: (0..<count).map {
                .init(id: "node_\($0)", label: "com.example.of.a.long.name.\($0)", tasks: 16)
            }, edges: edges)
        let lines = drawing.text().split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 })
        for node in [0, 1, 77, count - 1] {
            #expect(lines.contains { $0.contains("● ") && $0.contains("node_\(node)  com.") })
        }
        // Each edge is named once, beside its lane or by its producer.
        #expect(lines.filter { $0.contains("round_robin") }.count == count - 51)
        #expect(lines.contains { $0.contains("▷ node_") })
        #expect(drawing.dot.split(separator: "\n").count == count + edges.count + 5)
    }

    @Test func `what is too long for the line goes on below it, beside the lanes`() {
        let id = String(repeating: "x", count: 60)
        let drawing = GraphDrawing(
            title: "",
            nodes: [
                .init(id: "a", label: "a"), .init(id: id, label: "com.example.long"),
                .init(id: "b", label: "b"),
            ],
            edges: [.init(from: 0, to: 1), .init(from: 0, to: 2)])
        #expect(
            drawing.text() == """
                ● a  a
                ├─╮
                ▼ │
                ● │ \(id)
                  │   com.example.long
                  ▼
                  ● b  b

                """, "\(drawing.text())")
    }
}
