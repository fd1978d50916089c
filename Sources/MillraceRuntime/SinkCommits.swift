// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceHost
import MillraceSystem
import MillraceWire

/// Calls of operators that the ABI makes in the background, while records flow: a thread of its own
/// makes visible what sinks prepared, and tells sources what is final.
final class SinkCommits: Sendable {
    private enum Work: Sendable {
        case commit(Epoch, [Token])
        case acknowledge(Epoch)
        case next(@Sendable () -> Void)
    }

    private let members: [TaskID: OperatorInstance]
    private let report: @Sendable (ExecutorReport) -> Void
    private let work = Mailbox<Work>()

    init(
        _ chains: [TaskletChain], report: @escaping @Sendable (ExecutorReport) -> Void
    ) throws(Failure) {
        let all = chains.flatMap(\.members).map { ($0.id, $0.instance) }
        members = Dictionary(all) { first, _ in first }
        self.report = report
        do {
            // Lives as long as the process.
            _ = try PinnedThread(name: "commits") { [self] in
                while true { run(work.take()) }
            }
        } catch {
            throw error.failure(.outOfMemory)
        }
    }

    func commit(_ epoch: Epoch, _ tokens: [Token]) { work.post(.commit(epoch, tokens)) }
    func acknowledge(_ epoch: Epoch) { work.post(.acknowledge(epoch)) }

    /// Calls it on this thread once all calls asked for so far have returned: no operator may be
    /// destroyed before.
    func then(_ next: @escaping @Sendable () -> Void) { work.post(.next(next)) }

    private func run(_ work: Work) {
        switch work {
        case .next(let next): next()
        case .acknowledge(let epoch):
            for member in members.values { member.acknowledge(epoch) }
        case .commit(let epoch, let tokens):
            var answers: [CommitAnswer] = []
            var said: [String] = []
            for token in tokens {
                guard let sink = members[sink(of: token)] else {
                    answers.append(.lost)
                    said.append("\(token.task.node) is no node of this job any more")
                    continue
                }
                let outcome = sink.commit(
                    token.blob, writer: token.task.instance, epoch: token.epoch,
                    attempt: token.attempt)
                answers.append(CommitAnswer(outcome))
                said.append(outcome.isMade ? "" : sink.said)
            }
            report(.committed(epoch, answers, said: said))
        }
    }

    /// Tokens of instances that are gone are committed by one of those that are left.
    private func sink(of token: Token) -> TaskID {
        guard members[token.task] == nil else { return token.task }
        let left = members.keys.filter { $0.node == token.task.node }.count
        guard left > 0 else { return token.task }
        return TaskID(node: token.task.node, instance: token.task.instance % UInt32(left))
    }
}

extension CommitAnswer {
    fileprivate init(_ outcome: CommitOutcome) {
        switch outcome {
        case .committed: self = .committed
        case .already: self = .already
        case .retry: self = .retry
        case .lost: self = .lost
        case .refused: self = .refused
        }
    }
}
