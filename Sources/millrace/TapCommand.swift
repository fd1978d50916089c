// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceSystem

struct TapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap", abstract: "Show copies of records while they pass a node of a run.",
        discussion: """
            A few in each second, whatever passes; the run goes on as if nobody looked. Records are
            printed to standard output, how many there were besides to standard error.
              millrace tap run-7f3a/parse
              millrace tap orders/score.low --where 'amount > 100' --limit 5 -o json
              millrace tap orders/out --input --meta
            """)

    @Argument(
        help: "RUN/NODE or RUN/NODE.PORT. RUN is an id such as run-7f3a, or a name.",
        completion: Completion.nodes)
    var target: String

    @Option(help: ArgumentHelp("End after so many records.", valueName: "count"))
    var limit: Int?

    @Option(help: ArgumentHelp("Records in a second, at most 1000.", valueName: "count"))
    var rate = Limits.tapPerSecondDefault

    @Option(
        name: .customLong("where"),
        help: ArgumentHelp(
            "Only records for which an expression holds, as `filter` has them.",
            valueName: "expression"))
    var condition: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("End after so long, such as 10s.", valueName: "duration"))
    var duration: Span?

    @Flag(help: "Also task, port, times and size of each record.")
    var meta = false

    @Flag(help: "What the node takes, instead of what it gives.")
    var input = false

    @OptionGroup var common: CommonOptions

    func run() throws {
        let output = common.output
        let target = try TapTarget(self.target)
        if let limit, limit < 1 { throw Failure(.usage, "--limit: expected 1 or more") }
        let request = TapRequest(
            node: target.node, port: target.port, isInput: input, perSecond: rate,
            condition: condition, asText: output.format == .text)
        let stops = try System.call { try StreamStops(after: duration?.nanoseconds) }
        let client = try Client.named(target.job)
        var printer = TapPrinter(output, showsMeta: meta)
        do throws(Failure) {
            try client.stream(request.path(of: client.job), stops) { event in
                printer.take(event) && printer.shown < limit ?? .max
            }
        } catch {
            guard error.code == .expressionSyntax, let condition else { throw error }
            output.findings(
                FindingText.render(Finding(.error, error), source: condition))
            throw ExitCode(error.code.exitCode)
        }
        printer.end()
    }
}

/// `RUN/NODE` or `RUN/NODE.PORT`.
struct TapTarget: Equatable {
    var job: String
    var node: String
    var port: String?

    init(_ text: String) throws(Failure) {
        let target = try Target(text)
        guard let name = target.node else {
            throw Failure(
                .usage, "\(text) names no node",
                next: "write \(text)/NODE; `millrace status \(text)` lists them")
        }
        guard target.task == nil else {
            throw Failure(
                .usage, "\(text) names one task; a tap shows all of a node",
                next: "write \(target.job)/\(name), and pick the task with -o json")
        }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(
                .usage, "\(text) is no node or port", next: "write RUN/NODE or RUN/NODE.PORT")
        }
        job = target.job
        node = String(parts[0])
        port = parts.count == 2 ? String(parts[1]) : nil
    }
}

/// Prints what a tap brings.
struct TapPrinter {
    private let output: Output
    private let showsMeta: Bool
    private(set) var shown = 0
    /// What the run said last.
    private var seen: TapSeen?
    /// Seconds in a row without a record.
    private var silence = 0
    private static let silenceMax = 5

    init(_ output: Output, showsMeta: Bool) {
        self.output = output
        self.showsMeta = showsMeta
    }

    /// False: nobody reads any more.
    mutating func take(_ event: StreamEvent) -> Bool {
        switch event.name {
        case "record":
            shown += 1
            silence = 0
            return output.data(output.format == .json ? event.data : text(of: event.data))
        case "seen":
            seen = try? JSONDecoder().decode(TapSeen.self, from: Data(event.data.utf8))
            if output.format == .json {
                output.note(event.data)
            } else {
                tellSilence()
            }
            return true
        default:
            // Of a newer release.
            return true
        }
    }

    /// Says how many there were besides.
    func end() {
        guard output.format == .text, let seen else { return }
        let count = Figures.count(shown, "record")
        output.note("\(count) shown; \(Self.around(seen))")
    }

    private mutating func tellSilence() {
        silence += 1
        guard silence == Self.silenceMax, let seen else { return }
        output.note("nothing to show for \(Self.silenceMax) s; \(Self.around(seen))")
    }

    /// `8.1k/s pass`, with what came of the condition.
    private static func around(_ seen: TapSeen) -> String {
        var text = "about \(Figures.rate(seen.aboutPerSecond)) pass"
        if let examined = seen.examined, let undecided = seen.undecided {
            text += ", \(Figures.count(examined)) were looked at"
            if undecided > 0 {
                text += ", \(Figures.count(undecided)) of them could not be decided"
                if let reason = seen.reason { text += ": \(ShownText.line(reason))" }
            }
        }
        return text
    }

    private struct Record: Decodable {
        var port: String
        var task: Int
        var at: String
        var time: String?
        var key: String?
        var key_base64: String?
        var raw: String?
        var base64: String?
        var size: Int
        var cut: Bool?
    }

    private func text(of data: String) -> String {
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(data.utf8)) else {
            return ShownText.line(data)
        }
        var parts: [String] = []
        if showsMeta {
            let size = Quantity.text(size: Int64(record.size))
            parts.append(
                "\(record.at)  \(record.port)#\(record.task)  \(size)  time \(record.time ?? "-")")
        }
        if let key = record.key {
            parts.append(output.word(ShownText.line(key), .code))
        } else if let key = record.key_base64 {
            parts.append(output.word(ShownText.line(base64: key), .code))
        }
        let value =
            record.raw.map { ShownText.line($0) }
            ?? record.base64.map { ShownText.line(base64: $0) } ?? ""
        let rest = record.cut == true ? "… (\(Figures.count(UInt64(record.size))) bytes)" : ""
        parts.append(value + rest)
        return parts.joined(separator: "  ")
    }
}
