// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a topology here, in the foreground.",
        discussion: """
            A topology is a file (one word that ends in .yaml, .yml or .json, or -), or is written
            out:  millrace run generate count=5 ! pass ! stdout
            """)

    @Argument(help: "FILE, - or the words of a one-liner.")
    var words: [String]

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions

    @Option(name: .customLong("for"), help: "Drain after so long, such as 10s.")
    var duration: Span?

    @Option(help: "Drain once the sinks have taken so many records.")
    var limit: UInt64?

    @Option(help: "How often the status is shown, or off.")
    var stats: SpanOrOff?

    @Option(help: "How long draining may take.")
    var drainTimeout = Span(nanoseconds: Limits.drainNanoseconds)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        // Threads inherit which signals are blocked, so this comes before any of them.
        let signals = try System.call { try SignalWatch() }
        let input = try TopologyInput.read(words)
        let (job, listener) = try RunFolder.listen()
        let plan = try topology.plan(input, job: job, plugins: plugins, output: output)
        let writesData = plan.nodes.contains { $0.operation.id == "stdout" }
        let console = RunConsole(
            output, wish: stats, dataOnTerminal: writesData && Terminal.isTTY(1))
        let run = try System.call {
            try LocalRun(
                plan: plan, executable: PluginOptions.executable(),
                options: .init(
                    drainTimeout: drainTimeout.nanoseconds, duration: duration?.nanoseconds,
                    limit: limit),
                signals: signals, onLog: { console.log($0) },
                onStateChange: { RunCommand.told($0, plan, console) })
        }
        let surface = RunSurface(run)
        let socket = try System.call {
            try RunSocket(listener: listener, router: .jobs(of: surface))
        }
        let ticker = try System.call {
            try Ticker(everyNanoseconds: console.intervalNanoseconds ?? 1_000_000_000) {
                let view = surface.view()
                if view.state != .starting { console.show(view) }
            }
        }
        let outcome = run.run()
        ticker.stop()
        socket.close()
        let summary = surface.summary(outcome.summary)
        if let failure = outcome.failure { console.failure(failure) }
        console.note(StatusLine.summary(summary))
        if output.format == .json { output.data(summary.json.text) }
        throw ExitCode(outcome.exitCode)
    }

    /// The lines at the start and at the beginning of the end.
    private static func told(_ phase: RunPhase, _ plan: Plan, _ console: RunConsole) {
        switch phase {
        case .running:
            let size =
                Figures.count(plan.taskCount, "task") + ", "
                + Figures.count(plan.threads, "thread")
            console.note(
                "millrace \(Release.version)  \(plan.job)  \(size)"
                    + "        watch: millrace status --watch \(plan.job)")
        case .draining(let cause, _) where cause != .sourcesEnded:
            console.note(" draining: \(MillraceAPI.DrainCause(cause).rawValue)")
        case .starting, .draining, .stopped, .failed:
            break
        }
    }
}
