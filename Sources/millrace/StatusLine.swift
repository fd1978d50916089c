// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceSystem

/// The one line under a running topology, rewritten in place on a terminal.
///
/// Where data goes to the same terminal, or there is no terminal, each status is a line of its
/// own: rewriting would eat the data.
struct StatusLine {
    enum Style { case inPlace, lines, off }

    let style: Style
    private var shown = false

    init(_ style: Style) { self.style = style }

    /// ` running 00:12  in 8.1k/s  out 312/s  dead 0  p99 3.1ms  bottleneck: score (busy 91%)`
    static func text(_ view: JobView) -> String {
        if view.state == .draining { return draining(view) }
        var line = " \(view.state.rawValue.lowercased()) \(Figures.clock(view.runningSeconds))"
        line += "  in \(Figures.rate(view.rates.in))  out \(Figures.rate(view.rates.out))"
        line += "  dead \(view.deadLetters)"
        if let p99 = view.p99Seconds { line += "  p99 \(Figures.duration(p99))" }
        if let found = view.bottleneck {
            line += "  bottleneck: \(found.node) (busy \(Figures.percent(found.busy)))"
        }
        if view.state == .degraded, let reason = view.reason { line += "  " + reason.text }
        return line
    }

    /// ` draining: stdout (14 left), 1s`
    private static func draining(_ view: JobView) -> String {
        let waiting = view.nodes.filter { $0.queueRecords > 0 }
            .map { "\($0.id) (\(Figures.count($0.queueRecords)) left)" }
        let what = waiting.isEmpty ? (view.reason?.text ?? "") : waiting.joined(separator: ", ")
        return " draining: \(what), \(Figures.duration(view.ageSeconds.rounded(.down)))"
    }

    /// ` stopped 00:14  in 112 034  out 4 401  dead-lettered 0`
    static func summary(_ view: JobView) -> String {
        let word = view.state == .failed ? "failed" : "stopped"
        return " \(word) \(Figures.clock(view.runningSeconds))"
            + "  in \(Figures.count(view.records.in))"
            + "  out \(Figures.count(view.records.out))"
            + "  dead-lettered \(Figures.count(view.deadLetters))"
    }

    mutating func show(_ line: String) {
        switch style {
        case .off: return
        case .lines: StandardError.write(line + "\n")
        case .inPlace:
            let columns = Terminal.size(2)?.columns ?? 80
            StandardError.write("\r\u{1B}[2K" + line.prefix(max(1, columns - 1)))
            shown = true
        }
    }

    /// Call before anything else is written to standard error.
    mutating func clear() {
        guard shown else { return }
        StandardError.write("\r\u{1B}[2K")
        shown = false
    }
}
