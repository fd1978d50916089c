// SPDX-License-Identifier: Apache-2.0
// Which record kills an operator, found out from its crashes. One tracker per node.
//
//     calm → suspecting → stepping → suspecting | calm
//
// calm        nothing has happened, or it is long enough ago
// suspecting  the operator crashed once; a second crash within five epochs is no accident
// stepping    records are handed over one by one, each hash stamped before its call, until all that
//             were in the batches of the crashes have passed, or three epochs are done
//
// 1. The first crash isolates the node; from then on the batch that it dies with can be read.
// 2. The second crash within five epochs begins single steps.
// 3. A crash while stepping: the stamped record, if it was in the batch of every crash before, is
//    poison and goes into quarantine. A batch that cannot be read may hold any record.
// 4. Quarantine gives the crashes back to the restart budget. It has limits of its own: 100 records
//    taken out per hour, and from the fifth on one in ten thousand of the operator's records.
//
// Records are known by their hash: on replay they come in another order across lanes.
import MillraceCore

package struct PoisonTracker: Sendable {
    package struct Options: Hashable, Sendable {
        package var epochsBetweenCrashes: UInt64 = 5
        package var epochsOfStepping: UInt64 = 3
        package var takenPerWindowMax = 100
        package var windowNanoseconds: Int64 = 3_600_000_000_000
        package var takenWithoutShare = 4
        /// From then on at most one record in so many.
        package var recordsPerTaken: UInt64 = 10_000

        package init() {}
    }

    /// A crash of the operator, as its black box tells it.
    package struct Crash: Hashable, Sendable {
        /// The hashes of the batch under way; nil where it could not be read.
        package var batch: Set<ContentHash>?
        /// The record of the call under way, in single steps.
        package var stamped: ContentHash?

        package init(batch: Set<ContentHash>?, stamped: ContentHash?) {
            self.batch = batch
            self.stamped = stamped
        }
    }

    enum State: Hashable, Sendable {
        /// Nothing to explain.
        case calm
        /// Crashes whose batches have these in common; nil: any record. Epochs done since the last.
        case suspecting(Set<ContentHash>?, crashes: Int, epochs: UInt64)
        /// One record at a time: what all batches have in common, and what has not passed yet of
        /// the last one; nil: it is not known which.
        case stepping(
            Set<ContentHash>?, left: Set<ContentHash>?, crashes: Int, epochs: UInt64)
    }

    package enum Event: Hashable, Sendable {
        case crashed(Crash)
        /// Single steps only: a record's call has returned.
        case passed(ContentHash)
        case epochDone
        /// The host took so many records out, of so many that the operator has had.
        case taken(Int, of: UInt64)
    }

    package enum Action: Hashable, Sendable {
        case isolate
        case beginSteps
        case endSteps
        /// Into the log, then to the dead letters at the restore; so many crashes are explained.
        case quarantine(ContentHash, crashes: Int)
        case suspend(Failure)
    }

    package let node: String
    private(set) var state: State = .calm
    /// When records were taken out, within the window, and how many ever.
    private var taken: [(at: Int64, count: Int)] = []
    private var takenEver = 0
    private let options: Options

    package init(node: String, options: Options = Options()) {
        self.node = node
        self.options = options
    }

    /// True while records are to be handed over one by one.
    package var isStepping: Bool {
        if case .stepping = state { return true }
        return false
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch (state, event) {
        case (.calm, .crashed(let crash)):
            state = .suspecting(crash.batch, crashes: 1, epochs: 0)
            return [.isolate]
        case (.suspecting(let common, let crashes, _), .crashed(let crash)):
            state = .stepping(
                Self.common(common, crash.batch), left: crash.batch, crashes: crashes + 1,
                epochs: 0)
            return [.beginSteps]
        case (.stepping(let common, _, let crashes, _), .crashed(let crash)):
            return crashedInStep(crash, common, crashes + 1)
        case (.stepping(let common, .some(var left), let crashes, let epochs), .passed(let hash)):
            left.remove(hash)
            state = .stepping(common, left: left, crashes: crashes, epochs: epochs)
            return left.isEmpty ? endSteps() : []
        case (.suspecting(let common, let crashes, let epochs), .epochDone):
            let isOld = epochs + 1 >= options.epochsBetweenCrashes
            state =
                isOld ? .calm : .suspecting(common, crashes: crashes, epochs: epochs + 1)
            return []
        case (.stepping(let common, let left, let crashes, let epochs), .epochDone):
            state = .stepping(common, left: left, crashes: crashes, epochs: epochs + 1)
            return epochs + 1 >= options.epochsOfStepping ? endSteps() : []
        case (_, .taken(let count, let records)):
            return take(count, of: records, now)
        case (.calm, .passed), (.calm, .epochDone), (.suspecting, .passed), (.stepping, .passed):
            return []
        }
    }

    private mutating func crashedInStep(
        _ crash: Crash, _ common: Set<ContentHash>?, _ crashes: Int
    ) -> [Action] {
        guard let stamped = crash.stamped, common?.contains(stamped) ?? true else {
            // Another record than those before: the crashes have another cause, or several.
            let batch = crash.stamped.map { [$0] } ?? crash.batch
            state = .stepping(batch, left: batch, crashes: crashes, epochs: 0)
            return []
        }
        state = .calm
        return [.quarantine(stamped, crashes: crashes), .endSteps]
    }

    private mutating func endSteps() -> [Action] {
        state = .calm
        return [.endSteps]
    }

    private mutating func take(_ count: Int, of records: UInt64, _ now: Int64) -> [Action] {
        taken = taken.filter { now - $0.at < options.windowNanoseconds } + [(now, count)]
        takenEver += count
        let recent = taken.reduce(0) { $0 + $1.count }
        if recent > options.takenPerWindowMax {
            return [.suspend(storm("\(recent) records in quarantine within an hour"))]
        }
        let share = UInt64(takenEver) * options.recordsPerTaken
        if takenEver > options.takenWithoutShare, share > records {
            return [.suspend(storm("\(takenEver) of \(records) records in quarantine"))]
        }
        return []
    }

    /// What two batches have in common; nil is any record.
    private static func common(
        _ one: Set<ContentHash>?, _ other: Set<ContentHash>?
    ) -> Set<ContentHash>? {
        guard let one else { return other }
        return other.map { one.intersection($0) } ?? one
    }

    private func storm(_ text: String) -> Failure {
        Failure(
            .limitReached, node: node, "\(text): that is no longer single bad records",
            next: "mend the plugin or the data, then resume the job")
    }
}
