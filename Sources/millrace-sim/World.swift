// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery

/// What every part of a simulation stands in: time, chance, the store, the outside, and requests
/// whose senders are gone and that arrive all the same.
final class World {
    enum Late {
        case create(slot: UInt64, bytes: [UInt8])
        case delete(through: UInt64)
        case commit(RegionID, [Token])
        case fence(RegionID, below: Attempt)
    }

    var chance: Chance
    var now: Int64 = 1_000_000_000
    let scenario: Scenario
    let rules: ProtocolRules
    let store = SimulatedStore()
    let outside = SimulatedOutside()
    let checker: Checker
    var coverage = Coverage()
    var areFaultsOn = true
    var late: [Late] = []
    /// Bits that were flipped: from then on a stop that says so is a right answer.
    var flips = 0
    /// The job has come to its end.
    var isFinished = false

    init(seed: UInt64, rules: ProtocolRules) {
        chance = Chance(seed: seed)
        scenario = Scenario(&chance)
        checker = Checker(scenario)
        self.rules = rules
    }

    func fault(_ perThousand: Int) -> Bool { areFaultsOn && chance.hits(perThousand: perThousand) }

    func nonce() -> Nonce { Nonce(low: chance.word(), high: chance.word()) }

    /// True if the slot was empty.
    func create(_ slot: UInt64, _ bytes: [UInt8]) -> Bool {
        guard store.create(slot: slot, bytes) else { return false }
        checker.created(slot: slot, bytes, in: store)
        return true
    }

    func commit(_ region: RegionID, _ token: Token) -> CommitAnswer {
        let (answer, records) = outside.commit(region, token)
        if answer == .committed { checker.committed(region, token, records) }
        return answer
    }

    /// What the store has not made durable is gone, and so is what was on its way to it.
    func cutPower() {
        checker.lost(store.cutPower())
        late.removeAll {
            switch $0 {
            case .create, .delete: true
            case .commit, .fence: false
            }
        }
    }

    /// A request whose sender waits no longer.
    func arriveLate() {
        guard !late.isEmpty else { return }
        switch late.remove(at: chance.below(late.count)) {
        case .create(let slot, let bytes): _ = create(slot, bytes)
        case .delete(let through): store.delete(through: through)
        case .commit(let region, let tokens):
            for token in tokens { _ = commit(region, token) }
        case .fence(let region, let below): outside.fence(region, below: below)
        }
    }
}
