// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

struct OneLinerTests {
    /// `§` stands before the place of each finding; the words are joined as a shell would.
    @Test(arguments: [
        ("generate ! pass §!", "MR2502"),
        ("§! pass", "MR2501"),
        ("generate ! §! null", "MR2501"),
        ("generate §[partition=hash] null", "MR2503"),
        ("§[partition=hash] null", "MR2503"),
        ("generate ! [partition=hash] §[queue=8] null", "MR2501"),
        ("generate ! §[partition=hash null", "MR2501"),
        ("generate ! [§hash] null", "MR2501"),
        ("§count=5 generate ! null", "MR2501"),
        ("generate name=a ! null @a §count=5", "MR2501"),
        ("generate name=a ! null §@a", "MR2501"),
        ("generate ! §@ ! null", "MR2501"),
        ("generate ! §@nobody", "MR2302"),
        ("generate count=1 §count=2 ! null", "MR2002"),
        ("generate name=x ! pass name=§x ! null", "MR2002"),
        ("§libm.so.6!sqrt(f64) ! null", "MR2008"),
        ("§generate!null", "MR2501"),
        ("§5 ! null", "MR2501"),
        ("generate §cuont=5 ! null", "MR2104"),
        ("generate count=§five ! null", "MR2004"),
        ("generate ! pass on_error=§drop ! null", "MR2008"),
        ("generate ! pass §window.fixed=1m ! null", "MR2008"),
        ("generate ! null parallelism=§many", "MR2004"),
        ("genrate ! null", "MR2102"),
    ])
    func `a broken line is refused at its word`(_ marked: String, _ code: String) {
        let words = marked.replacing("§", with: "")
        let place = marked.split(separator: "§", omittingEmptySubsequences: false)[0].count + 1
        let column = marked.contains("§") ? place : 1
        // Two places where the key is blamed, not the value.
        let found = Check.line(words).findings.filter { $0.severity == .error }
        let expected = adjusted(column, code, words)
        #expect(
            Check.short(found) == ["\(code) 1:\(expected)"],
            "\(FindingText.render(found, sources: [:]))")
        #expect(found.allSatisfy { $0.failure.mark?.file == "<command line>" })
    }

    /// A key that is not served is blamed by itself.
    private func adjusted(_ column: Int, _ code: String, _ words: String) -> Int {
        guard code == "MR2008", let range = words.firstRange(of: "on_error=") else { return column }
        return words.distance(from: words.startIndex, to: range.lowerBound) + 1
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
