// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import millrace

@Suite struct MarkdownTextTests {
    private func render(_ markdown: String, width: Int = 40, colours: Bool = false) -> String {
        MarkdownText(width: width) { colours ? "<\($1.rawValue):\($0)>" : $0 }.render(markdown)
    }

    @Test func `paragraphs are filled, items of lists hang, code stays`() {
        let text = """
            # A page

            One line of text that is
            broken by hand, with `some code` and [a link](there.md).

            * an item that is too long for one line of the text
            * another

            ```text
            code   stays as it is, however long the line of it may be
            ```

            """
        #expect(
            render(text) == """
                A page

                One line of text that is broken by hand,
                with some code and a link.

                  - an item that is too long for one
                    line of the text
                  - another

                    code   stays as it is, however long the line of it may be
                """)
    }

    @Test func `a table has columns, and its last one is wrapped`() {
        let text = """
            | name | type | what it is for |
            | --- | --- | --- |
            | `a` | text | the first of all and a longish story |
            | `日本` | one of a\\|b | short |
            """
        #expect(
            render(text, width: 44) == """
                  name  type        what it is for
                  a     text        the first of all and a
                                    longish story
                  日本  one of a|b  short
                """)
    }

    @Test func `a last column without room goes below`() {
        let text = "| name | about |\n| --- | --- |\n| a.rather.long.name.for.it | what it does |\n"
        #expect(
            render(text) == "  name\n  a.rather.long.name.for.it\n      what it does")
    }

    @Test func `headings and code have ink`() {
        #expect(render("# A\n\nb `c d` e", colours: true) == "<1:A>\n\nb <36:c d> e")
    }

    @Test(arguments: ["", "`", "```", "|", "||", "# ", "* ", "[a](", "| \\", "a\u{301}`"])
    func `a page that is no good Markdown is printed, not refused`(_ text: String) {
        _ = render(text, width: 1)
    }
}
