// SPDX-License-Identifier: Apache-2.0

/// What goes wrong, told the same way everywhere: what, where, why and what to do next.
///
/// Thrown, sent between processes and printed; there is no second error type.
package struct Failure: Error, Hashable, Codable, Sendable {
    /// How the code that catches it should react.
    package enum Kind: String, Codable, Sendable {
        /// Trying again may help.
        case transient
        /// Trying again gives the same result until somebody changes something.
        case fatal
        /// Our own mistake.
        case bug
    }

    package var code: FailureCode
    package var kind: Kind
    /// What was expected, what was found. One sentence, no full stop at the end.
    package var text: String
    /// Where in a file; nil when no file is to blame.
    package var mark: Mark?
    /// The node it is about.
    package var node: String?
    /// One next step, or nil where there is none.
    package var next: String?

    package init(
        _ code: FailureCode, kind: Kind = .fatal, at mark: Mark? = nil, node: String? = nil,
        _ text: String, next: String? = nil
    ) {
        self.code = code
        self.kind = kind
        self.text = text
        self.mark = mark
        self.node = node
        self.next = next
    }
}

/// A place in a text file. Lines and columns begin at 1; columns count characters.
package struct Mark: Hashable, Codable, Sendable, Comparable {
    package var file: String
    package var line: Int
    package var column: Int
    /// Characters to underline.
    package var length: Int

    package init(file: String, line: Int, column: Int, length: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
        self.length = length
    }

    package static func < (a: Mark, b: Mark) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

extension Failure: CustomStringConvertible {
    package var description: String {
        var line = ""
        if let mark { line += "\(mark.file):\(mark.line):\(mark.column)  " }
        line += "error \(code)  "
        // A text that begins with one of its tasks (`score#2 crashed`) has named it already.
        if let node, !text.hasPrefix("\(node)#") { line += "\(node): " }
        line += text
        if let next { line += "\n   \(next)" }
        return line
    }
}
