// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

struct OneLinerTests {
    @Test(arguments: [" ", "\t", "\n", "\u{A0}"])
    func `a word of blanks is no operator`(_ blank: String) {
        let (plan, findings) = TopologyCheck.run(
            .words(["generate", blank, "!", "null"]), catalog: SampleCatalog.all,
            environment: Check.environment, options: CheckOptions())
        #expect(plan == nil)
        #expect(Check.short(findings) == ["MR2501 1:10"])
    }

    @Test func `no words make no pipeline`() {
        #expect(Check.short(Check.line("").findings) == ["MR2501 1:1"])
    }

    @Test(arguments: [
        (
            "generate count=10 rate=1k/s ! pass parallelism=3 ! null",
            """
              generate: {use: generate, with: {count: 10, rate: 1k/s}}
              pass: {use: pass, from: generate, parallelism: 3}
              null: {use: "null", from: pass}
            """
        ),
        (
            "generate ! [partition=hash key=id queue=16] pass ! pass ! null",
            """
              generate: {use: generate}
              pass: {use: pass, from: {node: generate, partition: hash, key: id, queue: 16}}
              pass_2: {use: pass, from: pass}
              null: {use: "null", from: pass_2}
            """
        ),
        (
            "orders ! fraud.score name=s tags=[\"a\",\"b\"] start.at=x @s.high ! @out "
                + "@s.low ! @out pass name=out ! null",
            """
              orders: {use: orders}
              s: {use: fraud.score, from: orders, with: {tags: [a, b], start: {at: x}}}
              out: {use: pass, from: [s.high, s.low]}
              null: {use: "null", from: out}
            """
        ),
        (
            "generate value={\"x\":2} ! [partition.use=modulo] null parallelism=2",
            """
              generate: {use: generate, with: {value: '{"x":2}'}}
              null: {use: "null", from: {node: generate, partition: {use: modulo}}, parallelism: 2}
            """
        ),
    ])
    func `a line gives the plan of its file`(_ words: String, _ nodes: String) {
        let line = Check.line(words)
        let file = Check.yaml("millrace: 1\nnodes:\n\(nodes)\n")
        #expect(line.findings.isEmpty, "\(FindingText.render(line.findings, sources: [:]))")
        #expect(file.findings.isEmpty, "\(FindingText.render(file.findings, sources: [:]))")
        #expect(line.plan != nil)
        #expect(line.plan == file.plan)
    }

    @Test func `ids come from the operator and are counted`() {
        let plan = Check.line("orders ! json.decode@^1 ! pass ! pass ! null").plan
        #expect(plan?.nodes.map(\.id) == ["orders", "json_decode", "pass", "pass_2", "null"])
        let names = ["json.decode": "json_decode", "a-b.c@^1": "a_b_c", "errors": "errors_"]
        for (use, id) in names { #expect(OneLiner.defaultID(use) == id) }
    }

    @Test func `a given name is never taken by a made-up one`() {
        let plan = Check.line("generate ! pass ! pass ! pass name=pass_2 ! null").plan
        #expect(plan?.nodes.map(\.id) == ["generate", "pass", "pass_3", "pass_2", "null"])
    }
}
