// SPDX-License-Identifier: Apache-2.0

/// The right to commit the tokens of one epoch. It begins with a won claim and nowhere else: its
/// initialisers are of this module, and each of them starts from a claim that stands in the log.
package struct CommitPermit: Hashable, Sendable {
    package let claim: DecisionRecord.Claim

    /// The claim that an append of ours has just put into the log; nil for other records.
    init?(_ appended: DecisionLog.Appended) {
        guard case .claim(let claim) = appended.record.body else { return nil }
        self.claim = claim
    }

    /// The claim that a predecessor left without DONE; nil where there is none.
    init?(undoneIn region: LogState.Region) {
        guard let claim = region.undone else { return nil }
        self.claim = claim
    }

    /// What a broken rule allows: a commit before its claim.
    init(withoutClaim claim: DecisionRecord.Claim, rules: ProtocolRules) {
        precondition(!rules.keep(.claimBeforeCommit), "BUG: a commit without its claim")
        self.claim = claim
    }
}
