// SPDX-License-Identifier: Apache-2.0
// How requests to the store and calls to the outside end: done and answered, done and not answered,
// done later, not done.
import MillraceCore
import MillraceDelivery

extension SimulatedSupervisor {
    /// One request that is under way, whichever, is seen to.
    func finishRequest() {
        guard !requests.isEmpty else { return }
        switch requests.remove(at: world.chance.below(requests.count)) {
        case .create(let slot, let nonce, let bytes): create(slot, nonce, bytes)
        case .look: handle(.log(.snapshotsSeen(newest: world.store.newestSnapshot)))
        case .snapshot(let slot, let bytes):
            guard !world.fault(world.scenario.storeFails) else {
                return handle(.log(.snapshotFailed))
            }
            world.store.write(snapshot: slot, bytes)
            handle(.log(.snapshotWritten(slot: slot)))
        case .delete(let through): world.store.delete(through: through)
        case .manifest(let manifest): write(manifest)
        }
    }

    private func create(_ slot: UInt64, _ nonce: Nonce, _ bytes: [UInt8]) {
        guard world.fault(world.scenario.storeUnknown) else {
            let isNew = world.create(slot, bytes)
            world.store.sync()
            guard !isNew, let found = world.store.slots[slot] else {
                return handle(.log(.created(slot: slot, nonce: nonce)))
            }
            return handle(.log(.exists(slot: slot, bytes: found.bytes)))
        }
        switch world.chance.below(3) {
        case 0: _ = world.create(slot, bytes)
        case 1: world.late.append(.create(slot: slot, bytes: bytes))
        default: break
        }
        if !world.rules.keep(.unknownClaimIsKept) { abortClaimed(slot, bytes) }
        handle(.log(.unknown(slot: slot, nonce: nonce)))
    }

    /// What a broken rule would have us do with an answer that did not come.
    private func abortClaimed(_ slot: UInt64, _ bytes: [UInt8]) {
        guard let record = try? DecisionRecord(bytes, slot: slot),
            case .claim(let claim) = record.body,
            let manifest = world.store.files[claim.manifest].flatMap({
                try? ManifestCodec.decoded($0)
            })
        else { return }
        for token in manifest.tokens { world.outside.abort(claim.region, token) }
    }

    private func write(_ manifest: Manifest) {
        let region = manifest.region
        guard !world.fault(world.scenario.storeFails) else {
            let failure = Failure(.storeFailed, kind: .transient, "no space is left")
            return handle(.checkpoint(region, .manifestFailed(manifest.epoch, failure)))
        }
        let bytes = ManifestCodec.encoded(manifest)
        world.store.write(file: manifest.name, bytes)
        let hash = ContentHash(of: bytes)
        handle(.checkpoint(region, .manifestWritten(manifest.epoch, hash: hash)))
    }

    /// One call to the outside is seen to.
    func finishCall() {
        guard !calls.isEmpty else { return }
        switch calls.remove(at: world.chance.below(calls.count)) {
        case .fence(let region, let attempt, let below):
            let isAnswered = !world.fault(world.scenario.commitUnanswered)
            if isAnswered || world.chance.below(2) == 0 {
                world.outside.fence(region, below: below)
            } else {
                world.late.append(.fence(region, below: below))
            }
            handle(.region(.fenced(region, attempt, isDone: isAnswered)))
        case .commit(let region, let attempt, let epoch, let tokens, let isReplay):
            let answers = tokens.map { commit(region, $0) }
            if isReplay {
                handle(.region(.commitAnswered(region, attempt, answers)))
            } else {
                handle(.checkpoint(region, .commitAnswered(epoch, answers)))
            }
        }
    }

    private func commit(_ region: RegionID, _ token: Token) -> CommitAnswer {
        guard world.fault(world.scenario.commitUnanswered) else {
            let answer = world.commit(region, token)
            if answer == .lost { world.checker.fail("a claimed transaction is lost") }
            return answer
        }
        switch world.chance.below(3) {
        case 0: _ = world.commit(region, token)
        case 1: world.late.append(.commit(region, [token]))
        default: break
        }
        return .retry
    }

    /// The process is gone, and its executors with it. What it sent may still arrive.
    func die() {
        isAlive = false
        for request in requests {
            switch request {
            case .create(let slot, _, let bytes):
                world.late.append(.create(slot: slot, bytes: bytes))
            case .delete(let through): world.late.append(.delete(through: through))
            case .look, .snapshot, .manifest: break
            }
        }
        for call in calls {
            switch call {
            case .commit(let region, _, _, let tokens, _):
                world.late.append(.commit(region, tokens))
            case .fence(let region, _, let below):
                world.late.append(.fence(region, below: below))
            }
        }
        requests = []
        calls = []
        attempts = attempts.map { _ in nil }
    }
}
