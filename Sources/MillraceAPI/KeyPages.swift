// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// The keys of a topology, made of the table that the checker uses.
package enum KeyPages {
    package static var subjects: [Subject] {
        TopologyKeyTable.all.map { key in
            Subject(.key, key.path, title: title(key)) {
                Subject.Page(markdown: markdown(key), json: json(key))
            }
        }
    }

    /// The key that a path means which is none as it stands: `node.retry` is `nodes.retry`.
    static func path(_ text: String) -> String? {
        guard case .found(let key) = TopologyKeyTable.lookup(text) else { return nil }
        return key.path
    }

    private static func title(_ key: TopologyKey) -> String {
        let sentence = key.doc.prefix { $0 != "." }
        return sentence + (key.isServed ? "" : " (not served yet)")
    }

    private static func markdown(_ key: TopologyKey) -> String {
        var text = "# \(key.path)\n\n\(key.doc)\n\n"
        text += Markdown.list(facts(key))
        text += Markdown.section("Values", choices(key.kind))
        text += Markdown.section(
            "Keys below it",
            Markdown.table(
                ["key", "type", "default", "what"],
                TopologyKeyTable.members(of: key.path).map {
                    ["`\($0.name)`", $0.kind.text, initial($0), title($0)]
                }))
        return text + Markdown.section("Example", example(key))
    }

    private static func facts(_ key: TopologyKey) -> [String] {
        var facts = ["type: \(key.kind.text)"]
        if key.required {
            facts.append("required")
        } else if let text = key.defaultText {
            facts.append("default: `\(text)`" + (key.reason.map { ", because \($0)" } ?? ""))
        }
        if let instead = key.instead { facts.append("not served by this release: \(instead)") }
        return facts
    }

    private static func initial(_ key: TopologyKey) -> String {
        key.required ? "required" : key.defaultText.map { "`\($0)`" } ?? ""
    }

    private static func choices(_ kind: TopologyKey.Kind) -> String {
        switch kind {
        case .choice(let choices):
            Markdown.list(
                choices.map { choice in
                    "`\(choice.value)`: \(choice.doc)"
                        + (choice.instead == nil ? "" : " (not served yet)")
                })
        case .list(let kind), .named(_, let kind): choices(kind)
        case .either(let kinds): kinds.map(choices).joined()
        case .bool, .integer, .powerOfTwo, .text, .pattern, .duration, .durations, .size, .rate,
            .field, .reference, .operation, .parameters, .object, .labels, .json:
            ""
        }
    }

    /// The key where it stands in a file: names that the user gives are `NAME`.
    private static func example(_ key: TopologyKey) -> String {
        var lines: [String] = []
        var path = ""
        for name in key.path.split(separator: ".") {
            let indent = String(repeating: "  ", count: lines.count)
            path += (path.isEmpty ? "" : ".") + name
            lines.append("\(indent)\(name):" + (path == key.path ? " \(key.example)" : ""))
            if path != key.path, case .named = TopologyKeyTable[path]?.kind {
                lines.append("\(indent)  NAME:")
            }
        }
        return Markdown.code(lines.joined(separator: "\n"), "text")
    }

    private static func json(_ key: TopologyKey) -> JSON {
        .object([
            .init("kind", .string("key")), .init("name", .string(key.path)),
            .init("title", .string(title(key))), .init("type", .string(key.kind.text)),
            .init("required", .bool(key.required)),
            .init("default", key.defaultText.map(JSON.string) ?? .null),
            .init("reason", key.reason.map(JSON.string) ?? .null),
            .init("doc", .string(key.doc)), .init("example", .string(key.example)),
            .init("served", .bool(key.isServed)),
            .init("instead", key.instead.map(JSON.string) ?? .null),
            .init(
                "below",
                .array(TopologyKeyTable.members(of: key.path).map { .string($0.path) })),
        ])
    }
}
