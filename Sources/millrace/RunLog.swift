// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceCore
import MillraceWire

/// How log lines are written: for a person on a terminal, for programs everywhere else.
enum LogForm {
    case text, json

    /// `09:31:07 WARN score#2 process has not returned for 1 s  MR4102`, or an object with the
    /// same: `ts level msg code job node task`. `time` in nanoseconds since 1970.
    func line(_ entry: LogLine, job: String, time: Int64) -> String {
        let stamp = Timestamp.text(nanosecondsSince1970: time)
        switch self {
        case .text:
            let place = entry.node.isEmpty ? "" : "\(entry.node)#\(entry.instance) "
            let code = entry.code.map { "  \($0)" } ?? ""
            return stamp.dropFirst(11).prefix(8) + " \(entry.level.rawValue.uppercased()) "
                + place + entry.text + code
        case .json:
            var members: [JSON.Member] = [
                .init("ts", .string(stamp)), .init("level", .string(entry.level.rawValue)),
                .init("msg", .string(entry.text)),
            ]
            if let code = entry.code { members.append(.init("code", .string(code.description))) }
            members.append(.init("job", .string(job)))
            if !entry.node.isEmpty {
                members.append(.init("node", .string(entry.node)))
                members.append(.init("task", .int(Int64(entry.instance))))
            }
            return JSON.object(members).text
        }
    }
}

/// Hides what a node says again and again: the first line is shown, then one every ten seconds,
/// with the number of those between.
struct LogRepeats {
    static let windowNanoseconds: Int64 = 10_000_000_000
    /// Different lines that are remembered; beyond it the oldest is forgotten.
    static let linesMax = 256

    private struct Seen {
        var line: LogLine
        /// Monotonic nanoseconds of the one that was shown.
        var since: Int64
        var hidden = 0
    }

    private struct Key: Hashable {
        var node: String
        var level: LogLine.Level
        var text: String
    }

    private var seen: [Key: Seen] = [:]

    /// What is to be shown of a line.
    mutating func admit(_ line: LogLine, now: Int64) -> [LogLine] {
        let key = Key(node: line.node, level: line.level, text: line.text)
        if var known = seen[key], now - known.since < Self.windowNanoseconds {
            known.hidden += 1
            seen[key] = known
            return []
        }
        var shown = seen.removeValue(forKey: key).flatMap(Self.note).map { [$0] } ?? []
        if seen.count >= Self.linesMax,
            let oldest = seen.min(by: { $0.value.since < $1.value.since })
        {
            shown += Self.note(oldest.value).map { [$0] } ?? []
            seen[oldest.key] = nil
        }
        seen[key] = Seen(line: line, since: now)
        return shown + [line]
    }

    /// Notes of hidden lines whose time is over; without a time, of all of them.
    mutating func over(now: Int64?) -> [LogLine] {
        let over = seen.filter { entry in
            now.map { $0 - entry.value.since >= Self.windowNanoseconds } ?? true
        }
        for key in over.keys { seen[key] = nil }
        return over.values.sorted { $0.since < $1.since }.compactMap(Self.note)
    }

    private static func note(_ seen: Seen) -> LogLine? {
        guard seen.hidden > 0 else { return nil }
        var line = seen.line
        let lines = seen.hidden == 1 ? "1 identical log line" : "\(seen.hidden) identical log lines"
        line.text = "\(lines) hidden; no records were dropped"
        return line
    }
}

extension LogLine.Level: ExpressibleByArgument {}

/// From which level on log lines are shown.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log lines from this level on. Without it: MILLRACE_LOG_LEVEL, or else info.",
            valueName: "level"))
    var logLevel: LogLine.Level?

    /// The flag, the variable, `-v` and `-q`, in this order. Throws MR1003 for a variable that is
    /// no level.
    func level(
        _ output: Output, _ variables: [String: String]
    ) throws(Failure) -> LogLine.Level {
        if let logLevel { return logLevel }
        if let text = variables["MILLRACE_LOG_LEVEL"], !text.isEmpty {
            guard let level = LogLine.Level(rawValue: text) else {
                let all = LogLine.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(
                    .usage, "MILLRACE_LOG_LEVEL=\(text) is no level", next: "levels: \(all)")
            }
            return level
        }
        return output.verbose ? .trace : output.quiet ? .warn : .info
    }
}
