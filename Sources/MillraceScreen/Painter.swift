// SPDX-License-Identifier: Apache-2.0
// From cells to what a terminal is sent (ECMA-48): rows that are as before are not sent again.

package struct Painter: Sendable {
    /// Other screen, no cursor, and a line that is too long does not wrap.
    package static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
    /// All of it back.
    package static let leave = "\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    private let colours: Bool
    /// What the terminal shows; nil: nobody knows.
    private var shown: Canvas?

    package init(colours: Bool) {
        self.colours = colours
    }

    /// The terminal may show anything: the next screen is sent whole.
    package mutating func forget() { shown = nil }

    /// What makes the terminal show it; empty if it does already.
    package mutating func paint(_ canvas: Canvas) -> String {
        var out = ""
        let known = shown?.size == canvas.size ? shown : nil
        if known == nil { out += "\u{1B}[0m\u{1B}[2J" }
        for (row, line) in canvas.lines.enumerated() where known?.lines[row] != line {
            out += "\u{1B}[\(row + 1);1H" + text(of: line)
        }
        shown = canvas
        return out
    }

    private func text(of line: [Cell]) -> String {
        var out = ""
        var style = Style.plain
        let end = (line.lastIndex { $0 != .blank } ?? -1) + 1
        for cell in line[..<end] {
            if cell.style != style {
                out += code(cell.style)
                style = cell.style
            }
            out += cell.text
        }
        if style != .plain { out += "\u{1B}[0m" }
        return end < line.count ? out + "\u{1B}[K" : out
    }

    private func code(_ style: Style) -> String {
        var codes = ["0"]
        if colours, let ink = style.ink { codes.append(ink.rawValue) }
        if style.isMarked { codes.append("7") }
        return "\u{1B}[\(codes.joined(separator: ";"))m"
    }
}
