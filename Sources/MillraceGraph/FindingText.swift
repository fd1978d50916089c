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
        return lines.joined(separator: "\n")
    }

    /// All of them; `sources` maps the file names of marks to their texts.
    package static func render(_ findings: [Finding], sources: [String: String]) -> String {
        let hidden = findings.filter { $0.failure.code == .literalSecret }.compactMap(
            \.failure.mark)
        return findings.map { finding in
            let source = finding.failure.mark.flatMap { sources[$0.file] }
            return render(finding, source: source, hidden: hidden)
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
    private static func excerpt(_ source: String, _ mark: Mark, _ hidden: [Mark]) -> [String] {
        let lines = SourceLines(source)
        guard let line = lines[mark.line] else { return [] }
        var characters = Array(line)
        for secret in hidden where secret.file == mark.file && secret.line == mark.line {
            let end = min(characters.count, secret.column - 1 + secret.length)
            for place in min(secret.column - 1, end)..<end { characters[place] = "*" }
        }
        let widthMax = 96
        let start = mark.column > widthMax - 16 ? mark.column - widthMax / 2 : 1
        guard start - 1 <= characters.count else { return [] }
        let cut = characters[(start - 1)...].prefix(widthMax)
        let shown = String(cut.map { $0 == "\t" || $0.isNewline ? " " : $0 })
        let number = "\(mark.line)"
        let margin = String(repeating: " ", count: max(0, 5 - number.count)) + number + " | "
        let room = max(1, cut.count - (mark.column - start))
        let carets = String(repeating: "^", count: min(max(1, mark.length), room))
        let indent = String(repeating: " ", count: margin.count + mark.column - start)
        return [margin + shown, indent + carets]
    }
}

/// A text by lines, broken where the YAML reader breaks them.
package struct SourceLines: Sendable {
    private let lines: [Substring]

    package init(_ text: String) {
        var lines: [Substring] = []
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        var index = start
        while index < scalars.endIndex {
            let scalar = scalars[index]
            var after = scalars.index(after: index)
            let breaks = "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains(scalar)
            if breaks {
                lines.append(text[start..<index])
                if scalar == "\r", after < scalars.endIndex, scalars[after] == "\n" {
                    after = scalars.index(after: after)
                }
                start = after
            }
            index = after
        }
        lines.append(text[start...])
        self.lines = lines
    }

    package var count: Int { lines.count }

    /// Lines begin at 1.
    package subscript(number: Int) -> Substring? {
        number >= 1 && number <= lines.count ? lines[number - 1] : nil
    }
}
