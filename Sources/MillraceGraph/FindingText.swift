// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Findings as a person reads them: the place, the line of the file, what to do.
package enum FindingText {
    /// ```
    /// topology.yaml:31:12  error MR2104  nodes.score.with.treshold: unknown parameter …
    ///    31 |     with: {treshold: 0.8}
    ///                    ^^^^^^^^
    ///    did you mean `threshold`?
    /// ```
    /// `source` is the text of the file that the finding's mark names; nil leaves the excerpt out.
    /// Stars stand for what lies at `hidden`, and for a secret that is the finding itself.
    package static func render(
        _ finding: Finding, source: String?, hidden: [Mark] = []
    ) -> String {
        render(finding, source.map { SourceLines($0) }, hidden)
    }

    private static func render(
        _ finding: Finding, _ source: SourceLines?, _ hidden: [Mark]
    ) -> String {
        let failure = finding.failure
        var lines: [String] = []
        let head = "\(finding.severity.rawValue) \(failure.code)  \(failure.text)"
        if let mark = failure.mark {
            lines.append("\(mark.file):\(mark.line):\(mark.column)  \(head)")
            let own = finding.failure.code == .literalSecret ? [mark] : []
            if let source { lines += excerpt(source, mark, hidden + own) }
        } else {
            lines.append(head)
        }
        if let next = failure.next { lines.append("   \(next)") }
        return DisplayWidth.shown(lines.joined(separator: "\n"))
    }

    /// All of them; `sources` maps the file names of marks to their texts.
    package static func render(
        _ findings: [Finding], sources: [String: String], hidden: [Mark] = []
    ) -> String {
        let hidden =
            hidden
            + findings.filter { $0.failure.code == .literalSecret }.compactMap(
                \.failure.mark)
        // A file with many findings is cut into lines once.
        var cut: [String: SourceLines] = [:]
        return findings.map { finding in
            guard let file = finding.failure.mark?.file else { return render(finding, nil, hidden) }
            if cut[file] == nil { cut[file] = sources[file].map { SourceLines($0) } }
            return render(finding, cut[file], hidden)
        }.joined(separator: "\n")
    }

    /// `2 errors, 1 warning`; empty when there is nothing to count.
    package static func count(_ findings: [Finding]) -> String {
        Finding.Severity.allCases.compactMap { severity in
            let count = findings.filter { $0.severity == severity }.count
            if count == 0 { return nil }
            return "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
        }.joined(separator: ", ")
    }

    /// The line with its number, and carets below; a long line is cut around the place.
    private static func excerpt(
        _ lines: SourceLines, _ mark: Mark, _ hidden: [Mark]
    ) -> [String] {
        guard let line = lines[mark.line] else { return [] }
        var characters = Array(line)
        for secret in hidden where secret.file == mark.file && secret.line == mark.line {
            let end = min(characters.count, secret.column - 1 + secret.length)
            for place in min(secret.column - 1, end)..<end { characters[place] = "*" }
        }
        let place = mark.column - 1
        guard place <= characters.count else { return [] }
        // Columns of the terminal: a character may take two, or none.
        let widths = characters.map { max($0 == "\t" ? 1 : 0, DisplayWidth.of($0)) }
        let start = firstShown(widths, place)
        var end = start
        var used = 0
        while end < characters.count, used + widths[end] <= widthMax {
            used += widths[end]
            end += 1
        }
        let shown = String(characters[start..<end].map { $0 == "\t" || $0.isNewline ? " " : $0 })
        let number = "\(mark.line)"
        let margin = String(repeating: " ", count: max(0, 5 - number.count)) + number + " | "
        let before = margin.count + widths[start..<place].reduce(0, +)
        let marked = widths[place..<max(place, min(end, place + mark.length))].reduce(0, +)
        return [
            margin + DisplayWidth.shown(shown),
            String(repeating: " ", count: before) + String(repeating: "^", count: max(1, marked)),
        ]
    }

    private static let widthMax = 96

    /// The first character of the excerpt: that of the line, or one so far before the place that
    /// half of the excerpt is in front of it.
    private static func firstShown(_ widths: [Int], _ place: Int) -> Int {
        guard widths[..<place].reduce(0, +) > widthMax - 16 else { return 0 }
        var start = place
        var used = 0
        while start > 0, used + widths[start - 1] <= widthMax / 2 {
            start -= 1
            used += widths[start]
        }
        return start
    }
}
