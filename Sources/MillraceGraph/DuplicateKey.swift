// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A key that a map has twice, as the parser reports it: the name and the first place, no second.
///
/// The parser ends at the first one. To report all of them, the second place is looked for, the
/// key there is made another one in a copy of the text, and the copy is parsed again.
struct DuplicateKey {
    let name: String
    let first: Mark
    private let lines: SourceLines

    init(name: String, first: Mark, lines: SourceLines) {
        self.name = name
        self.first = first
        self.lines = lines
    }

    /// Rounds that a text of so many bytes is worth: what is parsed again stays below 4 MiB or so.
    static func roundsMax(bytes: Int) -> Int {
        min(Findings.shownMax, max(1, 4 * Limits.topologyBytesMax / max(1, bytes)))
    }

    func failure(at second: Mark?) -> Failure {
        var place = second ?? first
        place.length = max(1, name.count)
        return Failure(
            .duplicateKey, at: place, "`\(name)` appears twice, first in line \(first.line)",
            next: "remove one of them")
    }

    /// The same key in the same column, else the next one that stands before a colon.
    var second: Mark? {
        let flow = lines[first.line].map { isFlow($0, before: first.column - 1) } ?? false
        for number in first.line...max(first.line, lines.count) {
            guard let line = lines[number] else { return nil }
            if number > first.line, isKey(in: line, at: first.column - 1) {
                return mark(number, first.column)
            }
            guard flow else { continue }
            let skipped = number == first.line ? first.column - 1 + name.count : 0
            for column in stride(from: skipped, to: line.count, by: 1)
            where isKey(in: line, at: column) {
                return mark(number, column + 1)
            }
        }
        return nil
    }

    /// The text with another key at `place`, of the same length; nil when there is nothing to
    /// change. `round` makes it a key that no other round makes.
    func masked(at place: Mark, round: Int) -> String? {
        guard let line = lines[place.line], !name.isEmpty,
            let scalar = Unicode.Scalar(0xE000 + UInt32(round))
        else { return nil }
        var rest = line.dropFirst(place.column - 1)
        if let quote = rest.first, quote == "\"" || quote == "'" { rest = rest.dropFirst() }
        guard rest.hasPrefix(name) else { return nil }
        var text = line.base
        let letter = rest.startIndex..<rest.index(after: rest.startIndex)
        text.replaceSubrange(letter, with: String(Character(scalar)))
        text.makeContiguousUTF8()
        return text
    }

    private func mark(_ line: Int, _ column: Int) -> Mark {
        Mark(file: first.file, line: line, column: column)
    }

    private func isFlow(_ line: Substring, before column: Int) -> Bool {
        line.prefix(column).contains { $0 == "{" || $0 == "," }
    }

    private func isKey(in line: Substring, at column: Int) -> Bool {
        if column > 0, let before = line.dropFirst(column - 1).first, !" \t,{".contains(before) {
            return false
        }
        var rest = line.dropFirst(column)
        if let quote = rest.first, quote == "\"" || quote == "'" {
            rest = rest.dropFirst()
            guard rest.hasPrefix(name), rest.dropFirst(name.count).first == quote else {
                return false
            }
            rest = rest.dropFirst(name.count + 1)
        } else {
            guard rest.hasPrefix(name) else { return false }
            rest = rest.dropFirst(name.count)
        }
        return rest.drop { $0 == " " }.first == ":"
    }
}
