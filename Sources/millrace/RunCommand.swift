// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
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
            A file (.yaml, .yml, .json), a folder or - is a topology, anything else a line:
            `!` leads to the next operator, NAME=VALUE sets a parameter, @NODE joins chains.

              millrace run topology.yaml --set source.count=10
              millrace run file.source path=LICENSE ! lines ! words ! top n=3 ! stdout
              millrace run generate count=9 name=in ! null  @in ! count ! stdout

            `millrace explain one-liners` has the whole of it.
            """)

    @Argument(
        help: "FILE, FOLDER, - or the words of a one-liner.", completion: Completion.topology)
    var words: [String]

    @OptionGroup var topology: TopologyOptions
    @OptionGroup var plugins: PluginOptions

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("Drain after so long, such as 10s.", valueName: "duration"))
    var duration: Span?

    @Option(
        help: ArgumentHelp(
            "Drain once the sinks have taken so many records.", valueName: "count"))
    var limit: UInt64?

    @Option(help: ArgumentHelp("How often the status is shown, or off.", valueName: "duration"))
    var stats: SpanOrOff?

    @Option(help: ArgumentHelp("How long draining may take.", valueName: "duration"))
    var drainTimeout = Span(nanoseconds: Limits.drainNanoseconds)

    @Option(
        help: ArgumentHelp(
            "Keep checkpoints here; a run that finds some goes on from the newest.",
            valueName: "folder"),
        completion: .directory)
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "Begin with this savepoint; the state directory is an empty one then.",
            valueName: "savepoint"),
        completion: .directory)
    var from: String?

    @OptionGroup var log: LogOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let level = try log.level(output, ProcessInfo.processInfo.environment)
        // Threads inherit which signals are blocked, so this comes before any of them.
        let signals = try System.call { try SignalWatch() }
        let input = try TopologyInput.read(words)
        let (job, listener) = try RunFolder.listen()
        let (written, checked) = try topology.checked(
            input, job: job, plugins: plugins, output: output)
        let state = try RunState(
            stateDir: stateDir, from: from, plan: written, checked: checked)
        defer { state.clean() }
        let replays = try RunReplays(state)
        let plan = try replays.added(to: written, plugins)
        if state.isKept { checked.tellDelivery(output) }
        let writesData = plan.nodes.contains { $0.operation.id == "stdout" }
        let console = RunConsole(
            output,
            log: .init(job: job, level: level, form: Terminal.isTTY(2) ? .text : .json),
            wish: stats, dataOnTerminal: writesData && Terminal.isTTY(1))
        let journal = RunJournal()
        var options = LocalRun.Options(
            drainTimeout: drainTimeout.nanoseconds, duration: duration?.nanoseconds,
            limit: limit, stateFolder: state.folder, keepsState: state.isKept,
            savepoint: state.savepoint, arguments: ["executor", "--log-level", level.rawValue])
        options.released = replays.released
        let run = try System.call {
            try LocalRun(
                plan: plan, executable: PluginOptions.executable(), options: options,
                signals: signals,
                onLog: { line in
                    journal.add(line, time: WallClock.now())
                    console.log(line)
                },
                onStateChange: { RunCommand.told($0, plan, console) })
        }
        let surface = RunSurface(run, journal: journal, obstacle: state.obstacle)
        let socket = try System.call {
            try RunSocket(listener: listener, router: .jobs(of: surface))
        }
        let ticker = try System.call {
            try Ticker(everyNanoseconds: console.intervalNanoseconds ?? 1_000_000_000) {
                console.tellHidden()
                let view = surface.view()
                if view.state != .starting { console.show(view) }
            }
        }
        if let savepoint = state.savepoint { console.note(Self.told(savepoint)) }
        for line in replays.notes { console.note(line) }
        let outcome = run.run()
        ticker.stop()
        console.tellHidden(atEnd: true)
        socket.close()
        let summary = surface.summary(outcome.summary)
        if let failure = outcome.failure { console.failure(failure) }
        for line in Self.told(outcome, state, summary) { console.note(line) }
        console.note(StatusLine.summary(summary))
        if output.format == .json { output.data(summary.json.text) }
        throw ExitCode(outcome.exitCode)
    }

    /// What was shown after the savepoint cannot be taken back by who begins from it.
    private static func told(_ savepoint: Savepoint) -> String {
        let facts = savepoint.description
        return "from savepoint \(savepoint.path): epoch \(facts.epoch) of \(facts.job); what its "
            + "sinks showed after that will be shown again"
    }

    /// What is to be known about the end beside its numbers.
    private static func told(
        _ outcome: RunOutcome, _ state: RunState, _ summary: JobView
    ) -> [String] {
        var lines = outcome.repetition.total.map { again in
            let count = Figures.count(Int(clamping: again.records), "record")
            return " \(again.node) was given \(count) again after a failure"
        }
        let ending: [FailureCode] = [.crash, .hang, .executorExited]
        if let obstacle = state.obstacle, let code = outcome.failure?.code, ending.contains(code) {
            lines.append(" it did not go on from a checkpoint: \(obstacle)")
        }
        if state.folder != nil, !state.isKept, summary.deadLetters > 0 {
            let count = Figures.count(Int(clamping: summary.deadLetters), "dead letter")
            lines.append(" \(count) removed with the run; --state-dir keeps them")
        }
        return lines
    }

    /// The lines at the start and at the beginning of the end.
    private static func told(_ phase: RunPhase, _ plan: Plan, _ console: RunConsole) {
        switch phase {
        case .running:
            let size =
                Figures.count(plan.taskCount, "task") + ", "
                + Figures.count(plan.threads, "thread")
            console.noteOnce(
                "millrace \(Release.version)  \(plan.job)  \(size)"
                    + "        watch: millrace top \(plan.job)")
        case .draining(let cause, _) where cause != .sourcesEnded:
            console.note(" draining: \(MillraceAPI.DrainCause(cause).rawValue)")
        case .starting, .recovering, .draining, .stopped, .failed:
            break
        }
    }
}
