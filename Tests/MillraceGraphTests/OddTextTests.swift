// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Texts that editors and machines make: marks stay right, or the text is refused at its place.
struct OddTextTests {
    private let good = "millrace: 1\nnodes:\n  a: {use: generate}\n  z: {use: \"null\", from: a}\n"
    private let wrong = "millrace: 1\nnodes:\n  a: {use: genrate}\n"

    @Test func `a byte order mark is no character`() {
        #expect(Check.yaml("\u{FEFF}" + good).findings.isEmpty)
        let text =
            "\u{FEFF}milrace: 1\n"
            + good.split(separator: "\n").dropFirst().joined(
                separator: "\n")
        let (_, findings) = Check.yaml(text)
        #expect(Check.short(findings) == ["MR2003 1:1", "MR2009 1:1"])
        let shown = FindingText.render(findings, sources: ["t.yaml": text])
        #expect(shown.contains("    1 | milrace: 1\n        ^^^^^^^\n"), "\(shown)")
    }

    @Test(arguments: ["\r\n", "\r", "\n"])
    func `lines may end as they do anywhere`(_ end: String) {
        #expect(Check.yaml(good.replacing("\n", with: end)).findings.isEmpty)
        let text = wrong.replacing("\n", with: end)
        let (_, findings) = Check.yaml(text)
        #expect(Check.short(findings) == ["MR2102 3:12"])
        let shown = FindingText.render(findings, sources: ["t.yaml": text])
        #expect(shown.contains("3 |   a: {use: genrate}\n"), "\(shown)")
    }

    @Test(arguments: ["\0", "\u{1}", "\u{7F}", "\u{FFFF}"])
    func `a control character is refused where it stands`(_ odd: String) {
        let (plan, findings) = Check.yaml("millrace: 1\nname: a\(odd)b\nnodes: {}\n")
        #expect(plan == nil)
        #expect(Check.short(findings) == ["MR2001 2:8"])
    }

    @Test func `the place of the first byte that is no UTF-8 is known`() {
        func place(_ bytes: [UInt8]) -> Mark { SourceLines.invalidPlace(bytes, file: "f") }
        #expect(place([0x61, 0xFF]) == Mark(file: "f", line: 1, column: 2))
        #expect(
            place(Array("é\r\nxy".utf8) + [0xC3, 0x28]) == Mark(file: "f", line: 2, column: 3))
        #expect(place(Array("abc".utf8)) == Mark(file: "f", line: 1, column: 4))
        #expect(place([]) == Mark(file: "f", line: 1, column: 1))
    }

    @Test func `a very long line is told in a short one`() {
        let long = String(repeating: "x", count: 200_000)
        let text = "millrace: 1\nnodes:\n  a: {use: generate, with: {value: \(long), cuont: 1}}\n"
        let (_, findings) = Check.yaml(text)
        #expect(Check.short(findings) == ["MR2104 3:200038"])
        let shown = FindingText.render(findings, sources: ["t.yaml": text])
        #expect(shown.count < 500)
        #expect(shown.contains("cuont: 1}}"))
    }

    /// Where the text of a value stands, by a search in the file.
    @Test(arguments: [
        "where: a ? b", "where: 'a ? b'", "where: \"a ? b\"", "where:   \"\\t\\x41\\u00e9 ?\"",
        "where: '''?'''", "where: \"\\\"?\\\\\"", "where: &x 'a ?'", "where: &x a ?",
        "where: \"\\U0001F600 ?\"", "where: \"👩‍👩‍👧 é ?\"", "where: \"\\N\\L\\_ ?\"",
        "where: a ? # and a comment", "where: 'a ?' # '", "{where: a ?, by: x}",
    ])
    func `a place in a value is a place in the file`(_ written: String) throws {
        let inner = written.hasPrefix("{") ? written : "{\(written.prefix { $0 != "#" })}"
        let block = written.hasPrefix("{") ? written : "\n      \(written)"
        for with in [inner, block] {
            let text = """
                millrace: 1
                nodes:
                  a: {use: generate}
                  f:
                    use: filter
                    from: a
                    with: \(with)
                  z: {use: "null", from: f}
                """
            let (_, findings) = Check.yaml(text)
            let mark = try #require(findings.first?.failure.mark)
            #expect(findings.map(\.failure.code) == [.expressionSyntax], "\(findings)")
            let line = try #require(SourceLines(text)[mark.line])
            #expect(line.dropFirst(mark.column - 1).hasPrefix("?"), "\(with) \(mark)")
            #expect(mark.length == 1)
        }
    }
}
