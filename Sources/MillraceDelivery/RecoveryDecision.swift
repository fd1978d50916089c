// SPDX-License-Identifier: Apache-2.0
// From what the log says to how a region starts. Nothing else is asked: no directory listing, no
// memory of a predecessor.
//
//     restore   the newest claim; it stands in the log, so its manifest has to be sound. If that
//               cannot be read, an older one is no substitute: with two-phase sinks its later
//               effects are visible already and would be repeated
//     commit    a claim without DONE is committed by the new attempt before anything is fenced
//     fence     attempts below the new one, and only these
//     attempt   one above all that were ever begun
//     lineage   that of the log; a job that begins with nothing gets a new one
import MillraceCore

package struct RecoveryDecision: Hashable, Sendable {
    package let region: RegionID
    package let attempt: Attempt
    package let lineage: Nonce
    package let version: UInt64
    /// The claim whose state the region begins with; nil: with nothing.
    package let restore: DecisionRecord.Claim?
    /// The right, and the duty, to commit what a predecessor claimed and did not finish.
    package let commit: CommitPermit?
    /// Nodes that have an executor of their own from now on.
    package let isolated: [String]

    /// Transactions of attempts below this one may be aborted.
    package var fenceBelow: Attempt { attempt }

    /// How the region starts, by the log. `attempt` was not used before. `fresh` is the lineage of
    /// a job whose log holds no attempt yet.
    package init(
        region: RegionID, log: LogState, attempt: Attempt, fresh: Nonce, isolating: [String] = [],
        rules: ProtocolRules = ProtocolRules()
    ) {
        precondition(attempt > log.attempt, "BUG: attempt \(attempt) has been used")
        let past = log.region(region)
        self.region = region
        self.attempt = attempt
        lineage = log.lineage ?? fresh
        version = max(log.version, 1)
        restore = past.claim
        commit = rules.keep(.claimedIsCommitted) ? CommitPermit(undoneIn: past) : nil
        isolated = Array(Set(past.isolated).union(isolating)).sorted()
    }

    /// What goes into the log before any task of the attempt may prepare a transaction.
    package func generation(nodes: [String]) -> DecisionRecord.Generation {
        DecisionRecord.Generation(
            attempt: attempt, lineage: lineage, version: version,
            regions: [
                .init(
                    region: region, nodes: nodes, isolated: isolated,
                    restored: restore?.epoch ?? 0)
            ])
    }

    /// Looks whether a manifest that was found is the one that the claim means. Its bytes have
    /// been checked when it was decoded.
    package static func check(
        _ manifest: Manifest, hash: ContentHash, against claim: DecisionRecord.Claim,
        lineage: Nonce
    ) throws(Failure) {
        guard manifest.lineage == lineage else {
            throw Failure(
                .otherLineage,
                "the manifest of epoch \(claim.epoch) is of another life of the job than the log",
                next: "point the job to its own state directory")
        }
        guard hash == claim.hash else {
            throw damaged(claim, "its hash is not the one in the log")
        }
        guard manifest.epoch == claim.epoch, manifest.attempt == claim.attempt,
            manifest.region == claim.region, manifest.version == claim.version,
            manifest.name == claim.manifest
        else {
            throw damaged(claim, "it is of epoch \(manifest.epoch), attempt \(manifest.attempt)")
        }
        guard claim.needsCommit == !manifest.tokens.isEmpty else {
            throw damaged(claim, "its list of tokens is not the one that was claimed")
        }
    }

    private static func damaged(_ claim: DecisionRecord.Claim, _ text: String) -> Failure {
        Failure(
            .stateDamaged, "\(claim.manifest), which epoch \(claim.epoch) needs: \(text)",
            next: "restore the file from a copy; nothing older was used instead")
    }
}
