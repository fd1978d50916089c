// SPDX-License-Identifier: Apache-2.0

extension GraphDrawing {
    /// For Graphviz: `millrace show FILE -o dot | dot -Tsvg`.
    package var dot: String {
        var lines = [
            "digraph \(Self.dotQuoted(title)) {", "  rankdir=LR;",
            "  node [shape=box, fontname=\"sans-serif\"];",
            "  edge [fontname=\"sans-serif\", fontsize=10];",
        ]
        for (number, node) in nodes.enumerated() {
            var settings = ["label=\(Self.dotQuoted("\(node.id)\n\(node.operation)"))"]
            if node.isInserted { settings.append("style=dashed") }
            if let text = node.description { settings.append("tooltip=\(Self.dotQuoted(text))") }
            lines.append("  n\(number) [\(settings.joined(separator: ", "))];")
        }
        for edge in edges {
            let label = edge.text.isEmpty ? "" : " [label=\(Self.dotQuoted(edge.text))]"
            lines.append("  n\(edge.from) -> n\(edge.to)\(label);")
        }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    /// For Markdown and mermaid.live.
    package var mermaid: String {
        var lines = ["flowchart LR"]
        for (number, node) in nodes.enumerated() {
            let label = "\(Self.mermaidText(node.id))<br/>\(Self.mermaidText(node.operation))"
            lines.append("  n\(number)[\"\(label)\"]")
        }
        for edge in edges {
            let label = edge.text.isEmpty ? "" : "|\"\(Self.mermaidText(edge.text))\"|"
            lines.append("  n\(edge.from) -->\(label) n\(edge.to)")
        }
        let inserted = nodes.indices.filter { nodes[$0].isInserted }
        if !inserted.isEmpty {
            lines.append("  classDef inserted stroke-dasharray: 4")
            lines.append("  class \(inserted.map { "n\($0)" }.joined(separator: ",")) inserted")
        }
        return (lines + [""]).joined(separator: "\n")
    }

    /// A string of the DOT language; a newline in a label begins a line.
    private static func dotQuoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\u{0}"..."\u{1f}", "\u{7f}": out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// Text between double quotes: what Mermaid or HTML would read is written as a number.
    private static func mermaidText(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "#", "&", "<", ">", "|", "`", "\\", ";", "[", "]", "{", "}":
                out += "#\(scalar.value);"
            case "\n": out += "<br/>"
            case "\u{0}"..."\u{1f}", "\u{7f}": out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
