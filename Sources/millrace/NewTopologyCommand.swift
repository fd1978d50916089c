// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceCore
import MillraceGraph

struct NewTopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Begin a topology of operators that are there.",
        discussion: "Try  millrace new topology hello --from 'generate count=3 ! stdout'")

    @OptionGroup var options: NewOptions

    @Option(
        name: .customLong("from"),
        help: ArgumentHelp("A one-liner, which becomes the topology.", valueName: "words"))
    var line = "generate count=3 value=hello ! stdout"

    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let names = try ProjectNames(options.name)
        let installation = try Installation.ofThisProgram()
        let folder = try options.folder(names.name)
        let template = ProjectTemplate(
            layers: [installation.templates + "/topology"],
            words: [
                "name": names.name, "topology": names.topology,
                "document": try document(name: names.topology),
            ])
        try template.write(to: folder)
        try ProjectLink.make(in: folder, installation, plugins)
        NewCommand.tell(folder, common.output, next: "millrace run topology.yaml")
    }

    /// The one-liner as YAML. What is wrong with it is told as `run` would tell it.
    private func document(name: String) throws -> String {
        let words = try QuotedWords.split(line)
        let checked = try CheckedTopology(
            .words(words), job: name, options: TopologyOptions.parse([]),
            catalog: plugins.catalog(), unset: .warning)
        guard !checked.hasErrors, let members = checked.written else {
            checked.tell(common.output)
            throw ExitCode(checked.exitCode)
        }
        let name = YAMLNode.Member("name", YAMLNode(.text(name)))
        let text = YAMLDocument.text(members.prefix(1) + [name] + members.dropFirst())
        return String(text.dropLast())
    }
}

/// Words of one text, as a shell separates them: by white space, except inside quotes of either
/// kind. Nothing else is special, not even a backslash.
enum QuotedWords {
    /// Throws `oneLinerSyntax` for a quote that does not end.
    static func split(_ text: String) throws(Failure) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in text {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let quote {
            throw Failure(
                .oneLinerSyntax, "the quote \(quote) in --from does not end",
                next: "put a \(quote) behind the word that it begins")
        }
        if let whole = word { words.append(whole) }
        return words
    }
}
