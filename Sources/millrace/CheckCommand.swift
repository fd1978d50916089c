// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceHost

struct CheckCommand: ParsableCommand {
    enum Format: String, ResultFormat {
        case text, json, sarif, github

        static var standard: Format { .text }
    }

    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with a topology, and where.",
        discussion: """
            Of a Markdown document each ```yaml block with a line `millrace:` is a topology.
            -o github and -o sarif are for code review: findings stand at their lines.
            """)

    @Argument(
        help: "Files, folders, Markdown documents, or - for standard input.",
        completion: .file(extensions: ["yaml", "yml", "json", "md"]))
    var files: [String]

    @Flag(help: "Warnings count as errors.")
    var strict = false

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: ResultOptions<Format>

    func run() throws {
        let output = common.output
        let catalog = try plugins.catalog()
        var report = FindingReport(folder: FileManager.default.currentDirectoryPath)
        for file in files {
            do throws(Failure) {
                for input in try CheckInput.read(file, output) {
                    var checked = try CheckedTopology(
                        input, job: "check", options: topology, catalog: catalog, unset: .warning)
                    checked.weighDelivery()
                    report.findings += checked.findings
                    report.add(checked.delivery, file: input.source.name)
                    report.sources.merge(input.source.texts) { $1 }
                    if common.format == .text, !checked.findings.isEmpty {
                        output.data(output.paint(checked.text, onData: true))
                    }
                    if common.format == .text, let delivery = checked.delivery,
                        let text = delivery.text
                    {
                        let file = files.count == 1 ? "" : "\(input.source.name)  "
                        output.data("\(file)guarantee: \(text)")
                        output.data("\(file)after a crash: \(delivery.restartText)")
                    }
                }
            } catch {
                guard error.code.isAboutInput else { throw error }
                report.unread.append(error)
                if common.format == .text { output.failure(error) }
            }
        }
        let code = report.exitCode(strict: strict)
        switch common.format {
        case .json: output.data(report.json.text)
        case .sarif: output.data(report.sarif.indentedText)
        case .github: for line in report.githubLines { output.data(line) }
        case .text: summary(report, code, output)
        }
        throw ExitCode(code)
    }

    /// `2 errors, 1 warning                 exit 65   millrace explain MR2104`
    private func summary(_ report: FindingReport, _ code: Int32, _ output: Output) {
        guard let first = report.findings.first else {
            if report.unread.isEmpty {
                output.note(
                    files.count == 1 ? "no findings" : "no findings in \(files.count) files")
            }
            return
        }
        let worst = report.findings.first { $0.severity == .error } ?? first
        let count = FindingText.count(report.findings)
        let space = String(repeating: " ", count: max(3, 40 - count.count))
        output.data("\(count)\(space)exit \(code)   millrace explain \(worst.failure.code)")
    }
}

/// The topologies that one word of `check` names.
enum CheckInput {
    /// One of a file or folder; each block of a Markdown document. Throws what `readFile` throws.
    static func read(_ name: String, _ output: Output) throws(Failure) -> [TopologyInput] {
        let input = try TopologyInput.readFile(name)
        guard case .file(_, let text) = input, isMarkdown(name) else { return [input] }
        let found = MarkdownTopologies.find(in: text)
        if found.texts.isEmpty || !found.skipped.isEmpty {
            let skipped = found.skipped.map(String.init).joined(separator: ", ")
            output.note(
                "\(name): \(found.texts.count) of \(found.texts.count + found.skipped.count) "
                    + "blocks of YAML are topologies"
                    + (skipped.isEmpty ? "" : "; no `millrace:` in that of line \(skipped)"))
        }
        return found.texts.map { .file(name: name, text: $0) }
    }

    private static func isMarkdown(_ name: String) -> Bool {
        name.hasSuffix(".md") || name.hasSuffix(".markdown")
    }
}

extension FailureCode {
    /// About one file that was named: the others can still be checked.
    fileprivate var isAboutInput: Bool {
        [.inputMissing, .tooLarge, .yamlSyntax].contains(self)
    }
}
