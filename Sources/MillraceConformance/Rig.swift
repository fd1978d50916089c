// SPDX-License-Identifier: Apache-2.0
// An operator between a source whose records are known and a sink that writes down what comes:
//
//     conform.bytes|text|json  →  the operator  →  conform.record, one for each output
//
// It runs in an executor of its own, as in every job: a crash, a hang or a broken contract ends
// that process, and is told as in every run.
import FoundationEssentials
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem

/// What an operator is fed.
struct Feed: Hashable {
    enum Kind: String, CaseIterable { case bytes, text, json }

    var kind: Kind
    var count: Int
    var first = 0
    var edges = false
}

/// What came of a run.
struct RunResult: Equatable {
    /// nil: everything arrived.
    var failure: Failure?
    /// 32 bytes for each record, by output port.
    var outputs: [[UInt8]]
}

/// Runs one operator.
struct Rig {
    static let frameBytes = 32
    /// The largest record that fits the memory which the ends are given.
    private static let largest = 4 << 20
    private static let softNanoseconds: Int64 = 1_000_000_000
    private static let hardNanoseconds: Int64 = 5_000_000_000
    /// A run that has not ended by itself then never will.
    private static let runNanoseconds: Int64 = 8_000_000_000
    private static let drainNanoseconds: Int64 = 2_000_000_000
    private static let memoryBytes = 4 << 30
    private static let node = "work"

    let operation: OperatorDescription
    private let catalog: [CatalogEntry]
    private let executable: String
    private let folder: String

    /// `ends` has the operators of the plugin `conform`; `folder` is for the sinks' files.
    init(
        _ operation: OperatorDescription, of plugin: PluginReference, ends: [CatalogEntry],
        executable: String, folder: String
    ) {
        self.operation = operation
        catalog = ends + [CatalogEntry(operation: operation, plugin: plugin)]
        self.executable = executable
        self.folder = folder
    }

    /// The plan of a run. `with` is a YAML flow map of parameters. Throws the first error of its
    /// check, when the operator cannot stand there.
    func plan(_ feed: Feed, with: String) throws(Failure) -> Plan {
        let partition = operation.keepsKeyedState ? "hash" : "round_robin"
        var text = """
            millrace: 1
            name: plugin-check
            threads: 1
            nodes:
              feed:
                use: conform.\(feed.kind.rawValue)
                with: {count: \(feed.count), first: \(feed.first), edges: \(feed.edges), \
            largest: \(Self.largest)}
              \(Self.node):
                use: "\(operation.id)"
                from: {node: feed, partition: \(partition)}
                with: \(with)

            """
        for (number, port) in operation.outputs.enumerated() {
            text += """
                  record\(number):
                    use: conform.record
                    from: \(Self.node).\(port.name)
                    with: {path: "\(file(number))"}

                """
        }
        let (plan, findings) = TopologyCheck.run(
            .yaml(text: text, file: "check.yaml"), catalog: catalog,
            environment: TopologyEnvironment(), options: CheckOptions(job: "check", processors: 1))
        guard var plan else {
            let first = findings.first { $0.severity == .error }?.failure
            throw first ?? Failure(.invariantBroken, "a topology without a plan and an error")
        }
        for number in plan.nodes.indices {
            // Room for the largest record.
            plan.nodes[number].outputMemory = UInt64(Limits.quotaBlocksMax * Limits.blockBytes)
            plan.nodes[number].watchdogSoft = Self.softNanoseconds
            plan.nodes[number].watchdogHard = Self.hardNanoseconds
            // What the operator says of a record is what is looked at.
            plan.nodes[number].onError = .fail
        }
        return plan
    }

    /// The same plan with other values for the operator, checked by nobody, and with batches of at
    /// most so many records.
    func change(_ plan: Plan, config: JSON? = nil, batch: Int? = nil) -> Plan {
        var plan = plan
        guard let number = plan.nodes.firstIndex(where: { $0.id == Self.node }) else {
            preconditionFailure("BUG: a plan without the operator")
        }
        if let config { plan.nodes[number].config = config }
        if let batch { plan.nodes[number].operation.batchPreferred = batch }
        return plan
    }

    /// The operator's values in the plan.
    func config(_ plan: Plan) -> JSON {
        plan.nodes.first { $0.id == Self.node }?.config ?? .object([])
    }

    /// Runs it to its end. Throws MR4108 when there is no executor.
    func run(_ plan: Plan) throws(Failure) -> RunResult {
        for number in operation.outputs.indices {
            try? FileManager.default.removeItem(atPath: file(number))
        }
        do throws(SystemError) {
            let run = try LocalRun(
                plan: plan, executable: executable,
                options: .init(
                    drainTimeout: Self.drainNanoseconds, duration: Self.runNanoseconds,
                    arguments: ["executor", "--memory", String(Self.memoryBytes)]))
            let outcome = run.run()
            return RunResult(failure: outcome.failure, outputs: try outputs())
        } catch {
            throw error.failure(.systemRefused)
        }
    }

    private func file(_ output: Int) -> String { "\(folder)/output\(output)" }

    private func outputs() throws(SystemError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for number in operation.outputs.indices {
            do {
                all.append(try DurableFile.read(file(number), limit: 64 << 20))
            } catch {
                // It did not come so far that the sink was made.
                guard error.isMissing else { throw error }
                all.append([])
            }
        }
        return all
    }
}
