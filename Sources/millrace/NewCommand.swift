// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceCore
import MillraceGraph

struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract:
            "Begin an operator or a topology: a folder that builds, is tested and runs.",
        subcommands: [NewOperatorCommand.self, NewTopologyCommand.self, NewLinkCommand.self])
}

/// Flags of everything that makes a folder.
struct NewOptions: ParsableArguments {
    @Argument(help: "The name of the new folder, and of what is in it.")
    var name: String

    @Option(help: ArgumentHelp("Where to make the folder.", valueName: "folder"))
    var dir: String = "."

    /// Where it goes. Throws `inputMissing` when there is no such place.
    func folder(_ name: String) throws(Failure) -> String {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: dir, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw Failure(.inputMissing, "\(dir) is no folder", next: "make it, or leave --dir out")
        }
        return dir == "." ? name : dir + "/" + name
    }
}

struct NewOperatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "Begin an operator of your own.",
        discussion: """
            Try  millrace new operator hello --lang c && cd hello && make && make test && make run
            """)

    @OptionGroup var options: NewOptions

    @Option(help: "The language: c, cpp or swift.")
    var lang: String

    @Option(help: "The kind: transform, source, sink, aggregate or partitioner.")
    var kind: String = "transform"

    @Flag(help: "The shortest way: a plain function of one record.")
    var simple = false

    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if simple, kind != "transform" {
            throw ValidationError("--simple makes a transform; leave --kind out")
        }
    }

    func run() throws {
        let names = try ProjectNames(options.name)
        let installation = try Installation.ofThisProgram()
        let kind = simple ? "simple" : kind
        let templates = Templates(folder: installation.templates)
        let folder = try options.folder(names.name)
        try ProjectTemplate(
            layers: try templates.layers(language: lang, kind: kind),
            words: [
                "name": names.name, "id": names.id, "symbol": names.symbol, "type": names.type,
                "topology": names.topology, "kind": simple ? "transform" : kind,
            ]
        ).write(to: folder)
        try ProjectLink.make(in: folder, installation, plugins)
        NewCommand.tell(folder, common.output, next: "make && make test && make run")
    }
}

/// What a Makefile calls in a fresh clone: links to a place of this machine are not committed.
struct NewLinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sdk",
        abstract: "Link the SDK of this Millrace into the folder of an operator, as .millrace/sdk.")

    @Option(help: ArgumentHelp("The folder of the operator.", valueName: "folder"))
    var dir: String = "."

    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let installation = try Installation.ofThisProgram()
        try ProjectLink.make(in: dir, installation, plugins)
        common.output.detail("\(dir)/.millrace/sdk leads to \(installation.sdk)")
    }
}

extension NewCommand {
    /// What was made, on standard output, and what to do next.
    static func tell(_ folder: String, _ output: Output, next: String) {
        output.data("created \(folder)/")
        // The list is a courtesy: a folder that cannot be read back is no failure of what was made.
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        for path in paths.sorted() where !path.hasPrefix(".millrace") {
            var isFolder = ObjCBool(false)
            let exists = FileManager.default.fileExists(
                atPath: folder + "/" + path, isDirectory: &isFolder)
            if exists, !isFolder.boolValue { output.data("  \(path)") }
        }
        output.note("next:  cd \(folder) && \(next)")
    }
}

/// The languages and kinds that there are templates for.
struct Templates {
    let folder: String

    /// Throws `noTemplate`.
    func layers(language: String, kind: String) throws(Failure) -> [String] {
        let languages = names(in: "").filter { !["any", "topology"].contains($0) }
        guard languages.contains(language) else {
            throw unknown("language `\(language)`", language, languages)
        }
        let kinds = names(in: language).filter { $0 != "any" }
        guard kinds.contains(kind) else {
            throw unknown("kind `\(kind)` in \(language)", kind, kinds)
        }
        return ["any/any", "any/\(kind)", "\(language)/any", "\(language)/\(kind)"]
            .map { "\(folder)/\($0)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }

    private func unknown(_ what: String, _ wrong: String, _ known: [String]) -> Failure {
        let list = "there is \(known.joined(separator: ", "))"
        return Failure(
            .noTemplate, "no template for the \(what)",
            next: Nearest.question(wrong, known).map { "\($0) \(list)" } ?? list)
    }

    private func names(in path: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/" + path)) ?? []
        return all.filter { !$0.hasPrefix(".") }.sorted()
    }
}
