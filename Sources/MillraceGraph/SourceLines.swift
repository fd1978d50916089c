// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A text by lines, broken where the YAML reader breaks them: at a line feed, a carriage return,
/// both together, and at U+0085, U+2028 and U+2029.
package struct SourceLines: Sendable {
    private struct Line {
        var text: Substring
        /// Each of its bytes is a character.
        var isASCII: Bool
    }

    private var lines: [Line] = []

    package init(_ text: String) {
        let bytes = Array(text.utf8)
        // A byte order mark is no character of the first line.
        var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var isASCII = true
        var index = start
        while index < bytes.count {
            let length = Self.breakLength(bytes, index)
            if length == 0 {
                if bytes[index] >= 0x80 { isASCII = false }
                index += 1
                continue
            }
            add(text, start, index, isASCII)
            index += length
            start = index
            isASCII = true
        }
        add(text, start, bytes.count, isASCII)
    }

    private mutating func add(_ text: String, _ start: Int, _ end: Int, _ isASCII: Bool) {
        let first = text.utf8.index(text.startIndex, offsetBy: start)
        let last = text.utf8.index(first, offsetBy: end - start)
        lines.append(Line(text: text[first..<last], isASCII: isASCII))
    }

    /// Bytes of the line break at `index`; 0: there is none.
    private static func breakLength(_ bytes: [UInt8], _ index: Int) -> Int {
        switch bytes[index] {
        case 0x0A: return 1
        case 0x0D: return index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
        case 0xC2: return index + 1 < bytes.count && bytes[index + 1] == 0x85 ? 2 : 0
        case 0xE2:
            let isBreak =
                index + 2 < bytes.count && bytes[index + 1] == 0x80
                && (bytes[index + 2] == 0xA8 || bytes[index + 2] == 0xA9)
            return isBreak ? 3 : 0
        default: return 0
        }
    }

    package var count: Int { lines.count }

    /// Lines begin at 1.
    package subscript(number: Int) -> Substring? {
        number >= 1 && number <= lines.count ? lines[number - 1].text : nil
    }

    /// The line from a column on, which begins at 1; nil when there is no such line.
    func rest(_ number: Int, from column: Int) -> Substring? {
        guard number >= 1, number <= lines.count else { return nil }
        let line = lines[number - 1]
        guard line.isASCII else { return line.text.dropFirst(max(0, column - 1)) }
        let utf8 = line.text.utf8
        return line.text[
            utf8.index(utf8.startIndex, offsetBy: min(utf8.count, max(0, column - 1)))...]
    }

    func isASCII(_ number: Int) -> Bool {
        number >= 1 && number <= lines.count && lines[number - 1].isASCII
    }

    /// The place of the first byte that is no UTF-8; the end of a text that is all UTF-8.
    package static func invalidPlace(_ bytes: [UInt8], file: String) -> Mark {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var good = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            good += String(scalar).utf8.count
        }
        let lines = SourceLines(String(decoding: bytes[..<good], as: UTF8.self))
        return Mark(
            file: file, line: lines.count, column: (lines[lines.count]?.count ?? 0) + 1)
    }
}
