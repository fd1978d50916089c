// SPDX-License-Identifier: Apache-2.0
// Blocks of a Markdown document: a line of three or more ``` or ~~~, the language right behind it,
// begins one; a line of at least as many of the same and nothing else ends it (CommonMark 4.5).

/// The topologies that a document shows.
package enum MarkdownTopologies {
    package struct Found: Hashable, Sendable {
        /// The document with everything blank but one block each: a place in a block is its place
        /// in the document.
        package var texts: [String] = []
        /// Lines of blocks of YAML that are no topology: they have no line with `millrace:`.
        package var skipped: [Int] = []
    }

    package static func find(in document: String) -> Found {
        let lines = document.split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r\n"
        }
        var found = Found()
        var number = 0
        while number < lines.count {
            let start = number
            number += 1
            guard let fence = Fence(lines[start]) else { continue }
            while number < lines.count, !fence.isClosed(by: lines[number]) { number += 1 }
            if fence.isYAML {
                let block = lines[(start + 1)..<number]
                if block.contains(where: isFirstKey) {
                    let blank = Array(repeating: Substring(), count: start + 1)
                    found.texts.append((blank + block).joined(separator: "\n") + "\n")
                } else {
                    found.skipped.append(start + 1)
                }
            }
            number += 1
        }
        return found
    }

    private static func isFirstKey(_ line: Substring) -> Bool {
        line.drop { $0 == " " }.hasPrefix("millrace:")
    }

    private struct Fence {
        var mark: Character
        var length: Int
        var isYAML: Bool

        init?(_ line: Substring) {
            let text = line.drop { $0 == " " || $0 == "\t" }
            guard let mark = text.first, mark == "`" || mark == "~" else { return nil }
            let marks = text.prefix { $0 == mark }
            let info = text.dropFirst(marks.count)
            // Marks of code within a line are no fence.
            guard marks.count >= 3, mark == "~" || !info.contains("`") else { return nil }
            self.mark = mark
            length = marks.count
            let language = info.drop { $0 == " " }.prefix { !" \t{".contains($0) }.lowercased()
            isYAML = language == "yaml" || language == "yml"
        }

        func isClosed(by line: Substring) -> Bool {
            let text = line.drop { $0 == " " || $0 == "\t" }
            let marks = text.prefix { $0 == mark }
            return marks.count >= length
                && text.dropFirst(marks.count).allSatisfy { $0 == " " || $0 == "\t" }
        }
    }
}
