// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem
import MillraceWire

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure throughput and latency on this machine.",
        discussion: """
            Shapes: \(BenchShape.names.joined(separator: ", ")).
            What is measured is the way of records, without checkpoints, which `millrace run` has;
            only keyed-state takes one each second.
            """)

    @Argument(help: "A shape, or the FILE of a topology.")
    var shape: String

    @Option(name: .customLong("for"), help: "How long is measured.")
    var duration = Span(nanoseconds: 3_000_000_000)

    @Option(help: "How long it runs before that.")
    var warmup = Span(nanoseconds: 1_000_000_000)

    @Option(help: "Of roundtrip: so many per second, so that both ends sleep in between.")
    var rate: Double?

    @Option(help: "Of tasks: how many. Without it: 10, 100, 1000 and 10000.")
    var tasks: [Int] = []

    @Option(
        help: ArgumentHelp(
            "Results that -o json printed before; worse than them ends with 1.",
            valueName: "base.json"), completion: .file(extensions: ["json"]))
    var compare: String?

    @Option(help: "How much worse is no worse yet.")
    var tolerance = Share(0.05)

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if rate != nil, shape != "roundtrip" { throw ValidationError("--rate is for roundtrip") }
        if let rate, !(rate > 0 && rate <= 1e6) {
            throw ValidationError("--rate is above 0 and at most 1000000")
        }
        if !tasks.isEmpty, shape != "tasks" { throw ValidationError("--tasks is for tasks") }
        if let wrong = tasks.first(where: { !(3...100_000).contains($0) }) {
            throw ValidationError("--tasks \(wrong) is not between 3 and 100000")
        }
        if duration.nanoseconds <= 0 { throw ValidationError("--for is above 0") }
    }

    func run() throws {
        let output = common.output
        let base = try compare.map { (file) throws(Failure) in try BenchBase(file: file) }
        let signals = try System.call { try SignalWatch() }
        var isWorse = false
        guard shape != "tasks" else {
            for count in tasks.isEmpty ? [10, 100, 1_000, 10_000] : tasks {
                let shape = BenchShape.tasks(count)
                let input = TopologyInput.file(name: "tasks", text: shape.yaml)
                let plan = try topology.plan(input, job: "bench", plugins: plugins, output: output)
                let result = try BenchRun(plan, signals).startUp(sink: shape.sink)
                isWorse = try tell(result.json, result.text, base, output) || isWorse
            }
            if isWorse { throw ExitCode(1) }
            return
        }
        let (input, known) = try found()
        let (plan, checked) = try topology.checked(
            input, job: "bench", plugins: plugins, output: output)
        let state =
            known?.hasCheckpoints == true
            ? try RunState(stateDir: nil, from: nil, plan: plan, checked: checked) : nil
        defer { state?.clean() }
        let result = try BenchRun(plan, signals, checkpoints: state?.folder).throughput(
            shape: shape, sink: known?.sink, warmup: warmup.nanoseconds,
            duration: duration.nanoseconds)
        if try tell(result.json, result.text, base, output) { throw ExitCode(1) }
    }

    /// Prints a result, beside its base if there is one. True: it is worse than that.
    private func tell(
        _ json: JSON, _ text: String, _ base: BenchBase?, _ output: Output
    ) throws(Failure) -> Bool {
        guard let base else {
            output.data(output.format == .json ? json.text : text)
            return false
        }
        let found = try base.compare(json, tolerance: tolerance.value)
        if base.isElsewhere(json) { output.note("the base was measured on another machine") }
        if output.format == .json, case .object(let members) = json {
            let comparison = JSON.array(found.map(\.json))
            output.data(JSON.object(members + [.init("comparison", comparison)]).text)
        } else {
            output.data(text)
            for one in found { output.data("  " + one.text) }
        }
        return found.contains(where: \.isWorse)
    }

    /// The topology, and its shape; nil: a file, of which the records of all sinks count.
    private func found() throws(Failure) -> (TopologyInput, BenchShape?) {
        if shape == "roundtrip" {
            let shape = BenchShape.roundtrip(rate: rate)
            return (.file(name: shape.name, text: shape.yaml), shape)
        }
        if let known = BenchShape.all.first(where: { $0.name == shape }) {
            return (.file(name: known.name, text: known.yaml), known)
        }
        guard TopologyInput.isFile([shape]) else {
            throw Failure(
                .usage, "\(shape) is neither a shape nor the file of a topology",
                next: "shapes: \(BenchShape.names.joined(separator: ", "))")
        }
        return (try TopologyInput.readFile(shape), nil)
    }
}
