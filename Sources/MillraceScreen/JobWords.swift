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

    package static func ink(of state: JobState) -> Ink {
        switch state {
        case .running, .finished: .good
        case .starting, .recovering, .draining, .stopped: .strong
        case .degraded: .doubtful
        case .failed: .bad
        }
    }
}
