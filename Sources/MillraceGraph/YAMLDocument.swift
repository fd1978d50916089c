// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A value on its way into a YAML file, with what is said about it in a comment.
package struct YAMLNode: Hashable, Sendable {
    package indirect enum Content: Hashable, Sendable {
        /// As it is: a number, `true`, `null`.
        case bare(String)
        case text(String)
        case list([YAMLNode])
        case map([Member])
    }

    package struct Member: Hashable, Sendable {
        package var name: String
        package var value: YAMLNode

        package init(_ name: String, _ value: YAMLNode) {
            self.name = name
            self.value = value
        }
    }

    package var content: Content
    /// Behind a scalar, above a list or a map; one line.
    package var comment: String?
    /// A map that is written line by line even if it is small.
    package var spread: Bool

    package init(_ content: Content, comment: String? = nil, spread: Bool = false) {
        self.content = content
        self.comment = comment
        self.spread = spread
    }
}

/// Lays a value out as YAML: two spaces per level, small maps and lists of scalars in brackets.
package struct YAMLDocument {
    /// A line in brackets is at most so long, without its comment.
    private static let widthMax = 88
    /// Readers look no further for the colon behind a key.
    private static let keyMax = 900

    private var lines: [String] = []

    /// Ends with a newline.
    package static func text(_ members: [YAMLNode.Member]) -> String {
        var document = YAMLDocument()
        document.write(members, indent: 0, first: nil)
        return document.lines.joined(separator: "\n") + "\n"
    }

    /// `first` stands before the first member instead of spaces: `  - `.
    private mutating func write(_ members: [YAMLNode.Member], indent: Int, first: String?) {
        let margin = String(repeating: " ", count: indent)
        for (number, member) in members.enumerated() {
            let start = number == 0 ? first ?? margin : margin
            let name = YAMLScalar.inline(member.name, in: .block)
            if name.utf8.count > Self.keyMax {
                lines.append("\(start)? \(name)")
                write(member.value, after: "\(margin):", indent: indent)
            } else {
                write(member.value, after: "\(start)\(name):", indent: indent)
            }
        }
    }

    private mutating func write(_ node: YAMLNode, after head: String, indent: Int) {
        if case .text(let text) = node.content, let block = YAMLScalar.literal(text) {
            lines.append(head + " " + block.header + Self.comment(node))
            let margin = String(repeating: " ", count: indent + 2)
            lines += block.lines.map { $0.isEmpty ? "" : margin + $0 }
            return
        }
        let width = Self.widthMax - head.count - 1
        if let line = Self.line(node, width: width) {
            lines.append("\(head) \(line)\(Self.comment(node))")
            return
        }
        lines.append(head + Self.comment(node))
        switch node.content {
        case .map(let members): write(members, indent: indent + 2, first: nil)
        case .list(let items): write(items, indent: indent + 2)
        case .bare, .text: preconditionFailure("BUG: a scalar has no line")
        }
    }

    private mutating func write(_ items: [YAMLNode], indent: Int) {
        let margin = String(repeating: " ", count: indent)
        for item in items {
            let width = Self.widthMax - indent - 2
            if case .map(let members) = item.content, item.comment == nil,
                Self.line(item, width: width) == nil
            {
                write(members, indent: indent + 2, first: "\(margin)- ")
            } else {
                write(item, after: "\(margin)-", indent: indent)
            }
        }
    }

    private static func comment(_ node: YAMLNode) -> String {
        node.comment.map { "  # \($0)" } ?? ""
    }

    /// A scalar always, a list or a map in brackets when it is small and carries no comments.
    private static func line(_ node: YAMLNode, width: Int) -> String? {
        switch node.content {
        case .bare(let text): return text
        case .text(let text): return YAMLScalar.inline(text, in: .block)
        case .list(let items):
            return items.isEmpty ? "[]" : node.spread ? nil : fitting(node, width)
        case .map(let members):
            return members.isEmpty ? "{}" : node.spread ? nil : fitting(node, width)
        }
    }

    private static func fitting(_ node: YAMLNode, _ width: Int) -> String? {
        flow(node, depth: 0).flatMap { $0.count <= width ? $0 : nil }
    }

    private static func flow(_ node: YAMLNode, depth: Int) -> String? {
        if depth > 0, node.comment != nil || depth > 2 { return nil }
        switch node.content {
        case .bare(let text): return text
        case .text(let text): return YAMLScalar.inline(text, in: .flow)
        case .list(let items):
            var parts: [String] = []
            for item in items {
                guard let part = flow(item, depth: depth + 1) else { return nil }
                parts.append(part)
            }
            return "[\(parts.joined(separator: ", "))]"
        case .map(let members):
            var parts: [String] = []
            for member in members {
                guard !member.value.spread, let part = flow(member.value, depth: depth + 1) else {
                    return nil
                }
                parts.append("\(YAMLScalar.inline(member.name, in: .flow)): \(part)")
            }
            return "{\(parts.joined(separator: ", "))}"
        }
    }
}
