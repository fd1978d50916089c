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
        help: ArgumentHelp(
            "Another value for a parameter. May be given several times.",
            valueName: "node.param=value"))
    var settings: [String] = []

    @Option(
        help: ArgumentHelp(
            "NAME=value lines for ${NAME}; the environment wins.", valueName: "file"),
        completion: .file())
    var envFile: String?

    @Option(
        help: ArgumentHelp(
            "Loop threads; by default as many as there are processors.", valueName: "count"))
    var threads: Int?

    /// The checked plan. Findings go to standard error; with an error among them the command
    /// ends here, with the exit code of the first.
    func plan(
        _ input: TopologyInput, job: String, plugins: PluginOptions, output: Output
    ) throws -> Plan {
        try checked(input, job: job, plugins: plugins, output: output).plan
    }

    /// The same, with what was found on the way.
    func checked(
        _ input: TopologyInput, job: String, plugins: PluginOptions, output: Output
    ) throws -> (plan: Plan, topology: CheckedTopology) {
        let checked = try CheckedTopology(
            input, job: job, options: self, catalog: plugins.catalog(), unset: .error)
        checked.tell(output)
        if let plan = checked.plan { return (plan, checked) }
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
    /// What findings point into, by the name of their file, and where secrets stand in it.
    private let sources: [String: String]
    private let secrets: [Mark]
    private let inspection: Inspection
    private let environment: TopologyEnvironment
    private let options: CheckOptions

    /// Looks for the plugins it needs, and checks it. Throws what the plugin cache gives.
    init(
        _ input: TopologyInput, job: String, options: TopologyOptions, catalog: PluginCatalog,
        unset: Finding.Severity
    ) throws(Failure) {
        environment = try options.environment(unset: unset)
        let read = TopologyCheck.read(
            input.source, environment: environment, overrides: options.settings)
        let outside = try CheckedTopology.outside(read.references.functions, input)
        self.options = CheckOptions(
            job: job, threads: options.threads, processors: CPUSet.allowed().count,
            overrides: options.settings, outside: outside)
        sources = read.texts
        let files = read.references.plugins.compactMap { request -> (path: String, mark: Mark)? in
            guard case .file(let path) = request.target else { return nil }
            return (path.hasPrefix("/") ? path : input.folder + "/" + path, request.mark)
        }
        let found = try catalog.scan(extra: files.map(\.path))
        inspection = TopologyCheck.inspect(
            read, catalog: found.entries, options: self.options)
        secrets = read.secretPlaces(found.entries)
        let refused = CheckedTopology.refusals(of: files, found.plugins)
        plan = refused.isEmpty ? inspection.plan : nil
        findings = refused + inspection.findings.map { CheckedTopology.explain($0, found.plugins) }
    }

    /// Expressions and paths are read by the code that will run them; libraries of C functions
    /// are looked into by a process of its own.
    private static func outside(
        _ functions: [CFunction], _ input: TopologyInput
    ) throws(Failure) -> OutsideChecks {
        var outside = OutsideChecks()
        outside.expression = { ExpressionCheck.fault(in: $0) }
        outside.path = { ExpressionCheck.fault(inPath: $0) }
        let probe = FunctionProbe(
            executable: try PluginOptions.executable(),
            searchPath: ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"])
        // A path begins where the topology lies.
        outside.function = probe.look(for: functions) { library in
            guard library.contains("/"), !library.hasPrefix("/") else { return library }
            return URL(filePath: "\(input.folder)/\(library)").standardizedFileURL.path
        }
        return outside
    }

    /// As it was written; nil when it could not be read.
    var written: [YAMLNode.Member]? { TopologyWriter.document(inspection) }

    /// The shape of what was written; nil when it could not be read.
    var topology: Topology? { inspection.topology }

    /// With nothing left open; nil when it cannot run.
    var resolved: ResolvedTopology? {
        plan.flatMap { _ in
            ResolvedTopology(inspection, environment: environment, options: options)
        }
    }

    /// What each sink keeps of the guarantee; nil for a broken topology.
    var delivery: DeliveryCheck? { inspection.delivery }

    /// Adds what lowers the guarantee to the findings.
    mutating func weighDelivery() { findings += delivery?.notices ?? [] }

    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    /// Of the first error; 0 without one.
    var exitCode: Int32 {
        findings.first { $0.severity == .error }?.failure.code.exitCode ?? 0
    }

    /// The findings with the lines that they are about.
    var text: String { FindingText.render(findings, sources: sources, hidden: secrets) }

    /// Drops findings that do not matter to the one who asks.
    mutating func forget(_ isIdle: (Finding) -> Bool) {
        findings.removeAll { $0.severity != .error && isIdle($0) }
    }

    /// On standard error: all findings, or only errors when quiet.
    func tell(_ output: Output) {
        var shown = self
        if output.quiet { shown.findings.removeAll { $0.severity != .error } }
        guard !shown.findings.isEmpty else { return }
        output.findings(shown.text)
    }

    /// The same of what lowers the guarantee.
    func tellDelivery(_ output: Output) {
        guard let notices = delivery?.notices, !notices.isEmpty, !output.quiet else { return }
        output.findings(FindingText.render(notices, sources: sources, hidden: secrets))
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
