// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceHost

/// What operators say about their failures.
struct OperatorWordsTests {
    @Test func `a text is a code, what is wrong, and what to do`() {
        let words = OperatorWords("MR5307 cannot write a: full\nfree some space\nthen run")
        #expect(words.code == .noSpaceLeft)
        #expect(words.text == "cannot write a: full")
        #expect(words.next == "free some space\nthen run")
    }

    @Test func `a text may be nothing but a text`() {
        let words = OperatorWords("no such thing")
        #expect(words == OperatorWords("no such thing\n"))
        #expect(words.code == nil)
        #expect(words.text == "no such thing")
        #expect(words.next == nil)
        #expect(OperatorWords("").text.isEmpty)
    }

    @Test(arguments: [
        "MR9001 ours", "MR4101 a crash", "MR5399 unknown", "MR5307", "MR53071 x", "MR53é1 x",
    ])
    func `other codes than known ones of connectors are part of the text`(_ said: String) {
        #expect(OperatorWords(said).code == nil)
        #expect(OperatorWords(said).text == said)
    }
}
