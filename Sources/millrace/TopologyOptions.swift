// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceCore
import MillraceGraph
import MillraceHost
import MillraceSystem

/// Flags that change a topology.
struct TopologyOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: "NODE.PARAM=VALUE: another value for a parameter. May be given several times.")
    var settings: [String] = []

    @Option(help: "A file of NAME=value lines for ${NAME}; the environment wins.")
    var envFile: String?

    @Option(help: "Loop threads; by default as many as there are processors.")
    var threads: Int?

    /// The checked plan. Findings go to standard error; with an error among them the command
    /// ends here, with the exit code of the first.
    func plan(
        _ input: TopologyInput, job: String, plugins: PluginOptions, output: Output
    ) throws -> Plan {
        let checked = try CheckedTopology(
            input, job: job, options: self, catalog: plugins.catalog(), unset: .error)
        checked.tell(output)
        if let plan = checked.plan { return plan }
        throw ExitCode(checked.exitCode)
    }

    /// Variables and files for `${…}`.
    func environment(unset: Finding.Severity) throws(Failure) -> TopologyEnvironment {
        let variables = ProcessInfo.processInfo.environment
        let more = try envFile.map(TopologyInput.variables(in:)) ?? [:]
        return TopologyEnvironment(
            variable: { variables[$0] ?? more[$0] },
            file: { (path) throws(Failure) in
                guard case .file(_, let text) = try TopologyInput.readFile(path) else { return "" }
                return text
            }, unset: unset)
    }
}

/// A topology after its check.
struct CheckedTopology {
    /// nil when it cannot run.
    let plan: Plan?
    private(set) var findings: [Finding]
    private let source: TopologySource

    /// Looks for the plugins it needs, and checks it. Throws what the plugin cache gives.
    init(
        _ input: TopologyInput, job: String, options: TopologyOptions, catalog: PluginCatalog,
        unset: Finding.Severity
    ) throws(Failure) {
        source = input.source
        let environment = try options.environment(unset: unset)
        let requests = TopologyCheck.references(source, environment: environment)
            .references.plugins
        let files = requests.compactMap { request -> (path: String, mark: Mark)? in
            guard case .file(let path) = request.target else { return nil }
            return (path.hasPrefix("/") ? path : input.folder + "/" + path, request.mark)
        }
        let found = try catalog.scan(extra: files.map(\.path))
        let checked = TopologyCheck.run(
            source, catalog: found.entries, environment: environment,
            options: CheckOptions(
                job: job, threads: options.threads, processors: CPUSet.allowed().count,
                overrides: options.settings))
        let refused = CheckedTopology.refusals(of: files, found.plugins)
        plan = refused.isEmpty ? checked.plan : nil
        findings = refused + checked.findings.map { CheckedTopology.explain($0, found.plugins) }
    }

    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// Of the first error; 0 without one.
    var exitCode: Int32 {
        findings.first { $0.severity == .error }?.failure.code.exitCode ?? 0
    }

    /// The findings with the lines that they are about.
    var text: String { FindingText.render(findings, sources: [source.text.file: source.text.text]) }

    /// On standard error: all findings, or only errors when quiet.
    func tell(_ output: Output) {
        var shown = self
        if output.quiet { shown.findings.removeAll { $0.severity != .error } }
        guard !shown.findings.isEmpty else { return }
        StandardError.write(output.paint(shown.text, onData: false) + "\n")
    }

    /// Libraries that the topology names and that cannot be used.
    private static func refusals(
        of files: [(path: String, mark: Mark)], _ records: [PluginRecord]
    ) -> [Finding] {
        files.compactMap { file in
            let name = file.path.split(separator: "/").last ?? ""
            let record = records.first { $0.path == file.path || $0.path.hasSuffix("/\(name)") }
            guard let record, record.state != .ready, var reason = record.reason else { return nil }
            reason.mark = file.mark
            return Finding(.error, reason)
        }
    }

    /// An operator that is unknown because its plugin was refused: the plugin's reason.
    private static func explain(_ finding: Finding, _ records: [PluginRecord]) -> Finding {
        guard finding.failure.code == .unknownOperator else { return finding }
        for record in records where record.state != .ready {
            guard var reason = record.reason,
                record.operators.contains(where: { names(finding.failure.text, $0) })
            else { continue }
            reason.mark = finding.failure.mark
            reason.node = finding.failure.node
            return Finding(finding.severity, reason)
        }
        return finding
    }

    /// Whether the text has the operator's id as a word.
    private static func names(_ text: String, _ id: String) -> Bool {
        text.split { !($0.isLetter || $0.isNumber || $0 == "." || $0 == "_" || $0 == "-") }
            .contains { $0 == id }
    }
}
