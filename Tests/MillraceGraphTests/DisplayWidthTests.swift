// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceGraph

@Suite struct DisplayWidthTests {
    @Test(arguments: [
        ("abc", 3), ("", 0), ("ü", 1), ("u\u{308}", 1), ("日本", 4), ("한", 2), ("ｱ", 1), ("Ａ", 2),
        ("😀", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("→", 1), ("\u{200B}", 0), ("\u{301}", 0), ("é́", 1),
    ])
    func `a text has the columns that a terminal gives it`(_ text: String, _ columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    private func render(_ line: String, column: Int, length: Int) -> [String] {
        let mark = Mark(file: "a.yaml", line: 1, column: column, length: length)
        let finding = Finding(.error, Failure(.unknownKey, at: mark, "wrong"))
        return FindingText.render(finding, source: line).split(separator: "\n").map(String.init)
    }

    @Test func `carets stand below wide, combining and tab characters`() {
        #expect(
            render("日本: {cout: 3}", column: 6, length: 4).dropFirst() == [
                "    1 | 日本: {cout: 3}", "               ^^^^",
            ])
        #expect(
            render("a\u{301}\t日本語", column: 3, length: 2).dropFirst() == [
                "    1 | a\u{301} 日本語", "          ^^^^",
            ])
    }

    @Test func `a long line is cut around its place`() {
        let line = String(repeating: "語", count: 100) + "wrong" + String(repeating: "x", count: 99)
        let lines = render(line, column: 101, length: 5)
        let carets = lines[2].prefix { $0 == " " }.count
        let before = lines[1].prefix { $0 != "w" }
        #expect(DisplayWidth.of(before) == carets)
        #expect(lines[2].hasSuffix(" ^^^^^"))
        #expect(DisplayWidth.of(lines[1]) <= 8 + 96)
    }

    @Test func `what is printed cannot change the terminal`() {
        let lines = render("a: \u{1B}[31mred\u{7} \u{202E}txt", column: 1, length: 1)
        #expect(lines[1] == "    1 | a: \u{FFFD}[31mred\u{FFFD} \u{FFFD}txt")
        let mark = Mark(file: "a\u{1B}.yaml", line: 9, column: 1)
        let text = FindingText.render(
            Finding(.error, Failure(.unknownKey, at: mark, "\u{9B}2J", next: "b\r\nc")), source: nil
        )
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B })
        #expect(!text.contains("\r"))
    }

    @Test func `a place outside of its line is no reason to fail`() {
        for (column, length) in [(1, 0), (4, 1), (5, 3), (400, 1), (1, 1000)] {
            #expect(!render("abc", column: column, length: length).isEmpty)
        }
    }
}

@Suite struct MarkdownTopologiesTests {
    @Test func `a block is found at its lines, whatever its fence`() {
        let document = "text\r\n````yaml title=a\nmillrace: 1\n```\n````\n  ~~~YML\n  millrace: 1"
        let found = MarkdownTopologies.find(in: document)
        #expect(
            found.texts == ["\n\nmillrace: 1\n```\n", "\n\n\n\n\n\n  millrace: 1\n"])
        #expect(found.skipped.isEmpty)
    }

    @Test func `what is no block of YAML, or no topology, is left alone`() {
        let document = """
            millrace: 1
            ```text
            millrace: 1
            ```
            ```yaml
            services: {}
            ```
            a ```yaml inline``` and ``` `yaml
            """
        let found = MarkdownTopologies.find(in: document)
        #expect(found.texts.isEmpty)
        #expect(found.skipped == [5])
    }
}
