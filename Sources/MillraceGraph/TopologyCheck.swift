// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A topology as the user gave it.
package enum TopologySource: Hashable, Sendable {
    /// `file` is what messages call it.
    case yaml(text: String, file: String)
    case words([String])

    /// The name of the file in marks, and the text they point into.
    package var text: (file: String, text: String) {
        switch self {
        case .yaml(let text, let file): (file, text)
        case .words(let words): (OneLiner.file, OneLiner.source(words))
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

    package init(
        job: String = "job", name: String = "", threads: Int? = nil, processors: Int = 1,
        overrides: [String] = []
    ) {
        self.job = job
        self.name = name
        self.threads = threads
        self.processors = processors
        self.overrides = overrides
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
    }

    /// Reads as far as is needed to know what to load. Findings are those of `run`, which reports
    /// them again: a caller that goes on to `run` drops these.
    package static func references(
        _ source: TopologySource, environment: TopologyEnvironment
    ) -> (references: References, findings: [Finding]) {
        var findings = Findings()
        var references = References()
        if let topology = read(source, environment, [], &findings) {
            references.plugins = topology.plugins
            var seen: Set<String> = []
            for node in topology.nodes {
                if seen.insert(node.use.value).inserted { references.uses.append(node.use.value) }
                for edge in node.from {
                    guard case .custom(let use, _) = edge.partition?.value else { continue }
                    if seen.insert(use.value).inserted { references.uses.append(use.value) }
                }
            }
        }
        return (references, findings.sorted)
    }

    /// The plan is nil when there is an error, or a value that only `check` may not know.
    package static func run(
        _ source: TopologySource, catalog: [CatalogEntry], environment: TopologyEnvironment,
        options: CheckOptions
    ) -> (plan: Plan?, findings: [Finding]) {
        var findings = Findings()
        var options = options
        if options.name.isEmpty { options.name = Names.topologyName(fromFile: source.text.file) }
        guard let topology = read(source, environment, options.overrides, &findings) else {
            return (nil, findings.sorted)
        }
        let names = OperatorNames(pinned(catalog, topology.plugins, &findings))
        let graph = WiringCheck.run(topology, names: names, findings: &findings)
        var plan: Plan?
        if !findings.hasErrors {
            plan = PlanBuilder.plan(graph, topology, options: options, findings: &findings)
        }
        return (findings.incomplete ? nil : plan, findings.sorted)
    }

    /// Phases 1 to 3.
    private static func read(
        _ source: TopologySource, _ environment: TopologyEnvironment, _ overrides: [String],
        _ findings: inout Findings
    ) -> Topology? {
        let tree: TreeValue?
        switch source {
        case .yaml(let text, let file):
            tree = YAMLReader.read(text, file: file, findings: &findings)
        case .words(let words):
            tree = OneLiner.read(words, findings: &findings)
        }
        guard var tree else { return nil }
        tree = Overrides.apply(overrides, to: tree, findings: &findings)
        tree = Interpolation(environment).topology(tree, findings: &findings)
        return TopologyReader.read(tree, findings: &findings)
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
