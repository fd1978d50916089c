// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The machine that makes epochs final.
extension CheckpointCoordinator {
    mutating func appended(
        _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        switch (commit, appended.record.body) {
        case (.claiming(let sealed), .claim(let claim)) where claim.epoch == sealed.claim.epoch:
            return won(sealed, appended, now)
        case (.ending(let epoch, let ending), .done(_, let done)) where done == epoch:
            return complete(epoch, ending, now)
        case (.free, _), (.claiming, _), (.committing, _), (.ending, _):
            return []
        }
    }

    private mutating func won(
        _ sealed: Sealed, _ appended: DecisionLog.Appended, _ now: Int64
    ) -> [Action] {
        claimed = sealed.claim
        guard assignment != nil, let permit = CommitPermit(appended) else {
            commit = .free
            return []
        }
        guard sealed.claim.needsCommit else {
            return complete(sealed.claim.epoch, sealed.ending, now)
        }
        let progress = CommitProgress(sealed.tokens)
        commit = .committing(permit, progress, ending: sealed.ending)
        if !rules.keep(.doneBeforeNextClaim) { commit = .free }
        return [.commit(permit, progress.tokens)] + handOver(now)
    }

    mutating func commitAnswered(
        _ epoch: Epoch, _ answers: [CommitAnswer], _ now: Int64
    ) -> [Action] {
        guard case .committing(let permit, var progress, let ending) = commit,
            permit.claim.epoch == epoch
        else { return [] }
        switch progress.answered(answers, now: now) {
        case .waiting:
            commit = .committing(permit, progress, ending: ending)
            return []
        case .allCommitted:
            commit = .ending(epoch, ending: ending)
            return [.append(.done(region: region, epoch: epoch))]
        case .unresolved(let token, let answer):
            return [.suspend(CommitProgress.failure(token, answer))]
        }
    }

    private mutating func complete(_ epoch: Epoch, _ ending: Ending?, _ now: Int64) -> [Action] {
        commit = .free
        if let ending { return [.complete(epoch), .ended(ending)] }
        return [.complete(epoch)] + handOver(now)
    }

    /// The tokens of that epoch are held, and so are those of the one sealed behind it, whose
    /// manifest names a parent that does not count.
    mutating func claimAbandoned(_ now: Int64) -> [Action] {
        guard case .claiming(let sealed) = commit else { return [] }
        commit = .free
        handedOver = claimed
        guard assignment != nil else { return [] }
        var actions: [Action] = [.abort(sealed.claim.epoch)]
        switch barrier {
        case .sealing(let next), .sealed(let next):
            actions.append(.abort(next.claim.epoch))
            barrier = .idle(notBefore: now)
        case .stopped, .idle, .numbering, .collecting: break
        }
        if sealed.ending != nil { barrier = .idle(notBefore: now) }
        return actions + begin(now)
    }
}
