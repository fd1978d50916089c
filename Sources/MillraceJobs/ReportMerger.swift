// SPDX-License-Identifier: Apache-2.0
// What several executors report, as if they were one.
//
//   hello loaded opened     passed on when the last has said it; a hello of another protocol
//   restored drained stopped  at once
//   started                 likewise, with the metrics of all
//   fenced                  likewise; done when all are
//   committed               when each that has tokens of it answered, in the order of the command
//   acked declined failed   at once: they say whose they are, or one is enough
//   log tapped
import MillraceDelivery
import MillraceWire

struct ReportMerger: Sendable {
    private enum Step: Hashable {
        case hello, loaded, opened, fenced, restored, started, drained, stopped
    }

    private struct Commit {
        /// Positions in the command, by executor.
        var positions: [Int: [Int]]
        var answers: [CommitAnswer?]
        var said: [String] = []
    }

    private let executors: Int
    private var said: [Step: Set<Int>] = [:]
    private var isFenced = true
    private var metrics: [MetricCell] = []
    private var commits: [Epoch: Commit] = [:]

    init(executors: Int) { self.executors = executors }

    /// Tokens are on their way; `owners` has the executor of each.
    mutating func commit(_ epoch: Epoch, owners: [Int]) {
        let positions = Dictionary(grouping: owners.indices) { owners[$0] }
        commits[epoch] = Commit(
            positions: positions.isEmpty ? [0: []] : positions,
            answers: Array(repeating: nil, count: owners.count))
    }

    /// nil: the others have to say something first.
    mutating func take(_ report: ExecutorReport, from executor: Int) -> ExecutorReport? {
        switch report {
        case .hello(let version, _, _):
            let isLast = isLast(.hello, executor)
            return isLast || version != ControlChannel.version ? report : nil
        case .loaded: return isLast(.loaded, executor) ? report : nil
        case .opened: return isLast(.opened, executor) ? report : nil
        case .restored: return isLast(.restored, executor) ? report : nil
        case .drained: return isLast(.drained, executor) ? report : nil
        case .stopped: return isLast(.stopped, executor) ? report : nil
        case .fenced(let isDone):
            isFenced = isFenced && isDone
            guard isLast(.fenced, executor) else { return nil }
            defer { isFenced = true }
            return .fenced(isDone: isFenced)
        case .started(let cells):
            metrics += cells
            return isLast(.started, executor) ? .started(metrics: metrics) : nil
        case .committed(let epoch, let answers, let said):
            return committed(epoch, answers, said, executor)
        case .acked, .declined, .failed, .log, .tapped: return report
        }
    }

    private mutating func isLast(_ step: Step, _ executor: Int) -> Bool {
        said[step, default: []].insert(executor)
        guard said[step]?.count == executors else { return false }
        said[step] = nil
        return true
    }

    private mutating func committed(
        _ epoch: Epoch, _ answers: [CommitAnswer], _ said: [String], _ executor: Int
    ) -> ExecutorReport? {
        guard var commit = commits[epoch],
            let positions = commit.positions.removeValue(forKey: executor),
            positions.count == answers.count
        else { return .committed(epoch, answers, said: said) }
        for (position, answer) in zip(positions, answers) { commit.answers[position] = answer }
        commit.said += said
        guard commit.positions.isEmpty else {
            commits[epoch] = commit
            return nil
        }
        commits[epoch] = nil
        return .committed(epoch, commit.answers.compactMap(\.self), said: commit.said)
    }
}
