// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Something that `millrace explain` has a page about.
package struct Subject: Sendable {
    /// In the order in which a name is looked up.
    package enum Kind: String, CaseIterable, Sendable {
        case `operator`, command, key, topic, code, variable

        /// As `--list` takes it.
        package var plural: String { rawValue + "s" }

        /// What the subjects are, for the overview and above a reference.
        package var title: String {
            switch self {
            case .operator: "Operators"
            case .command: "Commands"
            case .key: "Keys of a topology"
            case .topic: "Notations and tables"
            case .code: "Codes of failures"
            case .variable: "Variables of the environment"
            }
        }
    }

    /// The same facts for a reader and for a program.
    package struct Page: Sendable {
        /// Begins with a heading of the first level that names the subject.
        package var markdown: String
        package var json: JSON

        package init(markdown: String, json: JSON) {
            self.markdown = markdown
            self.json = json
        }
    }

    package var kind: Kind
    /// Unique within its kind.
    package var name: String
    /// One line, no full stop.
    package var title: String
    /// The page is made when it is asked for: most calls want one of some hundred.
    package var page: @Sendable () -> Page

    package init(
        _ kind: Kind, _ name: String, title: String, page: @escaping @Sendable () -> Page
    ) {
        self.kind = kind
        self.name = name
        self.title = title
        self.page = page
    }

    /// One of a list.
    package var json: JSON {
        .object([
            .init("kind", .string(kind.rawValue)), .init("name", .string(name)),
            .init("title", .string(title)),
        ])
    }
}

/// The pieces of a page in Markdown.
enum Markdown {
    /// Rows of cells below a head; empty without rows. A bar in a cell is escaped, and a cell is
    /// one line.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { cells in
            "| "
                + cells.map { cell in
                    cell.replacing("|", with: "\\|").split(separator: "\n").joined(separator: " ")
                }.joined(separator: " | ") + " |"
        }.joined(separator: "\n") + "\n"
    }

    static func list(_ items: [String]) -> String { items.map { "* \($0)\n" }.joined() }

    static func code(_ text: String, _ language: String) -> String {
        "```\(language)\n\(text)\n```\n"
    }

    /// A heading of the second level with what is below it; nothing when nothing is.
    static func section(_ title: String, _ body: String) -> String {
        body.isEmpty ? "" : "\n## \(title)\n\n\(body)"
    }

    /// A page as a part of a longer document: each heading one level deeper.
    static func deeper(_ page: String) -> String {
        var isFenced = false
        return page.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.hasPrefix("```") { isFenced.toggle() }
            return !isFenced && line.hasPrefix("#") ? "#" + line : String(line)
        }.joined(separator: "\n")
    }
}
