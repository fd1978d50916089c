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
        discussion: "Shapes: \(BenchShape.names.joined(separator: ", ")).")

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
        let signals = try System.call { try SignalWatch() }
        guard shape != "tasks" else {
            for count in tasks.isEmpty ? [10, 100, 1_000, 10_000] : tasks {
                let shape = BenchShape.tasks(count)
                let input = TopologyInput.file(name: "tasks", text: shape.yaml)
                let plan = try topology.plan(input, job: "bench", plugins: plugins, output: output)
                let result = try BenchRun(plan, signals).startUp(sink: shape.sink)
                output.data(output.format == .json ? result.json.text : result.text)
            }
            return
        }
        let (input, sink) = try found()
        let plan = try topology.plan(input, job: "bench", plugins: plugins, output: output)
        let result = try BenchRun(plan, signals).throughput(
            shape: shape, sink: sink, warmup: warmup.nanoseconds, duration: duration.nanoseconds)
        output.data(output.format == .json ? result.json.text : result.text)
    }

    /// The topology, and the node whose records count: nil for all sinks.
    private func found() throws(Failure) -> (TopologyInput, String?) {
        if shape == "roundtrip" {
            let shape = BenchShape.roundtrip(rate: rate)
            return (.file(name: shape.name, text: shape.yaml), shape.sink)
        }
        if let known = BenchShape.all.first(where: { $0.name == shape }) {
            return (.file(name: known.name, text: known.yaml), known.sink)
        }
        guard TopologyInput.isFile([shape]) else {
            throw Failure(
                .usage, "\(shape) is neither a shape nor the file of a topology",
                next: "shapes: \(BenchShape.names.joined(separator: ", "))")
        }
        return (try TopologyInput.readFile(shape), nil)
    }
}
