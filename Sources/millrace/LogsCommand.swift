// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceSystem
import MillraceWire

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what a run has logged.",
        discussion: """
            The last 10,000 lines, also those that the run did not show.
              millrace logs run-7f3a --level warn
              millrace logs orders/score -f --grep timeout
            """)

    @Argument(
        help: "JOB, JOB/NODE or JOB/NODE#TASK. JOB is an id such as run-7f3a, or a name.",
        completion: Completion.jobs)
    var target: String

    @Flag(name: .shortAndLong, help: "Go on with what comes, until the run is over.")
    var follow = false

    @Option(help: ArgumentHelp("Lines from this level on.", valueName: "level"))
    var level: LogLine.Level?

    @Option(help: ArgumentHelp("Lines of the last time only, such as 5m.", valueName: "duration"))
    var since: Span?

    @Option(help: ArgumentHelp("Lines that a regular expression matches.", valueName: "expression"))
    var grep: String?

    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let target = try Target(self.target)
        let client = try Client.named(target.job)
        let wanted = try Filter(self, target)
        if let name = target.node {
            let node = try client.status().node(name)
            if let task = target.task { _ = try node.task(String(task)) }
        }
        var last: UInt64 = 0
        while true {
            let page: LogPage
            do throws(Failure) {
                page = try client.ask("/jobs/\(client.job)/logs?after=\(last)", as: LogPage.self)
            } catch {
                guard error.code == .unknownJob, last > 0 || follow else { throw error }
                return
            }
            for entry in page.items where wanted.admits(entry) {
                // A reader that has left wants no more.
                guard output.data(output.format == .json ? entry.json.text : Self.text(entry))
                else { return }
            }
            last = page.items.last?.number ?? last
            guard page.isLast else { continue }
            guard follow else { return }
            // Nobody wakes it: this is the pause between two looks.
            _ = try System.call { try Poller().wait(milliseconds: 200) }
        }
    }

    /// As a run shows it on a terminal, with the whole time.
    private static func text(_ entry: LogEntry) -> String {
        var place = ""
        if let node = entry.node { place = "\(node)#\(entry.task ?? 0) " }
        let code = entry.code.map { "  \($0)" } ?? ""
        return "\(entry.ts) \(entry.level.uppercased()) \(place)\(entry.msg)\(code)"
    }

    private struct Filter {
        let target: Target
        let level: LogLine.Level
        /// RFC 3339 in UTC sorts as its time does; nil: all.
        let since: String?
        let expression: Regex<AnyRegexOutput>?

        init(_ command: LogsCommand, _ target: Target) throws(Failure) {
            self.target = target
            level = command.level ?? .trace
            since = command.since.map {
                Timestamp.text(nanosecondsSince1970: WallClock.now() - $0.nanoseconds)
            }
            do {
                expression = try command.grep.map { try Regex($0) }
            } catch {
                throw Failure(
                    .usage, "--grep: `\(command.grep ?? "")` is no regular expression",
                    next: "write a \\ before characters that are meant as they are")
            }
        }

        func admits(_ entry: LogEntry) -> Bool {
            if let node = target.node, entry.node != node { return false }
            if let task = target.task, entry.task != task { return false }
            if LogLine.Level(rawValue: entry.level) ?? .error < level { return false }
            if let since, entry.ts < since { return false }
            if let expression { return entry.msg.contains(expression) }
            return true
        }
    }
}
