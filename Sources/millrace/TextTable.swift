// SPDX-License-Identifier: Apache-2.0
import MillraceScreen

/// Columns of text: two spaces between them, numbers to the right.
struct TextTable {
    enum Side { case left, right }

    private let sides: [Side]
    private var rows: [[String]]

    init(_ columns: [(name: String, side: Side)]) {
        self.sides = columns.map(\.side)
        self.rows = [columns.map(\.name)]
    }

    /// One cell per column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == sides.count, "BUG: a row has one cell per column")
        rows.append(cells)
    }

    /// The lines, without spaces at their ends.
    var lines: [String] {
        let widths = sides.indices.map { column in rows.map { TextWidth.of($0[column]) }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - TextWidth.of(cell))
                if column > 0 { line += "  " }
                line += sides[column] == .left ? cell + space : space + cell
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
