// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import MillraceScreen

@Suite struct KeyDecoderTests {
    @Test(
        arguments: [
            ("q", [.character("q")]), ("\u{1B}[A\u{1B}[B", [.up, .down]),
            ("\u{1B}OA\u{1B}OF", [.up, .end]), ("\u{1B}[5~\u{1B}[6;2~", [.pageUp, .pageDown]),
            ("\u{1B}[1~\u{1B}[4~", [.home, .end]),
            ("\r\n\t\u{7F}", [.enter, .enter, .tab, .backspace]),
            ("\u{1B}[200~ä\u{1}", []), ("\u{1B}\u{1B}[A", [.escape, .up]),
            ("\u{1B}[<0;1;1Mq", [.enter, .character("q")]),
        ] as [(String, [Key])])
    func `keys are told, whatever the pieces they come in`(_ text: String, _ keys: [Key]) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var decoder = KeyDecoder()
            #expect(decoder.decode(bytes[..<cut]) + decoder.decode(bytes[cut...]) == keys)
            #expect(!decoder.isWaiting)
        }
    }

    @Test func `a lone escape is a key once nothing follows`() {
        var decoder = KeyDecoder()
        #expect(decoder.decode([0x1b]).isEmpty)
        #expect(decoder.isWaiting)
        #expect(decoder.flush() == [.escape])
        #expect(!decoder.isWaiting)
        #expect(decoder.decode(Array("\u{1B}[".utf8)).isEmpty)
        #expect(decoder.flush().isEmpty)
        #expect(decoder.decode(Array("q".utf8)) == [.character("q")])
    }

    @Test func `an endless sequence is dropped`() {
        var decoder = KeyDecoder()
        _ = decoder.decode(Array("\u{1B}[".utf8) + Array(repeating: 0x30, count: 10_000))
        #expect(decoder.decode(Array("~q".utf8)).last == .character("q"))
    }
}

@Suite struct TextWidthTests {
    @Test func `widths are those of the C library, for every character it knows`() throws {
        // The C library is the other opinion: it has its own copy of Unicode's tables.
        try #require(setlocale(LC_CTYPE, "C.UTF-8") != nil)
        let symbol = try #require(dlsym(dlopen(nil, RTLD_NOW), "wcwidth"))
        let wcwidth = unsafeBitCast(symbol, to: (@convention(c) (wchar_t) -> Int32).self)
        var differing: [String] = []
        for value in UInt32(0x20)...0x2ffff {
            guard let scalar = Unicode.Scalar(value),
                scalar.properties.generalCategory != .unassigned,
                scalar.properties.generalCategory != .privateUse
            else { continue }
            let theirs = Int(wcwidth(wchar_t(value)))
            // Below 0: not printable, or newer than the library.
            guard theirs >= 0, theirs != TextWidth.of(Character(scalar)) else { continue }
            differing.append(String(value, radix: 16))
        }
        #expect(differing.count < 300, "\(differing)")
        #expect(!differing.contains { Int($0, radix: 16) ?? 0 < 0x300 }, "\(differing)")
    }

    @Test(
        arguments: [
            ("abc", 3), ("注文", 4), ("e\u{301}", 1), ("🦊", 2), ("👨‍👩‍👧", 2), ("🇩🇪", 2), ("❤\u{FE0F}", 2),
            ("ｆ", 2), ("\u{200B}", 0), ("한", 2), ("", 0),
        ])
    func `columns of a text`(_ text: String, _ columns: Int) {
        #expect(TextWidth.of(text) == columns)
    }

    @Test(
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("注文する", 5, "注文…"),
            ("注文する", 6, "注文…"), ("abc", 1, "…"), ("abc", 0, ""), ("", 3, ""),
        ])
    func `a cut never splits a wide character`(_ text: String, _ columns: Int, _ cut: String) {
        #expect(TextWidth.cut(text, to: columns) == cut)
        #expect(TextWidth.of(cut) <= columns)
    }

    @Test func `nothing that moves the cursor or turns the text is shown`() {
        #expect(TextWidth.shown("a\u{1B}[2Jb\r\n\u{7}\u{9B}\u{202E}") == "a?[2Jb????")
    }
}

@Suite struct PainterTests {
    @Test func `only rows that changed are sent`() {
        var painter = Painter(colours: true)
        var canvas = Canvas(.init(columns: 10, rows: 3))
        canvas.put("one", row: 0, column: 0, style: Style(.bad))
        canvas.put("two", row: 1, column: 0)
        #expect(
            painter.paint(canvas)
                == "\u{1B}[0m\u{1B}[2J\u{1B}[1;1H\u{1B}[0;31mone\u{1B}[0m\u{1B}[K"
                + "\u{1B}[2;1Htwo\u{1B}[K\u{1B}[3;1H\u{1B}[K")
        #expect(painter.paint(canvas).isEmpty)
        canvas.put("2", row: 1, column: 0)
        #expect(painter.paint(canvas) == "\u{1B}[2;1H2wo\u{1B}[K")
        painter.forget()
        #expect(painter.paint(canvas).hasPrefix("\u{1B}[0m\u{1B}[2J"))
    }

    @Test func `without colours nothing but the selection is marked`() {
        var painter = Painter(colours: false)
        var canvas = Canvas(.init(columns: 4, rows: 2))
        canvas.put("bad", row: 0, column: 0, style: Style(.bad))
        canvas.put("here", row: 1, column: 0, style: Style(isMarked: true))
        let text = painter.paint(canvas)
        #expect(!text.contains("31"))
        #expect(text.contains("\u{1B}[0;7mhere\u{1B}[0m"))
    }

    @Test func `text beyond the edge is not kept, half of a wide one neither`() {
        var canvas = Canvas(.init(columns: 4, rows: 1))
        #expect(canvas.put("abc注", row: 0, column: 0) == 3)
        #expect(canvas.text == ["abc"])
        canvas.put("x", row: 5, column: 0)
        canvas.put("x", row: 0, column: 9)
        #expect(canvas.text == ["abc"])
    }
}
