// SPDX-License-Identifier: Apache-2.0
import MillraceAPI

/// What is said about a job above its table, the same in `status` and in `top`.
package enum JobWords {
    /// `orders, 4 tasks, 3 threads`.
    package static func size(_ view: JobView) -> String {
        "\(view.name), \(Figures.count(view.taskCount, "task")), "
            + Figures.count(view.threads, "thread")
    }

    /// Why it is in its state, with the code; nil when there is nothing to say.
    package static func reason(_ view: JobView) -> String? {
        view.reason.map { $0.text + ($0.code.map { "   \($0)" } ?? "") }
    }

    /// What happens next; nil when there is nothing to say.
    package static func next(_ view: JobView) -> String? {
        view.next.map { $0.text + ($0.at.map { ", at \($0)" } ?? "") }
    }

    /// `score (busy 97%), it blocks parse 71% of the time`.
    package static func bottleneck(_ view: JobView) -> String {
        guard let found = view.bottleneck else { return "none, limited by input" }
        let blocked = found.blocks.prefix(3).map { "\($0.node) \(Figures.percent($0.share))" }
        let tail =
            blocked.isEmpty ? "" : ", it blocks \(blocked.joined(separator: ", ")) of the time"
        return "\(found.node) (busy \(Figures.percent(found.busy)))\(tail)"
    }

    /// `2026-01-31T12:00:00Z, 3.2s behind the clock, held up by orders#1`; nil: there is no time.
    package static func watermark(_ view: JobView) -> String? {
        guard let found = view.watermark else { return nil }
        var text = found.time ?? "none yet"
        if let lag = found.lagSeconds {
            text += ", \(Figures.duration(abs(lag))) \(lag < 0 ? "ahead of" : "behind") the clock"
        }
        return text + (found.heldBy.map { ", held up by \($0)" } ?? ", everything is idle")
    }

    package static func ink(of state: JobState) -> Ink {
        switch state {
        case .running, .finished: .good
        case .starting, .recovering, .draining, .stopped: .strong
        case .degraded: .doubtful
        case .failed: .bad
        }
    }
}
