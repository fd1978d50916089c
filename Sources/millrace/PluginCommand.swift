// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceHost

struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "See, install, remove and check plugins.",
        subcommands: [
            PluginListCommand.self, PluginAddCommand.self, PluginRemoveCommand.self,
            PluginForgiveCommand.self, PluginCheckCommand.self,
        ],
        defaultSubcommand: PluginListCommand.self)
}

struct PluginListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List plugins, their state and their operators.")

    @OptionGroup var common: CommonOptions
    @OptionGroup var plugins: PluginOptions

    @Argument(help: "Only these libraries or folders, instead of the search path.")
    var paths: [String] = []

    func run() throws {
        let output = common.output
        let result = try plugins.catalog().scan(extra: paths)
        switch output.format {
        case .json: output.data(PluginText.json(result).text)
        case .text:
            let lines = PluginText.table(result.plugins, output)
            if !lines.isEmpty { output.data(lines.joined(separator: "\n")) }
            for record in result.plugins where record.state != .ready || output.verbose {
                for line in PluginText.remarks(record) { output.data(line) }
            }
            if output.verbose || result.plugins.isEmpty {
                for line in PluginText.searched(result.searched) { output.data(line) }
            }
        }
    }
}

struct PluginForgiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unquarantine",
        abstract: "Forget the verdict on a plugin, so that it is tried again.")

    @Argument(help: "The name of the plugin, its file, or the beginning of its digest.")
    var name: String

    @OptionGroup var common: CommonOptions
    @OptionGroup var plugins: PluginOptions

    func run() throws {
        try plugins.catalog().unquarantine(name)
        common.output.note("\(name) will be tried again")
    }
}

/// Records of plugins as text and as JSON.
enum PluginText {
    static func table(_ records: [PluginRecord], _ output: Output) -> [String] {
        guard !records.isEmpty else { return [] }
        var table = TextTable([
            ("NAME", .left), ("VERSION", .left), ("ABI", .left), ("STATE", .left),
            ("DIGEST", .left), ("OPERATORS", .left),
        ])
        for record in records {
            table.add([
                record.name, record.version.isEmpty ? "-" : record.version,
                record.abi.isEmpty ? "-" : record.abi, record.state.rawValue,
                record.sha256.isEmpty ? "-" : String(record.sha256.prefix(12)),
                record.operators.joined(separator: " "),
            ])
        }
        return table.lines
    }

    /// What is to be said about one plugin, in lines below the table.
    static func remarks(_ record: PluginRecord) -> [String] {
        var lines = ["\(record.name)  \(record.path)"]
        if let toolchain = record.toolchain { lines[0] += "  \(toolchain)" }
        if let reason = record.reason {
            lines.append("  \(record.state.rawValue)  \(reason.code)  \(reason.text)")
            if let next = reason.next { lines.append("   \(next)") }
        }
        for warning in record.warnings { lines.append("  warning  \(warning)") }
        return lines
    }

    static func searched(_ folders: [CatalogResult.Searched]) -> [String] {
        ["searched, in this order:"]
            + folders.map { one in
                "  \(one.folder.path)  (\(one.folder.origin.rawValue), \(one.hits) found)"
            }
    }

    static func json(_ result: CatalogResult) -> JSON {
        let items = result.plugins.map { record -> JSON in
            .object([
                .init("name", .string(record.name)), .init("version", .string(record.version)),
                .init("abi", .string(record.abi)), .init("digest", .string(record.sha256)),
                .init("toolchain", record.toolchain.map(JSON.string) ?? .null),
                .init("state", .string(record.state.rawValue)),
                .init("reason", record.reason.map { Problem($0).json } ?? .null),
                .init("path", .string(record.path)),
                .init("operators", .array(record.operators.map(JSON.string))),
                .init("warnings", .array(record.warnings.map(JSON.string))),
            ])
        }
        let searched = result.searched.map { one -> JSON in
            .object([
                .init("path", .string(one.folder.path)),
                .init("origin", .string(one.folder.origin.rawValue)),
                .init("hits", .int(Int64(one.hits))),
            ])
        }
        return .object([
            .init("items", .array(items)), .init("next", .null),
            .init("searched", .array(searched)),
        ])
    }
}
