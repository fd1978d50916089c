// SPDX-License-Identifier: Apache-2.0

/// How many columns of a terminal text takes.
///
/// East Asian wide characters and emoji take two, combining marks none. Which characters are wide
/// is not in the standard library; the ranges are those of Unicode's EastAsianWidth.txt (W and F)
/// that are no emoji.
package enum TextWidth {
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x3247, 0x3250...0x4dbf,
        0x4e00...0xa4c6, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19,
        0xfe30...0xfe6b, 0xff01...0xff60, 0xffe0...0xffe6, 0x16fe0...0x1b2fb, 0x1f200...0x1f265,
        0x20000...0x3fffd,
    ]

    package static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// 0, 1 or 2. Control characters count 0: `shown` replaces them before they reach a terminal.
    package static func of(_ character: Character) -> Int {
        var columns = 0
        for scalar in character.unicodeScalars {
            // This selector asks for the coloured form of the character before it.
            if scalar.value == 0xfe0f, columns > 0 { return 2 }
            columns = max(columns, of(scalar))
        }
        return columns
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if (0x20..<0x7f).contains(scalar.value) { return 1 }
        switch scalar.properties.generalCategory {
        case .control, .nonspacingMark, .enclosingMark, .lineSeparator, .paragraphSeparator:
            return 0
        case .format: return scalar.value == 0xad ? 1 : 0
        default: break
        }
        // Vowels and finals of decomposed Hangul join the syllable before them.
        if (0x1160...0x11ff).contains(scalar.value) { return 0 }
        if scalar.properties.isEmojiPresentation || wide.contains(where: { $0 ~= scalar.value }) {
            return 2
        }
        return 1
    }

    /// The text with `?` for every control character: what a plugin or a file says cannot move
    /// the cursor.
    package static func shown(_ text: some StringProtocol) -> String {
        String(text.map { isControl($0) ? "?" : $0 })
    }

    private static func isControl(_ character: Character) -> Bool {
        guard let first = character.unicodeScalars.first else { return false }
        switch first.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: return true
        // Marks that turn the direction of what follows.
        case .format: return character.unicodeScalars.count == 1 && first.value != 0xad
        default: return false
        }
    }

    /// At most so many columns of it; `…` stands for what was cut away.
    package static func cut(_ text: String, to columns: Int) -> String {
        guard of(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var out = ""
        var used = 0
        for character in text {
            let width = of(character)
            guard used + width < columns else { break }
            out.append(character)
            used += width
        }
        return out + "…"
    }
}
