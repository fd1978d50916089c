// SPDX-License-Identifier: Apache-2.0

/// A table that drops columns when there is no room for all of them.
struct ScreenTable {
    struct Column {
        var title: String
        var isNumber: Bool
        /// The least of them stays the longest.
        var rank: Int
        /// Widths change with the values only within these, so that columns do not dance.
        var least: Int
        var most = 24
    }

    /// Texts of a row, one per column.
    typealias Row = [(text: String, style: Style)]

    var columns: [Column]
    var rows: [Row] = []

    private static let gap = 2

    /// Draws the title at `row` and below it as many rows as `room` holds, from `first` on.
    func draw(
        on canvas: inout Canvas, row: Int, room: Int, first: Int, selected: Int?
    ) {
        let shown = layout(canvas.size.columns)
        draw(
            shown.map { ($0, columns[$0.column].title, Style(.strong)) }, on: &canvas, row: row)
        for (offset, index) in (first..<min(first + max(0, room), rows.count)).enumerated() {
            let line = row + 1 + offset
            draw(
                shown.map { ($0, rows[index][$0.column].text, rows[index][$0.column].style) },
                on: &canvas, row: line)
            if index == selected { canvas.fill(row: line, style: Style(isMarked: true)) }
        }
    }

    private struct Place {
        var column: Int
        var start: Int
        var width: Int
    }

    /// Columns by rank until the width is used up, in their own order.
    private func layout(_ width: Int) -> [Place] {
        var chosen: [Int: Int] = [:]
        var used = -Self.gap
        for index in columns.indices.sorted(by: { columns[$0].rank < columns[$1].rank }) {
            let wanted = self.width(of: index)
            if used + Self.gap + wanted > width {
                // The first column is cut rather than left out.
                guard chosen.isEmpty else { continue }
                chosen[index] = width
                break
            }
            chosen[index] = wanted
            used += Self.gap + wanted
        }
        var places: [Place] = []
        var start = 0
        for index in chosen.keys.sorted() {
            places.append(Place(column: index, start: start, width: chosen[index] ?? 0))
            start += (chosen[index] ?? 0) + Self.gap
        }
        return places
    }

    private func width(of index: Int) -> Int {
        let column = columns[index]
        let texts = rows.map { TextWidth.of(TextWidth.shown($0[index].text)) }.max() ?? 0
        return max(min(max(texts, column.least), column.most), TextWidth.of(column.title))
    }

    private func draw(
        _ cells: [(place: Place, text: String, style: Style)], on canvas: inout Canvas, row: Int
    ) {
        for (place, text, style) in cells {
            let cut = TextWidth.cut(TextWidth.shown(text), to: place.width)
            let space = columns[place.column].isNumber ? place.width - TextWidth.of(cut) : 0
            canvas.put(cut, row: row, column: place.start + space, style: style)
        }
    }
}
