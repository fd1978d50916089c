// SPDX-License-Identifier: Apache-2.0
// What a decision log says: its records, folded one after the other. Two readers of one log hold
// the same state, so a snapshot of it can stand for the slots it was made of.
//
// A record that breaks one of these was not written by this protocol; the reader stops:
//     slots follow each other; epochsUpTo never falls
//     LEAD      its turn is higher than all before; every other record is of the newest LEAD
//     GEN       its attempt is higher than all before
//     CLAIM     of the newest attempt of its region, with an epoch that was reserved and is higher
//               than the region's last, and only when that one is done
//     DONE      of the region's newest claim
//     after RESULT comes nothing but LEAD and NOOP, QUAR that lets a record go, and GEN, which
//               begins the job again
import MillraceCore

package struct LogState: Hashable, Sendable {
    package struct Region: Hashable, Sendable {
        package let region: RegionID
        /// The attempt that the newest GEN began.
        package var attempt: Attempt = 0
        package var nodes: [String] = []
        package var isolated: [String] = []
        /// The newest claim: what the region restarts from.
        package var claim: DecisionRecord.Claim?
        /// True when every token of the newest claim is committed.
        package var isDone = true

        /// The claim that somebody still has to commit.
        package var undone: DecisionRecord.Claim? { isDone ? nil : claim }
    }

    package struct Savepoint: Hashable, Sendable {
        package var name: String
        package var manifests: [String]

        package init(name: String, manifests: [String]) {
            self.name = name
            self.manifests = manifests
        }
    }

    /// The last slot that is part of this.
    package var slot: UInt64 = 0
    package var turn: Turn = 0
    package var epochsUpTo: Epoch = 0
    /// The highest attempt number in use or set aside.
    package var attempt: Attempt = 0
    package var lineage: Nonce?
    package var version: UInt64 = 0
    /// In the order of their ids.
    package var regions: [Region] = []
    package var quarantined: [DecisionRecord.Quarantine] = []
    package var savepoints: [Savepoint] = []
    package var result: DecisionRecord.Result?

    package init() {}

    /// The log of a job whose first epoch is that of a savepoint: claimed, done, and the newest.
    /// A manifest for each region, with the hash of its bytes; of one epoch.
    package init(beginningFrom manifests: [(manifest: Manifest, hash: ContentHash)]) {
        guard let first = manifests.first?.manifest else {
            preconditionFailure("BUG: a job begins from nothing")
        }
        slot = 1
        turn = first.turn
        epochsUpTo = first.epoch
        attempt = first.attempt
        lineage = first.lineage
        version = first.version
        for (manifest, hash) in manifests {
            precondition(manifest.tokens.isEmpty, "BUG: a savepoint has tokens to commit")
            let at = place(of: manifest.region)
            regions[at].attempt = manifest.attempt
            regions[at].nodes = manifest.nodes.map(\.id)
            regions[at].claim = DecisionRecord.Claim(
                region: manifest.region, epoch: manifest.epoch, attempt: manifest.attempt,
                version: manifest.version, manifest: manifest.name, hash: hash, needsCommit: false)
        }
    }

    package func region(_ id: RegionID) -> Region {
        regions.first { $0.region == id } ?? Region(region: id)
    }

    /// Adds the record of the next slot.
    package mutating func apply(_ record: DecisionRecord) throws(Failure) {
        guard record.slot == slot + 1 else {
            throw Self.damaged(record, "comes behind slot \(slot)")
        }
        guard record.epochsUpTo >= epochsUpTo else {
            throw Self.damaged(record, "takes back epoch numbers that were reserved")
        }
        if case .lead = record.body {
            guard record.turn > turn else {
                throw Self.damaged(record, "leads with turn \(record.turn) after \(turn)")
            }
        } else if turn == 0 || record.turn != turn {
            throw Self.damaged(record, "is of turn \(record.turn), \(turn) leads")
        }
        try applyBody(record)
        slot = record.slot
        turn = record.turn
        epochsUpTo = record.epochsUpTo
    }

    private mutating func applyBody(_ record: DecisionRecord) throws(Failure) {
        switch record.body {
        case .lead, .noop: return
        case .generation: result = nil
        case .quarantine(let quarantine) where quarantine.letsGo: break
        case .claim, .done, .quarantine, .savepoint, .result:
            guard result == nil else { throw Self.damaged(record, "comes after the job's end") }
        }
        switch record.body {
        case .lead, .noop: break
        case .generation(let generation): try apply(generation, of: record)
        case .claim(let claim): try apply(claim, of: record)
        case .done(let region, let epoch):
            let at = place(of: region)
            guard regions[at].undone?.epoch == epoch else {
                throw Self.damaged(record, "ends epoch \(epoch), which is not claimed and undone")
            }
            regions[at].isDone = true
        case .quarantine(let quarantine) where quarantine.letsGo:
            quarantined.removeAll { $0.node == quarantine.node && $0.hash == quarantine.hash }
        case .quarantine(let quarantine): quarantined.append(quarantine)
        case .savepoint(let name, let manifests):
            savepoints.append(Savepoint(name: name, manifests: manifests))
        case .result(let ending): result = ending
        }
    }

    private mutating func apply(
        _ generation: DecisionRecord.Generation, of record: DecisionRecord
    ) throws(Failure) {
        guard generation.attempt > attempt else {
            throw Self.damaged(record, "begins attempt \(generation.attempt) after \(attempt)")
        }
        attempt = generation.attempt + UInt64(generation.reserve)
        lineage = generation.lineage
        version = generation.version
        for begun in generation.regions {
            let at = place(of: begun.region)
            regions[at].attempt = generation.attempt
            regions[at].nodes = begun.nodes
            regions[at].isolated = begun.isolated
        }
    }

    private mutating func apply(
        _ claim: DecisionRecord.Claim, of record: DecisionRecord
    ) throws(Failure) {
        let at = place(of: claim.region)
        if let open = regions[at].undone {
            throw Self.damaged(record, "claims \(claim.epoch) while \(open.epoch) is not done")
        }
        guard claim.attempt == regions[at].attempt else {
            let newest = regions[at].attempt
            throw Self.damaged(record, "is of attempt \(claim.attempt), \(newest) is the newest")
        }
        guard claim.epoch > regions[at].claim?.epoch ?? 0, claim.epoch <= epochsUpTo else {
            throw Self.damaged(record, "claims epoch \(claim.epoch), which is none of the next")
        }
        regions[at].claim = claim
        regions[at].isDone = !claim.needsCommit
    }

    private mutating func place(of region: RegionID) -> Int {
        let at = regions.firstIndex { $0.region >= region } ?? regions.count
        if at == regions.count || regions[at].region != region {
            regions.insert(Region(region: region), at: at)
        }
        return at
    }

    private static func damaged(_ record: DecisionRecord, _ text: String) -> Failure {
        Failure(
            .stateDamaged, "the log record of slot \(record.slot) \(text)",
            next: "the log was written to by something else; restore it from a copy")
    }
}
