// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

struct YAMLReaderTests {
    @Test(arguments: [
        ("true", TreeValue.Content.bool(true)), ("false", .bool(false)), ("True", .text("True")),
        ("yes", .text("yes")), ("no", .text("no")), ("on", .text("on")), ("~", .null), ("", .null),
        ("null", .null), ("12", .int(12)), ("-3", .int(-3)), ("012", .int(12)), ("0o17", .int(15)),
        ("0xff", .int(255)), ("1_000", .text("1_000")), ("12:30", .text("12:30")),
        ("1.5", .float(1.5)), (".5", .float(0.5)), ("1e3", .float(1_000)), ("1e", .text("1e")),
        ("inf", .text("inf")), ("0x", .text("0x")), ("0x-5", .text("0x-5")), ("-", .text("-")),
        ("2026-01-01", .text("2026-01-01")), ("99999999999999999999", .float(1e20)),
    ])
    func `a plain scalar has the meaning of the core schema`(
        _ text: String, _ content: TreeValue.Content
    ) {
        #expect(TreeValue.Content.ofPlain(text) == content)
    }

    @Test func `marks count characters and underline the scalar`() throws {
        var findings = Findings()
        let text = "käse: {\"größe\": 'x y', b: [1, zwölf]}\nz: |\n  many\n"
        let tree = try #require(YAMLReader.read(text, file: "f", findings: &findings))
        let cheese = try #require(tree["käse"])
        #expect(cheese.nameMark == Mark(file: "f", line: 1, column: 1, length: 4))
        let size = try #require(cheese.value["größe"])
        #expect(size.nameMark == Mark(file: "f", line: 1, column: 8, length: 7))
        #expect(size.value.mark == Mark(file: "f", line: 1, column: 17, length: 5))
        guard case .list(let items) = cheese.value["b"]?.value.content else {
            Issue.record("b is a list")
            return
        }
        #expect(items[1].mark == Mark(file: "f", line: 1, column: 31, length: 5))
        #expect(tree["z"]?.value.content == .text("many\n"))
        #expect(tree["z"]?.value.mark.line == 2)
    }

    @Test func `JSON is read as it is`() throws {
        var findings = Findings()
        let tree = try #require(
            YAMLReader.read(
                "{\"a\": [1, 2.5, null, true, \"\\u00e4\\n\"], \"b\": {}}", file: "f",
                findings: &findings))
        guard case .list(let items) = tree["a"]?.value.content else {
            Issue.record("a is a list")
            return
        }
        #expect(items.map(\.content) == [.int(1), .float(2.5), .null, .bool(true), .text("ä\n")])
    }

    @Test func `anchors work, bombs do not`() {
        var findings = Findings()
        #expect(YAMLReader.read("a: &x [1]\nb: *x\n", file: "f", findings: &findings) != nil)
        #expect(findings.all.isEmpty)
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...30 {
            bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(YAMLReader.read(bomb, file: "f", findings: &findings) == nil)
        #expect(findings.all.map(\.failure.code) == [.tooLarge])
        // The same as a key would be hashed by the parser, in a time that doubles per level.
        for key in ["*a30 : 1\n", "? *a30\n: 1\n", "[*a30]: 1\n", "b: {*a30 : 1}\n"] {
            var findings = Findings()
            #expect(YAMLReader.read(bomb + key, file: "f", findings: &findings) == nil)
            #expect(findings.all.map(\.failure.code) == [.tooLarge])
        }
    }

    @Test func `size, depth and number are limited`() {
        for text in [
            String(repeating: "#\n", count: 600_000), String(repeating: "[", count: 900),
            String(repeating: "{a: ", count: 5_000),
            "[" + String(repeating: "1,", count: 10_001) + "]",
            String(repeating: "- ", count: 2_000),
        ] {
            var findings = Findings()
            #expect(YAMLReader.read(text, file: "f", findings: &findings) == nil)
            #expect([.tooLarge, .yamlSyntax].contains(findings.all.first?.failure.code))
        }
    }

    @Test func `a finding is shown with its line and its place`() {
        let text = "millrace: 1\nnodes:\n  score: {use: fraud.score, with: {treshold: 0.8}}\n"
        let (_, findings) = Check.yaml(text)
        #expect(
            FindingText.render(findings, sources: ["t.yaml": text])
                == """
                t.yaml:3:36  error MR2104  nodes.score.with.treshold: unknown parameter of \
                com.example.fraud.score
                    3 |   score: {use: fraud.score, with: {treshold: 0.8}}
                                                           ^^^^^^^^
                   did you mean `threshold` (number 0…1, default 0.5)?
                """)
        #expect(FindingText.count(findings) == "1 error")
    }

    @Test func `a long line is cut around the place`() {
        let text =
            "x: \(String(repeating: "y", count: 500)) WRONG \(String(repeating: "z", count: 500))"
        let mark = Mark(file: "f", line: 1, column: 505, length: 5)
        let shown = FindingText.render(
            Finding(.error, Failure(.wrongType, at: mark, "wrong")), source: text)
        let lines = shown.split(separator: "\n").map(Array.init)
        #expect(lines[1].count < 120)
        let caret = lines[2].firstIndex(of: "^") ?? 0
        #expect(String(lines[1][caret..<(caret + 5)]) == "WRONG")
    }
}
