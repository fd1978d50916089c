// SPDX-License-Identifier: Apache-2.0
// How often one region may fail, and how long it waits before it starts again.
//
//     one cause     what fails within 200 ms of a failure, or an attempt that fails already, counts
//                   once
//     delay         none if the region has had a DONE since its last restart; otherwise 100 ms,
//                   doubled each time up to 30 s, give or take a fifth
//     budget        more than 5 restarts within 60 s: the whole job restarts; more than 3 of those
//                   within 10 min: the region is suspended; so it is after too many restarts in a
//                   row without a DONE between them, where there is a limit of those
//     from outside  a kill that was not ours, a machine, a drain: delays, spends nothing
//     decay         after 5 min, or ten times the current delay if that is longer, and 3 DONE
//                   epochs everything is as in the beginning
import MillraceCore

package struct RestartBudget: Hashable, Sendable {
    package struct Options: Hashable, Sendable {
        package var delayNanosecondsMin: Int64 = 100_000_000
        package var delayNanosecondsMax: Int64 = 30_000_000_000
        package var restartsMax = 5
        package var windowNanoseconds: Int64 = 60_000_000_000
        package var jobRestartsMax = 3
        /// Restarts in a row without a DONE between them, whoever was to blame; nil: any number.
        package var barrenMax: Int?
        package var jobWindowNanoseconds: Int64 = 600_000_000_000
        package var calmNanosecondsMin: Int64 = 300_000_000_000
        package var doneUntilReset = 3
        package var oneCauseNanoseconds: Int64 = 200_000_000

        package init() {}
    }

    /// Where a failure came from.
    package enum Origin: Hashable, Sendable {
        /// A crash, a hang, an error, memory: ours to answer for.
        case ours
        /// A kill by somebody else, a machine, a link, a drain.
        case outside
    }

    package enum Verdict: Hashable, Sendable {
        /// Part of a failure that has been counted already.
        case counted
        case restart(afterNanoseconds: Int64)
        case restartJob(afterNanoseconds: Int64)
        case suspend(Failure)
    }

    private var restarts: [Int64] = []
    private var jobRestarts: [Int64] = []
    private var failedAt: Int64?
    /// Restarts in a row without a DONE between them.
    private var barren = 0
    private var doneSinceRestart = 0
    private let options: Options

    package init(options: Options = Options()) { self.options = options }

    /// A failure of the region's running attempt. `chance` is random, for the spread of delays.
    package mutating func failed(
        _ origin: Origin, region: RegionID, chance: UInt64, now: Int64
    ) -> Verdict {
        if let failedAt, now - failedAt < options.oneCauseNanoseconds { return .counted }
        decay(now)
        failedAt = now
        if doneSinceRestart > 0 { barren = 0 }
        let delay = delay(chance)
        barren += 1
        doneSinceRestart = 0
        if let barrenMax = options.barrenMax, barren > barrenMax { return .suspend(spent(region)) }
        guard origin == .ours else { return .restart(afterNanoseconds: delay) }
        restarts = restarts.filter { now - $0 < options.windowNanoseconds } + [now]
        guard restarts.count > options.restartsMax else {
            return .restart(afterNanoseconds: delay)
        }
        restarts = []
        jobRestarts = jobRestarts.filter { now - $0 < options.jobWindowNanoseconds } + [now]
        guard jobRestarts.count > options.jobRestartsMax else {
            return .restartJob(afterNanoseconds: delay)
        }
        return .suspend(spent(region))
    }

    /// An epoch of the region is DONE.
    package mutating func epochDone(now: Int64) {
        doneSinceRestart += 1
        decay(now)
    }

    /// A quarantined record was to blame: its crashes are given back.
    package mutating func giveBack(_ crashes: Int) {
        restarts.removeLast(min(crashes, restarts.count))
        barren = max(0, barren - crashes)
    }

    private mutating func decay(_ now: Int64) {
        guard let failedAt, doneSinceRestart >= options.doneUntilReset else { return }
        let calm = max(options.calmNanosecondsMin, 10 * longest(after: barren))
        guard now - failedAt >= calm else { return }
        self = RestartBudget(options: options)
    }

    /// The delay after so many restarts without a DONE, without its spread.
    private func longest(after barren: Int) -> Int64 {
        guard barren > 0 else { return 0 }
        let doublings = Int64(min(barren - 1, 20))
        // Asked this way round, for what is doubled may be a day.
        guard options.delayNanosecondsMin <= options.delayNanosecondsMax >> doublings else {
            return options.delayNanosecondsMax
        }
        return options.delayNanosecondsMin << doublings
    }

    private func delay(_ chance: UInt64) -> Int64 {
        let middle = longest(after: barren)
        // From four to six fifths of it.
        return middle * 4 / 5 + Int64(chance % UInt64(middle * 2 / 5 + 1))
    }

    private func spent(_ region: RegionID) -> Failure {
        let text =
            "region \(region) restarted more than \(options.restartsMax) times within "
            + "\(options.windowNanoseconds / 1_000_000_000) s, and the job for that more than "
            + "\(options.jobRestartsMax) times within "
            + "\(options.jobWindowNanoseconds / 1_000_000_000) s"
        return Failure(
            .restartsSpent, text, next: "mend the plugin, then resume the job: its state is kept")
    }
}
