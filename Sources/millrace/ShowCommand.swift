// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceGraph

extension TopologyForm: ResultFormat {
    static var standard: TopologyForm { .yaml }
}

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print a topology in another form.",
        discussion: """
            A one-liner becomes a file:  millrace show generate count=5 ! stdout > topology.yaml
            A file becomes a picture:    millrace show topology.yaml -o dot | dot -Tsvg
            What a run really runs:      millrace show run-7f3a -o text
            """)

    @Argument(
        help: "FILE, FOLDER, - or a one-liner; or JOB, the id or name of a run.",
        completion: Completion.topology)
    var words: [String]

    @Flag(help: "Defaults filled in, and where each value comes from.")
    var resolved = false

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: ResultOptions<TopologyForm>

    func run() throws {
        let output = common.output
        if let client = try client() {
            let answer = try client.ask(
                "/jobs/\(client.job)/topology?form=\(common.format.rawValue)", as: Shown.self)
            return print(answer.text, output)
        }
        let input = try TopologyInput.read(words)
        var checked = try CheckedTopology(
            input, job: "show", options: topology, catalog: plugins.catalog(),
            unset: resolved ? .error : .warning)
        checked.forget { finding in
            // What is shown as it is written needs no values.
            let isValue = [.variableUnset, .fileUnreadable].contains(finding.failure.code)
            return finding.severity == .notice || isValue && !resolved
        }
        checked.tell(output)
        guard !checked.hasErrors, let text = resolved ? resolvedText(checked) : written(checked)
        else { throw ExitCode(checked.exitCode) }
        print(text, output)
    }

    private func resolvedText(_ checked: CheckedTopology) -> String? {
        checked.resolved.map { common.format.text($0) }
    }

    private func written(_ checked: CheckedTopology) -> String? {
        guard let members = checked.written, let topology = checked.topology else { return nil }
        let drawing = GraphDrawing(topology, title: Names.topologyName(fromFile: words[0]))
        return common.format.text(members, drawing)
    }

    private func print(_ text: String, _ output: Output) {
        output.data(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    }
}

/// A run instead of a topology.
extension ShowCommand {
    private struct Shown: Decodable {
        var text: String
    }

    /// One word that has the form of a run's id, or is the name of a run and of no operator.
    private func client() throws(Failure) -> Client? {
        guard words.count == 1, let word = words.first, !TopologyInput.isFile(words) else {
            return nil
        }
        if RunFolder.isJob(word) { return try Client(job: word) }
        guard Client.all().contains(where: { $0.name == word }) else { return nil }
        let names = OperatorNames(try plugins.catalog().scan(extra: []).entries)
        let mark = Mark(file: word, line: 1, column: 1)
        if (try? names.find(Marked(word, at: mark), node: nil)) != nil { return nil }
        return try Client.named(word)
    }
}
