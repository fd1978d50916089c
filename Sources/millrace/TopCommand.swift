// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceScreen
import MillraceSystem

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Watch runs on the whole screen.",
        discussion: """
            Where there is no terminal, a table is printed every interval; with -o json an object
            on a line of its own. Press h for the keys.
            """)

    @Argument(
        help: "Only this run: an id such as run-7f3a, or a name.", completion: Completion.jobs)
    var job: String?

    @Option(help: "How often there are new figures.")
    var interval = Span(nanoseconds: 1_000_000_000)

    @Option(
        help: ArgumentHelp(
            "The column that sorts: \(NodeColumn.all.map(\.name).joined(separator: ", ")).",
            valueName: "column"))
    var sort: NodeColumn?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        let allowed = Int64(50_000_000)...Int64(3_600_000_000_000)
        if !allowed.contains(interval.nanoseconds) {
            throw ValidationError("--interval is between 50ms and 1h")
        }
    }

    func run() throws {
        let output = common.output
        // Threads inherit which signals are blocked, so this comes before any of them.
        let isFullScreen = output.format == .text && TopCommand.hasScreen
        let signals = isFullScreen ? try System.call { try SignalWatch(TopConsole.signals) } : nil
        let id = try job.map { (name) throws(Failure) in try Client.named(name).job }
        let lookout = Lookout(job: id)
        guard let signals else { return try printTables(of: id, lookout, output) }
        let size = TopConsole.size
        let top = Top(
            job: id, interval: interval.defaultValueDescription, sort: sort, size: size)
        let console = try System.call {
            try TopConsole(top, signals: signals, colours: output.coloursData)
        }
        switch try console.run(lookout, everyNanoseconds: interval.nanoseconds) {
        case .asked: return
        case .runEnded(let job): output.note("\(job) is over")
        case .signal(let number): throw ExitCode(128 + number)
        case .terminalGone: throw ExitCode(129)
        }
    }

    /// Keys can be read and cells drawn.
    private static var hasScreen: Bool {
        Terminal.isTTY(0) && Terminal.isTTY(1)
            && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    private func printTables(of job: String?, _ lookout: Lookout, _ output: Output) throws {
        let milliseconds = Int32(clamping: interval.nanoseconds / 1_000_000)
        var isFirst = true
        try Watching.show(again: true, everyMilliseconds: milliseconds, output) {
            () throws(Failure) in
            let look = try lookout.look()
            if let job, !look.jobs.contains(where: { $0.job == job }) {
                output.note("\(job) is over")
                return nil
            }
            defer { isFirst = false }
            if output.format == .json { return [json(look, at: WallClock.now()).text] }
            if look.jobs.isEmpty, isFirst {
                output.note("nothing runs; try  millrace run generate count=5 ! stdout")
            }
            var lines: [String] = []
            for view in look.jobs {
                if !lines.isEmpty || !isFirst { lines.append("") }
                lines += StatusText.job(view, output, sort: sort)
            }
            return lines
        }
    }

    /// One object: the run, or all of them.
    private func json(_ look: TopLook, at now: Int64) -> JSON {
        let items = look.jobs.map(\.json)
        if job != nil { return items.first ?? .null }
        return .object([
            .init("at", .string(Timestamp.text(nanosecondsSince1970: now))),
            .init("items", .array(items)),
        ])
    }
}

extension NodeColumn: ExpressibleByArgument {
    package init?(argument: String) {
        guard let found = NodeColumn.all.first(where: { $0.name == argument }) else { return nil }
        self = found
    }

    package static var allValueStrings: [String] { all.map(\.name) }
}
