// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Everything that can be explained, by name.
package struct Explainer: Sendable {
    private let subjects: [Subject]

    /// `commands`: their pages are made where the commands are.
    package init(catalog: [CatalogEntry], commands: [Subject] = []) {
        subjects =
            OperatorPages.subjects(catalog) + commands + KeyPages.subjects + Topics.subjects
            + ErrorPages.subjects + VariablePages.subjects
    }

    /// The subjects of a kind, in the order of their reference.
    package func list(_ kind: Subject.Kind) -> [Subject] { subjects.filter { $0.kind == kind } }

    /// What is called so, the likeliest first. The words may begin with a kind (`operator top`);
    /// of an operator or key the end after a dot is enough where it is unique.
    /// Throws MR1002 and MR1005.
    package func find(_ words: [String]) throws(Failure) -> [Subject] {
        var words = words
        var known = subjects
        if words.count > 1, let kind = Self.kind(words[0]) {
            known = list(kind)
            words.removeFirst()
        }
        let name = words.joined(separator: " ")
        let exact = Subject.Kind.allCases.flatMap { kind in
            known.filter { $0.kind == kind && Self.isName(name, of: $0) }
        }
        if !exact.isEmpty { return exact }
        let endings = known.filter {
            ($0.kind == .operator || $0.kind == .key) && $0.name.hasSuffix(".\(name)")
        }
        if endings.count == 1 { return endings }
        if endings.count > 1 {
            throw Failure(
                .ambiguousTarget, "\(name) is the end of several names",
                next: "explain one of \(endings.map { "`\($0.name)`" }.joined(separator: ", "))")
        }
        if let path = KeyPages.path(name) {
            let keys = known.filter { $0.kind == .key && $0.name == path }
            if !keys.isEmpty { return keys }
        }
        let near = Nearest.names(to: name, among: known.map(\.name), atMost: 3)
        throw Failure(
            .nothingToExplain, "there is nothing called \(name) to explain",
            next: near.isEmpty
                ? "millrace explain says what there is"
                : "did you mean \(near.map { "`\($0)`" }.joined(separator: " or "))?")
    }

    /// A kind by its word or its plural.
    package static func kind(_ word: String) -> Subject.Kind? {
        Subject.Kind.allCases.first { $0.rawValue == word || $0.plural == word }
    }

    /// Codes are found as `MR2104`, `mr2104` and `2104`; `millrace run` is `run`.
    private static func isName(_ text: String, of subject: Subject) -> Bool {
        if subject.name == text { return true }
        switch subject.kind {
        case .code: return [text.uppercased(), "MR" + text].contains(subject.name)
        case .command: return "millrace \(subject.name)" == text
        case .variable: return "$" + subject.name == text
        case .operator, .key, .topic: return false
        }
    }

    /// What `millrace explain` alone says.
    package var overview: String {
        let rows = Subject.Kind.allCases.map { kind in
            let all = list(kind)
            let few = all.prefix(3).map { "`\($0.name)`" }.joined(separator: ", ")
            return ["`\(kind.plural)`", String(all.count), kind.title, few]
        }
        return """
            # What can be explained

            `millrace explain NAME` prints the page of one of these,
            `millrace explain --list KIND` lists a kind.

            \(Markdown.table(["kind", "count", "what", "such as"], rows))
            """
    }

    package var overviewJSON: JSON {
        .object([
            .init(
                "kinds",
                .array(
                    Subject.Kind.allCases.map { kind in
                        .object([
                            .init("name", .string(kind.plural)),
                            .init("title", .string(kind.title)),
                            .init("count", .int(Int64(list(kind).count))),
                        ])
                    }))
        ])
    }

    /// All pages of a kind as one document; of codes, which have files of their own, a table.
    package func reference(_ kind: Subject.Kind) -> String {
        if kind == .code { return "# \(kind.title)\n\n" + ErrorPages.index }
        let all = list(kind)
        let rows = all.map { ["[`\($0.name)`](#\(Self.anchor($0)))", $0.title] }
        let head = "# \(kind.title)\n\n" + Markdown.table([kind.rawValue, "about"], rows)
        return head
            + all.map { "\n" + Markdown.deeper($0.page().markdown) }.joined()
    }

    /// How Markdown viewers name the heading of a page.
    private static func anchor(_ subject: Subject) -> String {
        let heading = subject.page().markdown.prefix { $0 != "\n" }.drop { $0 == "#" || $0 == " " }
        return String(
            heading.lowercased().compactMap { character in
                if character.isLetter || character.isNumber || "-_".contains(character) {
                    return character
                }
                return character == " " ? "-" : nil
            })
    }
}
