// SPDX-License-Identifier: Apache-2.0

/// The rules that carry the promise of exactly once. All hold in the product; the simulator breaks
/// one at a time, to see that it would notice.
package struct ProtocolRules: Hashable, Sendable {
    package enum Rule: String, CaseIterable, Sendable {
        /// Nothing becomes visible before the claim of its epoch is won.
        case claimBeforeCommit = "commit-before-claim"
        /// The transactions of a claim whose outcome is unknown are left alone.
        case unknownClaimIsKept = "abort-on-unknown-claim"
        /// Fencing aborts transactions of older attempts only.
        case fenceOlderAttemptsOnly = "fence-without-limit"
        /// Tokens of an epoch that was given up go into the next claim.
        case heldTokensAreClaimed = "held-tokens-dropped"
        /// An epoch is claimed after the one before is done.
        case doneBeforeNextClaim = "next-claim-before-done"
        /// Recovery commits what is claimed before it fences.
        case commitBeforeFence = "fence-before-claimed-commit"
        /// One's own record in a slot is recognised by its nonce.
        case nonceTellsMine = "no-nonce"
        /// After an unknown answer the same bytes go to the same slot.
        case emptySlotProvesNothing = "next-slot-after-unknown"
        /// A record in a slot that a snapshot covers was written too late to count.
        case snapshotAfterCreate = "no-snapshot-check"
        /// Records sent before a barrier are those received before it.
        case ledgerIsBalanced = "no-ledger"
        /// An increment is taken against an epoch that is complete.
        case incrementsAgainstComplete = "clean-at-freeze"
        /// Everything is classified before anything is deleted.
        case classifyBeforeDelete = "delete-before-classify"
        /// A claim without DONE is committed by whoever comes next.
        case claimedIsCommitted = "claim-not-replayed"
    }

    /// The rule that is not kept; nil in the product.
    package var broken: Rule?

    package init(breaking broken: Rule? = nil) { self.broken = broken }

    package func keep(_ rule: Rule) -> Bool { broken != rule }
}
