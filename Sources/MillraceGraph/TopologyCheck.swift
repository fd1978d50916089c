// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A topology as the user gave it.
package enum TopologySource: Hashable, Sendable {
    /// `file` is what messages call it.
    case yaml(text: String, file: String)
    case words([String])
    /// All files of a folder, in the order of their names.
    case folder(name: String, files: [TopologyFile])

    /// What the topology is called when it has no name: the file, the folder, the command line.
    package var name: String {
        switch self {
        case .yaml(_, let file): file
        case .words: OneLiner.file
        case .folder(let name, _): name
        }
    }

    /// The texts that marks point into, by the name of their file.
    package var texts: [String: String] {
        switch self {
        case .yaml(let text, let file): [file: text]
        case .words(let words): [OneLiner.file: OneLiner.source(words)]
        case .folder(_, let files):
            Dictionary(files.map { ($0.name, $0.text) }) { first, _ in first }
        }
    }
}

/// What a check is told from outside the topology.
package struct CheckOptions: Sendable {
    /// Goes into the plan unchanged.
    package var job: String
    /// The plan's name when the topology has none; empty: made of the file's name.
    package var name: String
    /// `--threads`.
    package var threads: Int?
    /// How many loops there are when nobody says.
    package var processors: Int
    /// `--set NODE.PARAM=VALUE`, one text each.
    package var overrides: [String]
    /// What code outside this module knows.
    package var outside: OutsideChecks

    package init(
        job: String = "job", name: String = "", threads: Int? = nil, processors: Int = 1,
        overrides: [String] = [], outside: OutsideChecks = OutsideChecks()
    ) {
        self.job = job
        self.name = name
        self.threads = threads
        self.processors = processors
        self.overrides = overrides
        self.outside = outside
    }
}

/// A topology after phases 1 to 3: it is known what must be loaded for it.
package struct ReadTopology: Sendable {
    package let source: TopologySource
    /// `--set` texts that were put into it.
    package let overrides: [String]
    /// As it was written, overrides put in, and with each `${…}` replaced; nil: not readable.
    let written: TreeValue?
    let resolved: TreeValue?
    /// Nil when a fault leaves no usable list of nodes.
    package let topology: Topology?
    let findings: Findings

    /// Plugins that it lists, and the operators that it uses.
    package var references: TopologyCheck.References {
        var references = TopologyCheck.References()
        guard let topology else { return references }
        references.plugins = topology.plugins
        var seen: Set<String> = []
        references.functions = topology.nodes.compactMap(\.function?.call)
        for node in topology.nodes {
            if seen.insert(node.use.value).inserted { references.uses.append(node.use.value) }
            for edge in node.from {
                guard case .custom(let use, _) = edge.partition?.value else { continue }
                if seen.insert(use.value).inserted { references.uses.append(use.value) }
            }
        }
        return references
    }

    /// The texts that marks point into, by the name of their file.
    package var texts: [String: String] {
        var texts = source.texts
        if !overrides.isEmpty { texts[Overrides.file] = Overrides.source(overrides) }
        return texts
    }

    /// Where secrets stand in these texts, by the tables of the operators in the catalogue: what
    /// prints a line of them prints stars there.
    package func secretPlaces(_ catalog: [CatalogEntry]) -> [Mark] {
        guard let topology else { return [] }
        return SecretPlaces.find(topology, names: OperatorNames(catalog), sources: texts)
    }
}

/// A topology at each stage of its check; what a fault kept from being made is nil.
package struct Inspection: Sendable {
    /// The file's values as they were written, `--set` applied.
    package var written: TreeValue?
    /// The same with each `${…}` replaced.
    package var resolved: TreeValue?
    package var topology: Topology?
    /// What the nodes' `use` means.
    package var names: OperatorNames
    /// Incomplete when there is an error.
    package var graph: LogicalGraph?
    package var plan: Plan?
    package var findings: [Finding]
    /// What each sink keeps of the guarantee; its notices are not among the findings.
    package var delivery: DeliveryCheck?

    package init(names: OperatorNames, findings: [Finding]) {
        self.names = names
        self.findings = findings
    }
}

/// From text to plan, in phases; each reports all that it finds.
package enum TopologyCheck {
    /// What must be looked for before a check: plugins that the topology lists, and the operators
    /// that it uses.
    package struct References: Hashable, Sendable {
        package var plugins: [PluginRequest] = []
        /// As written, with ranges; each once, in the order of the file.
        package var uses: [String] = []
        /// C functions that it calls.
        package var functions: [CFunction] = []
    }

    /// Phases 1 to 3.
    package static func read(
        _ source: TopologySource, environment: TopologyEnvironment, overrides: [String] = []
    ) -> ReadTopology {
        var findings = Findings()
        let tree: TreeValue?
        switch source {
        case .yaml(let text, let file):
            tree = YAMLReader.read(text, file: file, findings: &findings)
        case .words(let words):
            tree = OneLiner.read(words, findings: &findings)
        case .folder(_, let files):
            tree = TopologyFolder.read(files, findings: &findings)
        }
        let written = tree.map { Overrides.apply(overrides, to: $0, findings: &findings) }
        let resolved = written.map {
            Interpolation(environment).topology($0, findings: &findings)
        }
        let topology = resolved.flatMap { TopologyReader.read($0, findings: &findings) }
        return ReadTopology(
            source: source, overrides: overrides, written: written, resolved: resolved,
            topology: topology, findings: findings)
    }

    /// The rest of the phases. Findings are those of all phases. The plan is nil when there is an
    /// error, or a value that only `check` may not know.
    package static func inspect(
        _ read: ReadTopology, catalog: [CatalogEntry], options: CheckOptions
    ) -> Inspection {
        var findings = read.findings
        guard let topology = read.topology else {
            return Inspection(names: OperatorNames(catalog), findings: findings.sorted)
        }
        var options = options
        if options.name.isEmpty { options.name = Names.topologyName(fromFile: read.source.name) }
        let names = OperatorNames(pinned(catalog, topology.plugins, &findings))
        let graph = WiringCheck.run(
            topology, names: names, outside: options.outside, findings: &findings)
        var plan: Plan?
        if !findings.hasErrors {
            plan = PlanBuilder.plan(graph, topology, options: options, findings: &findings)
        }
        var inspection = Inspection(names: names, findings: findings.sorted)
        inspection.written = read.written
        inspection.resolved = read.resolved
        inspection.topology = topology
        inspection.graph = graph
        inspection.plan = findings.incomplete ? nil : plan
        inspection.delivery = plan.map { DeliveryCheck($0, topology) }
        return inspection
    }

    /// All phases.
    package static func inspect(
        _ source: TopologySource, catalog: [CatalogEntry], environment: TopologyEnvironment,
        options: CheckOptions
    ) -> Inspection {
        let read = read(source, environment: environment, overrides: options.overrides)
        return inspect(read, catalog: catalog, options: options)
    }

    /// The same, without what was made on the way.
    package static func run(
        _ source: TopologySource, catalog: [CatalogEntry], environment: TopologyEnvironment,
        options: CheckOptions
    ) -> (plan: Plan?, findings: [Finding]) {
        let inspection = inspect(
            source, catalog: catalog, environment: environment, options: options)
        return (inspection.plan, inspection.findings)
    }

    /// Entries of `plugins` with a range leave only the versions in it.
    private static func pinned(
        _ catalog: [CatalogEntry], _ requests: [PluginRequest], _ findings: inout Findings
    ) -> [CatalogEntry] {
        var catalog = catalog
        for request in requests {
            guard case .installed(let name, let text) = request.target else { continue }
            let versions = Set(catalog.filter { $0.plugin.name == name }.map(\.plugin.version))
            let range = text.flatMap(VersionRange.init)
            let fitting = versions.filter { range?.contains($0) ?? true }
            if fitting.isEmpty {
                let all = Set(catalog.map(\.plugin.name)).sorted()
                let next =
                    versions.isEmpty
                    ? Nearest.question(name, all) ?? "`millrace plugin list` shows what there is"
                    : "installed: \(name) \(versions.sorted().joined(separator: ", "))"
                findings.error(
                    .pluginNotFound, at: request.mark,
                    "plugin \(name)\(text.map { "@\($0)" } ?? "") is not installed", next: next)
                continue
            }
            catalog.removeAll { $0.plugin.name == name && !fitting.contains($0.plugin.version) }
        }
        return catalog
    }
}
