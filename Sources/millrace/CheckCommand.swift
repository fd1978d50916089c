// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceGraph

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with a topology, and where.")

    @Argument(help: "Files, or - for standard input.")
    var files: [String]

    @Flag(help: "Warnings count as errors.")
    var strict = false

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let catalog = try plugins.catalog()
        var all: [Finding] = []
        for file in files {
            let checked = try CheckedTopology(
                try TopologyInput.readFile(file), job: "check", options: topology,
                catalog: catalog, unset: .warning)
            all += checked.findings
            if output.format == .text, !checked.findings.isEmpty {
                output.data(output.paint(checked.text, onData: true))
            }
        }
        switch output.format {
        case .json: output.data(CheckCommand.json(all).text)
        case .text where all.isEmpty:
            output.note(files.count == 1 ? "no findings" : "no findings in \(files.count) files")
        case .text: output.data(FindingText.count(all))
        }
        let failing = all.filter { $0.severity == .error || (strict && $0.severity == .warning) }
        guard let first = failing.first else { return }
        let code = first.severity == .error ? first.failure.code.exitCode : 65
        throw ExitCode(code)
    }

    static func json(_ findings: [Finding]) -> JSON {
        let items = findings.map { finding -> JSON in
            guard case .object(let members) = Problem(finding.failure).json else { return .null }
            return .object([.init("severity", .string(finding.severity.rawValue))] + members)
        }
        func count(_ severity: Finding.Severity) -> JSON {
            .int(Int64(findings.filter { $0.severity == severity }.count))
        }
        return .object([
            .init("findings", .array(items)), .init("errors", count(.error)),
            .init("warnings", count(.warning)), .init("notices", count(.notice)),
        ])
    }
}
