// SPDX-License-Identifier: Apache-2.0
// Sees everything that reaches the store and the outside, and knows nothing of the machines.
//
//     I1   when DONE is written, the effects are those of the records before the newest claim
//     I2   at most one claim of a region is not done
//     I4   manifests of a region are a chain by name and hash of the parent
//     I7   no file that the newest claim needs is deleted
//     and: no effect twice, none without a claim, in the end each record's exactly once, with
//     every key counted from one without a gap
import MillraceCore
import MillraceDelivery

final class Checker {
    struct Claim {
        var slot: UInt64
        var epoch: Epoch
        var manifest: Manifest
        /// Of each source, where it went on behind the barrier.
        var positions: [Int?]
        var name: String
        var hash: ContentHash
        var isDone: Bool
    }

    /// Bits were flipped: what the checker itself reads may be damaged too.
    var isDamaged = false
    /// The first thing that went wrong.
    private(set) var violation: String?
    private var claims: [[Claim]]
    private var effects: [[Record?]]
    private let sources: Int
    private let recordsPerSource: Int

    init(_ scenario: Scenario) {
        claims = Array(repeating: [], count: scenario.regions)
        sources = scenario.parallelism
        recordsPerSource = scenario.recordsPerSource
        let none = [Record?](repeating: nil, count: recordsPerSource)
        effects = Array(repeating: none, count: scenario.regions * sources)
    }

    func fail(_ text: @autoclosure () -> String) {
        if violation == nil { violation = text() }
    }

    /// A record has come to stand in the log.
    func created(slot: UInt64, _ bytes: [UInt8], in store: SimulatedStore) {
        // Behind a snapshot it stands in no reader's way.
        guard slot > store.newestSnapshot ?? 0, let record = try? DecisionRecord(bytes, slot: slot)
        else { return }
        switch record.body {
        case .claim(let claim): claimed(claim, slot, in: store)
        case .done(let region, let epoch): done(region, epoch)
        case .lead, .generation, .quarantine, .savepoint, .result, .noop: break
        }
    }

    private func claimed(
        _ claim: DecisionRecord.Claim, _ slot: UInt64, in store: SimulatedStore
    ) {
        let region = Int(claim.region)
        guard let bytes = store.files[claim.manifest],
            let manifest = try? ManifestCodec.decoded(bytes)
        else {
            if !isDamaged { fail("I4: epoch \(claim.epoch) is claimed without its manifest") }
            return
        }
        if let before = claims[region].last {
            if !before.isDone { fail("I2: \(claim.epoch) claimed, \(before.epoch) is not done") }
            let parent = Manifest.Parent(name: before.name, hash: before.hash)
            if manifest.parent != parent, !isDamaged {
                fail("I4: the parent of epoch \(claim.epoch) is not epoch \(before.epoch)")
            }
        } else if manifest.parent != nil, !isDamaged {
            fail("I4: the first claim has a parent")
        }
        claims[region].append(
            Claim(
                slot: slot, epoch: claim.epoch, manifest: manifest,
                positions: positions(in: manifest, store), name: claim.manifest, hash: claim.hash,
                isDone: !claim.needsCommit))
        if !claim.needsCommit { checkEffects(region) }
    }

    private func done(_ region: RegionID, _ epoch: Epoch) {
        let region = Int(region)
        guard let last = claims[region].indices.last, claims[region][last].epoch == epoch else {
            if !isDamaged { fail("I2: epoch \(epoch) is done and not the newest claim") }
            return
        }
        claims[region][last].isDone = true
        checkEffects(region)
    }

    /// I1: what can be seen is what lies before the newest claim.
    private func checkEffects(_ region: Int) {
        guard let claim = claims[region].last else { return }
        for source in 0..<sources {
            guard let position = claim.positions[source] else { continue }
            let seen = effects[region * sources + source]
            for sequence in seen.indices where (seen[sequence] != nil) != (sequence < position) {
                let what = sequence < position ? "is missing" : "is early"
                fail("I1: record \(sequence) of source \(source) \(what) at epoch \(claim.epoch)")
            }
        }
    }

    private func positions(in manifest: Manifest, _ store: SimulatedStore) -> [Int?] {
        var positions = [Int?](repeating: nil, count: sources)
        for piece in manifest.pieces where piece.kind == .position {
            positions[Int(piece.task.instance)] = store.piece(piece, of: manifest)?.number
        }
        if !isDamaged, positions.contains(nil) {
            fail("a position of epoch \(manifest.epoch) cannot be read")
        }
        return positions
    }

    /// A power cut took these slots.
    func lost(_ slots: [UInt64]) {
        for region in claims.indices { claims[region].removeAll { slots.contains($0.slot) } }
    }

    /// A transaction became visible.
    func committed(_ region: RegionID, _ token: Token, _ records: [Record]) {
        let isClaimed = claims[Int(region)].contains { $0.manifest.tokens.contains(token) }
        if !isClaimed, !isDamaged {
            fail("a transaction of epoch \(token.epoch) is committed, not claimed")
        }
        for record in records {
            let source = Int(region) * sources + record.source
            if effects[source][record.sequence] != nil {
                fail("record \(record.sequence) of source \(record.source) is there twice")
            }
            effects[source][record.sequence] = record
        }
    }

    /// I7, after a collection.
    func collected(_ store: SimulatedStore) {
        for region in claims {
            guard let claim = region.last else { continue }
            if store.files[claim.name] == nil { fail("I7: the manifest of a claim was deleted") }
            for file in claim.manifest.files where store.files[file.name] == nil {
                fail("I7: \(file.name) was deleted, epoch \(claim.epoch) needs it")
            }
        }
    }

    /// Everything has come to its end: each record once, each key counted without a gap.
    func finished(regions: Int) {
        for region in 0..<regions {
            var counts: [Int: [Int]] = [:]
            for source in 0..<sources {
                for (sequence, record) in effects[region * sources + source].enumerated() {
                    guard let record else {
                        fail("record \(sequence) of source \(source) never arrived")
                        continue
                    }
                    counts[record.key, default: []].append(record.count)
                }
            }
            for (key, counts) in counts where counts.sorted() != Array(1...counts.count) {
                fail("key \(key) was counted \(counts.sorted())")
            }
        }
    }
}
