// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore

/// The commands as they are defined, for `explain` and the reference.
enum CommandPages {
    /// What the parser says about itself (`--experimental-dump-help`), as far as it is used here.
    struct Tool: Decodable {
        var command: Command
    }

    struct Command: Decodable {
        var commandName: String
        var shouldDisplay: Bool?
        var abstract: String?
        var discussion: String?
        var subcommands: [Command]?
        var arguments: [Argument]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            enum Kind: String, Decodable { case long, short, longWithSingleDash }
            var kind: Kind
            var name: String

            var text: String { (kind == .long ? "--" : "-") + name }
        }

        enum Kind: String, Decodable { case positional, option, flag }

        var kind: Kind
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
    }

    /// All commands that are not hidden, a group before its members.
    static func subjects(of root: any ParsableCommand.Type) -> [Subject] {
        let dump = Data(root._dumpHelp().utf8)
        guard let tool = try? JSONDecoder().decode(Tool.self, from: dump) else {
            preconditionFailure("BUG: the parser describes itself in another form")
        }
        return subjects(below: tool.command, path: [])
    }

    private static func subjects(below command: Command, path: [String]) -> [Subject] {
        (command.subcommands ?? []).flatMap { command -> [Subject] in
            guard command.commandName != "help", command.shouldDisplay != false else { return [] }
            let path = path + [command.commandName]
            let name = path.joined(separator: " ")
            let own = Subject(.command, name, title: title(command)) {
                Subject.Page(markdown: markdown(command, name), json: json(command, name))
            }
            return [own] + subjects(below: command, path: path)
        }
    }

    private static func title(_ command: Command) -> String {
        var title = command.abstract ?? ""
        if title.hasSuffix(".") { title.removeLast() }
        return title
    }

    // MARK: Markdown

    private static func markdown(_ command: Command, _ name: String) -> String {
        var text = "# millrace \(name)\n\n\(command.abstract ?? "")\n\n"
        text += "```text\n\(usage(command, name))\n```\n"
        if let discussion = command.discussion, !discussion.isEmpty {
            text += "\n```text\n\(discussion)\n```\n"
        }
        let commands = (command.subcommands ?? []).filter { $0.commandName != "help" }
        text += section(
            "Commands", ["command", "does"],
            commands.map {
                ["`\(name) \($0.commandName)`", $0.abstract ?? ""]
            })
        let arguments = shown(command)
        text += section(
            "Arguments", ["argument", "is"],
            arguments.filter { $0.kind == .positional }.map {
                ["`\(word($0))`", about($0)]
            })
        text += section(
            "Flags", ["flag", "default", "does"],
            arguments.filter { $0.kind != .positional }.map {
                ["`\(flag($0))`", $0.defaultValue.map { "`\($0)`" } ?? "", about($0)]
            })
        return text
    }

    private static func section(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        let lines = ([head, head.map { _ in "---" }] + rows).map { cells in
            "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }
        return "\n## \(title)\n\n" + lines.joined()
    }

    /// Arguments that have a place in the help; `--help` and `--version` are everywhere.
    private static func shown(_ command: Command) -> [Argument] {
        (command.arguments ?? []).filter { argument in
            let name = argument.names?.last?.name
            return argument.shouldDisplay && name != "help" && name != "version"
        }
    }

    private static func usage(_ command: Command, _ name: String) -> String {
        let arguments = shown(command)
        var words = ["millrace", name]
        if !(command.subcommands ?? []).isEmpty { words.append("COMMAND") }
        if arguments.contains(where: { $0.kind != .positional }) { words.append("[FLAG…]") }
        words += arguments.filter { $0.kind == .positional }.map { argument in
            argument.isOptional ? "[\(word(argument))]" : word(argument)
        }
        return words.joined(separator: " ")
    }

    /// `FILE…`
    private static func word(_ argument: Argument) -> String {
        (argument.valueName ?? "value").uppercased() + (argument.isRepeating ? "…" : "")
    }

    /// `-o, --output FORMAT`
    private static func flag(_ argument: Argument) -> String {
        let names = (argument.names ?? []).sorted { $0.kind == .short && $1.kind != .short }
        let text = names.map(\.text).joined(separator: ", ")
        return argument.kind == .flag
            ? text : "\(text) \((argument.valueName ?? "value").uppercased())"
    }

    private static func about(_ argument: Argument) -> String {
        var text = argument.abstract ?? ""
        if let values = argument.allValues, !values.isEmpty {
            text += " One of \(values.map { "`\($0)`" }.joined(separator: ", "))."
        }
        return text
    }

    // MARK: JSON

    private static func json(_ command: Command, _ name: String) -> JSON {
        .object([
            .init("kind", .string("command")), .init("name", .string(name)),
            .init("title", .string(title(command))),
            .init("usage", .string(usage(command, name))),
            .init("discussion", .string(command.discussion ?? "")),
            .init(
                "arguments",
                .array(
                    shown(command).map { argument in
                        .object([
                            .init(
                                "names", .array((argument.names ?? []).map { .string($0.text) })),
                            .init("kind", .string(argument.kind.rawValue)),
                            .init("value", argument.valueName.map(JSON.string) ?? .null),
                            .init("default", argument.defaultValue.map(JSON.string) ?? .null),
                            .init("values", .array((argument.allValues ?? []).map(JSON.string))),
                            .init("repeats", .bool(argument.isRepeating)),
                            .init("optional", .bool(argument.isOptional)),
                            .init("doc", .string(argument.abstract ?? "")),
                        ])
                    })),
        ])
    }
}
