// SPDX-License-Identifier: Apache-2.0
import Testing

struct TokenizerTests {
    private func words(_ text: String, isC: Bool = false) -> String {
        Tokenizer.tokens(of: text, isC: isC).map(\.text).joined(separator: " ")
    }

    @Test func `comments and texts leave no tokens`() {
        #expect(words("a // b\nc /* d /* e */ f */ g") == "a c g")
        #expect(words("a /* b /* c */ d", isC: true) == "a d")
        #expect(words(#"x = "y // \" z" + 1"#) == "x = + 1")
        #expect(words("x(\"\"\"\n a \" b\n\"\"\", y)") == "x ( , y )")
        #expect(words("a #\"b\"c\"# d") == "a d")
        #expect(words("char c = '\"', *d = \"e\";", isC: true) == "char c = , * d = ;")
    }

    @Test func `an interpolation is code`() {
        #expect(words(#"print("a \(b ?? "c \(d)") e", f)"#) == "print ( b ? ? d , f )")
    }

    @Test func `lines of the preprocessor are left out and lines are counted`() {
        let tokens = Tokenizer.tokens(of: "#define A \\\n  b\n  # include <c>\nint d;", isC: true)
        #expect(tokens.first == Token(text: "int", line: 4))
        #expect(tokens.lines(of: ["d", ";"]) == [4])
    }
}
