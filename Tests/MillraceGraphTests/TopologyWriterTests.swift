// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// What is written reads back as what was meant.
struct TopologyWriterTests {
    @Test func `a one-liner becomes a file that a person would write`() throws {
        let inspection = Faces.inspect([
            "generate", "count=3", "value={\"x\":2}", "parallelism=2", "name=a", "!", "pass", "!",
            "@out", "@a", "!", "null",
            "pass", "name=out", "!", "fraud.score", "threshold=0.8", "tags=[\"a b\",\"no\"]",
            "start.at=noon", "@fraud_score.high", "!", "stdout", "@fraud_score.low", "!", "@null",
        ])
        #expect(
            Faces.written(inspection) == """
                millrace: 1
                nodes:
                  a:
                    use: generate
                    with: {count: 3, value: '{"x":2}'}
                    parallelism: 2
                  pass: {use: pass, from: a}
                  "null": {use: "null", from: [a, fraud_score.low]}
                  out: {use: pass, from: pass}
                  fraud_score:
                    use: fraud.score
                    from: out
                    with: {threshold: 0.8, tags: [a b, "no"], start: {at: noon}}
                  stdout: {use: stdout, from: fraud_score.high}

                """, "\(Faces.findings(inspection))")
    }

    @Test func `settings of an edge stay on it`() throws {
        let inspection = Faces.inspect([
            "orders", "!", "[partition=hash key=customer.id queue=64]", "pass", "parallelism=4",
            "!", "null",
        ])
        #expect(
            Faces.written(inspection)?.contains(
                "    from: {node: orders, partition: hash, key: customer.id, queue: 64}\n") == true)
    }

    @Test(arguments: Faces.files)
    func `a file that is written again means the same`(_ text: String) throws {
        let first = Faces.inspect(text)
        let plan = try #require(first.plan, "\(Faces.findings(first))")
        let written = try #require(Faces.written(first))
        let second = Faces.inspect(written)
        #expect(second.plan == plan, "\(written)\(Faces.findings(second))")
        #expect(Faces.written(second) == written)
    }

    @Test(arguments: Faces.files)
    func `JSON of a file means the same`(_ text: String) throws {
        let first = Faces.inspect(text)
        let members = try #require(TopologyWriter.document(first))
        let json = Faces.text(YAMLNode(.map(members)).json)
        let second = Faces.inspect(json)
        #expect(second.plan == first.plan, "\(json)\n\(Faces.findings(second))")
    }

    @Test func `a secret that is written out is hidden, a reference is not`() throws {
        let text = """
            millrace: 1
            nodes:
              a: {use: orders}
              b: {use: fraud.score, from: a, with: {token: TOKEN}}
              c: {use: "null", from: [b.high, b.low]}
            """
        func shown(_ token: String) -> String? {
            Faces.written(Faces.inspect(text.replacing("TOKEN", with: token)))
        }
        for literal in ["hunter2", "\"x${N}\"", "\"${MISSING:-hunter2}\"", "\"${N}${N}\""] {
            let written = try #require(shown(literal))
            #expect(written.contains("with: {token: \"***\"}"), "\(written)")
            #expect(!written.contains("hunter2"))
        }
        #expect(shown("\"${file:/secret}\"")?.contains("{token: \"${file:/secret}\"}") == true)
        #expect(shown("\"${N}\"")?.contains("{token: \"${N}\"}") == true)
    }

    @Test func `--set is written where it sets`() throws {
        let text = "millrace: 1\nnodes:\n  a: {use: generate}\n  b: {use: \"null\", from: a}\n"
        let inspection = Faces.inspect(
            text, overrides: ["a.count=5", "a.value=5", "b.parallelism=2"])
        #expect(
            Faces.written(inspection) == """
                millrace: 1
                nodes:
                  a:
                    use: generate
                    with: {count: 5, value: "5"}
                  b:
                    use: "null"
                    from: a
                    parallelism: 2

                """)
    }

    @Test func `nothing is written of a file that cannot be read`() {
        #expect(Faces.written(Faces.inspect("nodes: [")) == nil)
        #expect(Faces.written(Faces.inspect("")) == nil)
        #expect(Faces.written(Faces.inspect([])) == nil)
    }
}

/// Texts as YAML, judged by reading them back.
struct YAMLTextTests {
    private func read(_ text: String) throws -> TreeValue {
        var findings = Findings()
        let tree = YAMLReader.read(text, file: "t.yaml", findings: &findings)
        return try #require(
            tree, "\(text)\n\(FindingText.render(findings.sorted, sources: [:]))")
    }

    @Test(arguments: [
        ("no", "\"no\""), ("On", "\"On\""), ("1", "\"1\""), ("1.5", "\"1.5\""), ("", "\"\""),
        ("a: b", "\"a: b\""), ("a #b", "\"a #b\""), ("null", "\"null\""), ("~", "\"~\""),
        ("12:30", "\"12:30\""), ("2026-01-01", "\"2026-01-01\""), ("0b1", "\"0b1\""),
        ("1_000", "\"1_000\""), ("- a", "\"- a\""), ("<<", "\"<<\""), (" a", "\" a\""),
        ("a:", "\"a:\""), ("...", "\"...\""), ("!x", "\"!x\""), ("{a}", "\"{a}\""),
        ("\"b", "'\"b'"), ("'\"so\"", "\"'\\\"so\\\"\""), ("ä", "\"ä\""),
        ("x\u{feff}", "\"x\\ufeff\""), ("\u{7}", "\"\\x07\""), ("a\u{85}b", "\"a\\x85b\""),
        ("10s", "10s"), ("64KiB", "64KiB"), ("200/m", "200/m"), ("orders.high", "orders.high"),
        ("hdfs://nn/a", "hdfs://nn/a"), ("${A:-b}", "${A:-b}"), ("./a.so", "./a.so"),
        (
            "libm.so.6!pow(f64 = $value.x, f64 = 2) -> f64 = $value",
            "libm.so.6!pow(f64 = $value.x, f64 = 2) -> f64 = $value"
        ),
    ])
    func `a text is quoted where any reader needs it`(_ text: String, _ yaml: String) throws {
        let document = YAMLDocument.text([.init("k", YAMLNode(.text(text)))])
        #expect(document == "k: \(yaml)\n")
        #expect(try read(document)["k"]?.value.content == .text(text))
    }

    @Test func `several lines become a block`() throws {
        let document = YAMLDocument.text([
            .init("a", YAMLNode(.text("one\n  two\n\nthree\n"))),
            .init("b", YAMLNode(.text("one\ntwo"))), .init("c", YAMLNode(.text("\n"))),
        ])
        #expect(
            document == """
                a: |
                  one
                    two

                  three
                b: |-
                  one
                  two
                c: "\\n"

                """)
    }

    @Test func `ten thousand hostile texts survive, as values and as keys`() throws {
        let pieces: [String] = [
            "a", "no", " ", "\n", "\t", ":", "#", "- ", "'", "\"", "\\", "{", "}", "[", "]", ",",
            "&", "*", "!", "|", ">", "%", "@", "`", "1", "0x", ".", "e5", "\r", "\u{85}",
            "\u{2028}",
            "_\u{feff}", "é", "e\u{301}", "🙂", "\u{0}", "\u{1b}", "---", "...", "? ", "<<", "~",
            "=",
            "\u{ffff}", "\u{10ffff}", "$", "${x}", "true", "null", "\n\n", "  ", "x\n y\n",
        ]
        for seed in 0..<10_000 {
            var dice = Dice(state: UInt64(seed))
            func text() -> String {
                (0..<dice.roll(6)).map { _ in pieces[dice.roll(pieces.count)] }.joined()
            }
            let (key, one, two) = (text() + "k", text(), text())
            let nested = YAMLNode(
                .list([YAMLNode(.text(one)), YAMLNode(.map([.init(key, YAMLNode(.text(two)))]))]),
                comment: dice.roll(2) == 0 ? "said" : nil, spread: dice.roll(2) == 0)
            let document = YAMLDocument.text([
                .init(key, YAMLNode(.text(one), comment: dice.roll(3) == 0 ? "said" : nil)),
                .init("list", nested),
            ])
            let tree = try read(document)
            #expect(tree[key]?.value.content == .text(one), "seed \(seed): \(document)")
            guard case .list(let items)? = tree["list"]?.value.content, items.count == 2 else {
                Issue.record("seed \(seed): \(document)")
                return
            }
            #expect(items[0].content == .text(one), "seed \(seed): \(document)")
            #expect(items[1][key]?.value.content == .text(two), "seed \(seed): \(document)")
        }
    }

    @Test func `a key that is too long for one line has a line of its own`() throws {
        let key = String(repeating: "k", count: 1_500)
        let inner = YAMLNode(.map([.init(key, YAMLNode(.bare("1")))]))
        let document = YAMLDocument.text([.init(key, YAMLNode(.list([inner])))])
        let tree = try read(document)
        guard case .list(let items)? = tree[key]?.value.content else {
            Issue.record("\(document)")
            return
        }
        #expect(items.first?[key]?.value.content == .int(1))
    }
}
