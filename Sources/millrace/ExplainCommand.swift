// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceSystem

/// The forms of a page.
enum PageFormat: String, ResultFormat {
    case text, markdown, json, schema

    static var standard: PageFormat { .text }
}

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain an operator, a code, a key of a topology, a command.",
        discussion: """
            millrace explain                    what can be explained
            millrace explain generate           an operator, with its parameters
            millrace explain MR2104             a code that a message had
            millrace explain nodes.parallelism  a key of a topology
            millrace explain command top        one of several things with that name
            millrace explain topology -o schema the JSON Schema that editors take
            """)

    @Argument(
        help: "A name, or a kind and a name.",
        completion: Completion.subjects)
    var what: [String] = []

    @Option(
        name: .customLong("list"),
        help: ArgumentHelp("List what there is of a kind.", valueName: "kind"),
        completion: .list(Subject.Kind.allCases.map(\.plural)))
    var kind: String?

    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: ResultOptions<PageFormat>

    func run() throws {
        let output = common.output
        let catalog = catalog(output)
        if common.format == .schema { return try schema(catalog, output) }
        let explainer = Explainer(
            catalog: catalog, commands: CommandPages.subjects(of: Millrace.self))
        if let kind { return try list(kind, explainer, output) }
        guard !what.isEmpty else {
            show(explainer.overview, explainer.overviewJSON, output)
            return
        }
        let found = try explainer.find(what)
        let page = found[0].page()
        show(page.markdown, page.json, output)
        for other in found.dropFirst() {
            output.note(
                "\(other.name) is also a \(other.kind.rawValue): "
                    + "millrace explain \(other.kind.rawValue) \(other.name)")
        }
    }

    /// Operators of the plugins that can be found. Without them the rest can still be explained.
    private func catalog(_ output: Output) -> [CatalogEntry] {
        do {
            return try plugins.catalog().scan(extra: []).entries
        } catch {
            output.failure(error)
            return []
        }
    }

    /// What an editor needs to check and complete topologies with the operators there are.
    private func schema(_ catalog: [CatalogEntry], _ output: Output) throws(Failure) {
        guard what == ["topology"], kind == nil else {
            throw Failure(
                .usage, "only a topology has a schema",
                next: "millrace explain topology -o schema; others have text, markdown and json")
        }
        output.data(TopologySchema.json(catalog: catalog).indentedText)
    }

    private func list(_ word: String, _ explainer: Explainer, _ output: Output) throws {
        guard what.isEmpty else {
            throw Failure(
                .usage, "--list takes a kind and lists all of it",
                next: "millrace explain \(what.joined(separator: " ")), or --list \(word)")
        }
        guard let kind = Explainer.kind(word) else {
            let known = Subject.Kind.allCases.map(\.plural)
            throw Failure(
                .usage, "\(word) is no kind", next: "kinds: \(known.joined(separator: ", "))")
        }
        let subjects = explainer.list(kind)
        switch common.format {
        case .markdown, .schema: output.text(explainer.reference(kind))
        case .json:
            output.data(
                JSON.object([.init("items", .array(subjects.map(\.json))), .init("next", .null)])
                    .text)
        case .text:
            var table = TextTable([("NAME", .left), ("ABOUT", .left)])
            for subject in subjects { table.add([subject.name, subject.title]) }
            output.data(table.lines.joined(separator: "\n"))
        }
    }

    private func show(_ markdown: String, _ json: JSON, _ output: Output) {
        switch common.format {
        case .markdown, .schema: output.text(markdown)
        case .json: output.data(json.text)
        case .text:
            // Wider lines than these are hard to read; narrower ones break every table.
            let columns = min(100, max(40, Terminal.size(1)?.columns ?? 80))
            let text = MarkdownText(width: columns, ink: { output.word($0, $1) })
            output.data(text.render(markdown))
        }
    }
}
