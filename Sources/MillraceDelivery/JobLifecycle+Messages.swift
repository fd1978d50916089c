// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What it is set up with, what it is told, and what it answers.
extension JobLifecycle {
    package struct RegionPlan: Hashable, Sendable {
        package var region: RegionID
        package var nodes: [String]

        package init(region: RegionID, nodes: [String]) {
            self.region = region
            self.nodes = nodes
        }
    }

    package enum Event: Hashable, Sendable {
        /// Our LEAD is in the log: begin every region.
        case begin
        /// Nothing of the region is on its way into the log.
        case resolved(RegionID, LogState, fresh: Nonce)
        case appended(DecisionLog.Appended)
        case opened(RegionID, Attempt)
        /// The tokens in the manifest of the claim that has to be committed.
        case tokensRead(RegionID, [Token])
        case commitAnswered(RegionID, Attempt, [CommitAnswer])
        case fenced(RegionID, Attempt, isDone: Bool)
        case restored(RegionID, Attempt)
        /// An attempt failed; `culprit` is the node whose crash it was.
        case failed(
            RegionID, Attempt, RestartBudget.Origin, Failure, culprit: String?, chance: UInt64)
        /// The attempt cannot go on and a restart would not help.
        case hopeless(RegionID, Failure)
        /// Nothing of the attempt is left.
        case stopped(RegionID, Attempt)
        case epochDone(RegionID)
        /// Crashes of a record that is in quarantine now.
        case forgiven(RegionID, crashes: Int)
        /// The region's last epoch is done.
        case ended(RegionID)
        /// A human has seen to it.
        case resume(RegionID)
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// Answer `resolved` as soon as nothing of the region is on its way into the log.
        case resolve(RegionID)
        case append(DecisionRecord.Body)
        case open(RecoveryDecision)
        /// Answer `tokensRead`, or `hopeless` where the manifest is not what was claimed.
        case readTokens(RegionID, DecisionRecord.Claim)
        case commit(CommitPermit, [Token])
        case fence(RegionID, Attempt, below: Attempt)
        case restore(RecoveryDecision)
        case run(RecoveryDecision)
        case stop(RegionID, Attempt)
        /// The node has an executor of its own from the next attempt on (MR4104).
        case isolate(RegionID, node: String)
        case suspended(RegionID, Failure)
        case finished(RegionID)
    }
}
