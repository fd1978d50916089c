// SPDX-License-Identifier: Apache-2.0
import MillraceDelivery

/// A record on its way: which one it is, and what the counting operator made of it.
struct Record: Hashable {
    var source: Int
    var sequence: Int
    var key: Int
    var count: Int
}

/// The world that sinks write to: transactions that are prepared, then committed or aborted, and
/// the effects that can be seen.
final class SimulatedOutside {
    enum State { case prepared, committed, aborted }

    struct Transaction {
        var region: RegionID
        var instance: UInt32
        var attempt: Attempt
        var epoch: Epoch
        var records: [Record]
        var state = State.prepared
    }

    private(set) var transactions: [Transaction] = []

    func prepare(
        _ region: RegionID, _ task: TaskID, _ attempt: Attempt, _ epoch: Epoch, _ records: [Record]
    ) {
        transactions.append(
            Transaction(
                region: region, instance: task.instance, attempt: attempt, epoch: epoch,
                records: records))
    }

    /// The answer, and the records that became visible by it.
    func commit(_ region: RegionID, _ token: Token) -> (CommitAnswer, [Record]) {
        guard let at = place(region, token) else { return (.lost, []) }
        switch transactions[at].state {
        case .committed: return (.already, [])
        case .aborted: return (.lost, [])
        case .prepared:
            transactions[at].state = .committed
            return (.committed, transactions[at].records)
        }
    }

    func abort(_ region: RegionID, _ token: Token) {
        guard let at = place(region, token), transactions[at].state == .prepared else { return }
        transactions[at].state = .aborted
    }

    func fence(_ region: RegionID, below attempt: Attempt) {
        for at in transactions.indices
        where transactions[at].region == region && transactions[at].attempt < attempt
            && transactions[at].state == .prepared
        {
            transactions[at].state = .aborted
        }
    }

    private func place(_ region: RegionID, _ token: Token) -> Int? {
        transactions.lastIndex {
            $0.epoch == token.epoch && $0.attempt == token.attempt && $0.region == region
                && $0.instance == token.task.instance
        }
    }
}
