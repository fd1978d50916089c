// SPDX-License-Identifier: Apache-2.0
// The Markdown that our pages are written in, as text for a terminal: headings, paragraphs, lists
// with `* `, tables, fenced blocks; in a line `code`, **strong** and [links](…). Anything else is
// printed as it stands.
import MillraceCore
import MillraceGraph
import MillraceScreen

/// Markdown rendered plainly: wrapped, indented, and coloured where that is wanted.
struct MarkdownText {
    /// Columns of the text.
    let width: Int
    /// A text in the ink, or as it is.
    let ink: (String, Ink) -> String

    func render(_ markdown: String) -> String {
        var blocks: [String] = []
        var lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.first {
            if line.isEmpty {
                lines.removeFirst()
                if blocks.last?.isEmpty == false { blocks.append("") }
            } else if line.hasPrefix("```") {
                lines.removeFirst()
                let code = lines.prefix { !$0.hasPrefix("```") }
                lines = lines.dropFirst(code.count + 1)
                blocks += code.map { $0.isEmpty ? "" : "    \($0)" }
            } else if line.hasPrefix("#") {
                lines.removeFirst()
                blocks.append(ink(plain(line.drop { $0 == "#" || $0 == " " }), .strong))
            } else if line.hasPrefix("|") {
                let rows = lines.prefix { $0.hasPrefix("|") }
                lines = lines.dropFirst(rows.count)
                blocks += table(rows.map(cells))
            } else {
                blocks += paragraph(&lines)
            }
        }
        while blocks.last?.isEmpty == true { blocks.removeLast() }
        return blocks.joined(separator: "\n")
    }

    /// Lines up to an empty one or another block; an item of a list hangs.
    private func paragraph(_ lines: inout ArraySlice<Substring>) -> [String] {
        let isItem = lines.first?.hasPrefix("* ") == true
        var text = String(lines.removeFirst())
        while let next = lines.first, !next.isEmpty,
            !["```", "#", "|", "* "].contains(where: { next.hasPrefix($0) })
        {
            text += " " + next.drop { $0 == " " }
            lines.removeFirst()
        }
        return wrapped(
            isItem ? String(text.dropFirst(2)) : text, first: isItem ? "  - " : "",
            others: isItem ? "    " : "")
    }

    // MARK: Tables

    private func cells(_ row: Substring) -> [String] {
        var cells = [""]
        var isEscaped = false
        for character in row.dropFirst() {
            if isEscaped {
                cells[cells.count - 1].append(character == "|" ? "|" : "\\\(character)")
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "|" {
                cells.append("")
            } else {
                cells[cells.count - 1].append(character)
            }
        }
        if cells.last?.allSatisfy({ $0 == " " }) == true { cells.removeLast() }
        return cells.map { cell in
            let rest = cell.drop { $0 == " " }
            return String(
                rest.prefix(
                    (rest.lastIndex { $0 != " " }).map {
                        rest.distance(from: rest.startIndex, to: $0) + 1
                    } ?? 0))
        }
    }

    /// Columns as wide as their cells, as far as there is room: those in the middle are wrapped at
    /// 24 columns, the last one where the line ends. Where too little is left for the last, it is
    /// put below, and indented.
    private func table(_ rows: [[String]]) -> [String] {
        let shown = rows.filter { !$0.allSatisfy { $0.allSatisfy { $0 == "-" } && $0.count > 2 } }
        let columns = shown.map(\.count).max() ?? 0
        guard columns > 0 else { return [] }
        let full = shown.map { $0 + Array(repeating: "", count: columns - $0.count) }
        var widths = (0..<columns).map { column in
            full.map { DisplayWidth.of(plain($0[column])) }.max() ?? 0
        }
        let gaps = 2 * columns
        if gaps + widths.reduce(0, +) > width {
            for column in widths.indices.dropFirst().dropLast() {
                widths[column] = min(widths[column], Self.middleMax)
            }
            widths[columns - 1] = width - gaps - widths.dropLast().reduce(0, +)
        }
        let isBelow = widths[columns - 1] < 20 && columns > 1
        return full.enumerated().flatMap { number, row in
            let style: (String) -> String = { number == 0 ? ink(plain($0), .faint) : styled($0) }
            let side = isBelow ? Array(row.dropLast()) : row
            let lines = self.row(side, widths, style)
            guard isBelow, number > 0, let last = row.last, !last.isEmpty else { return lines }
            return lines + wrapped(last, first: "      ", others: "      ")
        }
    }

    private static let middleMax = 24

    /// The lines of one row: each cell is wrapped to its column.
    private func row(
        _ cells: [String], _ widths: [Int], _ style: (String) -> String
    ) -> [String] {
        let columns = cells.enumerated().map { column, cell in
            folded(words(cell), to: widths[column])
        }
        return (0..<(columns.map(\.count).max() ?? 0)).map { number in
            var line = ""
            for (column, lines) in columns.enumerated() {
                let text = number < lines.count ? lines[number] : ""
                let free = widths[column] - DisplayWidth.of(plain(text))
                line += "  " + style(text) + String(repeating: " ", count: max(0, free))
            }
            return trimmed(line)
        }
    }

    /// Words filled into lines, still with their marks.
    private func folded(_ words: [String], to width: Int) -> [String] {
        var lines: [String] = []
        var used = 0
        for word in words {
            let size = DisplayWidth.of(plain(word))
            if let last = lines.last, used + 1 + size <= width {
                lines[lines.count - 1] = last + " " + word
                used += 1 + size
            } else {
                lines.append(word)
                used = size
            }
        }
        return lines
    }

    private func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }

    // MARK: Lines

    /// Words fill lines up to the width; a word that is too long has a line of its own.
    private func wrapped(_ text: String, first: String, others: String) -> [String] {
        let lines = folded(words(text), to: width - others.count)
        return lines.enumerated().map { ($0 == 0 ? first : others) + styled($1) }
    }

    /// Pieces between spaces; a `code` with spaces in it stays one piece.
    private func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isCode = false
        for character in text {
            if character == "`" { isCode.toggle() }
            if character == " ", !isCode {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    /// Without marks: `code` and **strong** are their text, [text](target) is its text.
    private func plain(_ text: some StringProtocol) -> String {
        pieces(text).map(\.text).joined()
    }

    private func styled(_ text: String) -> String {
        pieces(text).map { piece in
            piece.isCode ? ink(piece.text, .code) : piece.text
        }.joined()
    }

    private func pieces(_ text: some StringProtocol) -> [(text: String, isCode: Bool)] {
        var pieces: [(text: String, isCode: Bool)] = []
        for (number, part) in text.split(separator: "`", omittingEmptySubsequences: false)
            .enumerated()
        {
            let isCode = number % 2 == 1
            let content = isCode ? String(part) : MarkdownText.withoutLinks(String(part))
            if !content.isEmpty { pieces.append((content, isCode)) }
        }
        return pieces
    }

    private static func withoutLinks(_ text: String) -> String {
        var out = ""
        var rest = text.replacing("**", with: "")[...]
        while let middle = rest.firstRange(of: "]("),
            let open = rest[..<middle.lowerBound].lastIndex(of: "["),
            let close = rest[middle.upperBound...].firstIndex(of: ")")
        {
            out += rest[..<open] + rest[rest.index(after: open)..<middle.lowerBound]
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }
}
