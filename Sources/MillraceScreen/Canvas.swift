// SPDX-License-Identifier: Apache-2.0

/// Colours by meaning; the value is the parameter of SGR.
package enum Ink: String, Hashable, Sendable {
    case bad = "31"
    case good = "32"
    case doubtful = "33"
    case faint = "2"
    case strong = "1"
    case code = "36"
}

/// How a cell is drawn. What is marked is told by reversing it, which needs no colour.
package struct Style: Hashable, Sendable {
    package var ink: Ink?
    package var isMarked: Bool

    package init(_ ink: Ink? = nil, isMarked: Bool = false) {
        self.ink = ink
        self.isMarked = isMarked
    }

    package static let plain = Style()
}

/// One column of one row.
package struct Cell: Hashable, Sendable {
    /// One character; empty in the second column of a wide one.
    package var text: String
    package var style: Style

    static let blank = Cell(text: " ", style: .plain)
}

package struct ScreenSize: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// A screen full of cells; what does not fit is cut off.
package struct Canvas: Hashable, Sendable {
    package let size: ScreenSize
    package private(set) var lines: [[Cell]]

    package init(_ size: ScreenSize) {
        self.size = ScreenSize(columns: max(0, size.columns), rows: max(0, size.rows))
        lines = Array(
            repeating: Array(repeating: .blank, count: self.size.columns), count: self.size.rows)
    }

    /// Writes text from a column on and gives the column behind it. Control characters become `?`.
    @discardableResult
    package mutating func put(
        _ text: String, row: Int, column: Int, style: Style = .plain
    ) -> Int {
        guard lines.indices.contains(row) else { return column }
        var at = column
        for character in TextWidth.shown(text) {
            let width = TextWidth.of(character)
            guard width > 0, at >= 0 else { continue }
            guard at + width <= size.columns else { break }
            lines[row][at] = Cell(text: String(character), style: style)
            if width == 2 { lines[row][at + 1] = Cell(text: "", style: style) }
            at += width
        }
        return at
    }

    /// Gives every cell of a row the style.
    mutating func fill(row: Int, style: Style) {
        guard lines.indices.contains(row) else { return }
        for column in lines[row].indices { lines[row][column].style = style }
    }

    /// The characters alone, without spaces at the ends of lines.
    package var text: [String] {
        lines.map { line in
            var text = line.map(\.text).joined()
            while text.last == " " { text.removeLast() }
            return text
        }
    }
}
