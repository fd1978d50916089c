// SPDX-License-Identifier: Apache-2.0
// The bodies of log records as bytes; their layout is at the top of `DecisionRecord.swift`. A log
// snapshot holds some of them too.
import MillraceCore

extension DecisionRecord.Body {
    var kind: UInt16 {
        switch self {
        case .lead: 1
        case .generation: 2
        case .claim: 3
        case .done: 4
        case .quarantine: 5
        case .savepoint: 6
        case .result: 7
        case .noop: 8
        }
    }
}

extension ByteWriter {
    mutating func nonce(_ nonce: Nonce) {
        u64(nonce.low)
        u64(nonce.high)
    }

    mutating func hash(_ hash: ContentHash) {
        u64(hash.low)
        u64(hash.high)
    }

    mutating func texts(_ texts: [String]) {
        count(texts.count)
        for text in texts { self.text(text) }
    }

    mutating func body(_ body: DecisionRecord.Body) {
        switch body {
        case .lead(let lead):
            text(lead.owner)
            text(lead.build)
        case .generation(let generation): self.generation(generation)
        case .claim(let claim): self.claim(claim)
        case .done(let region, let epoch):
            u32(region)
            u64(epoch)
        case .quarantine(let quarantine): self.quarantine(quarantine)
        case .savepoint(let name, let manifests):
            text(name)
            texts(manifests)
        case .result(let result): u8(result.rawValue)
        case .noop: break
        }
    }

    mutating func generation(_ generation: DecisionRecord.Generation) {
        u64(generation.attempt)
        u32(generation.reserve)
        nonce(generation.lineage)
        u64(generation.version)
        count(generation.regions.count)
        for region in generation.regions {
            u32(region.region)
            texts(region.nodes)
            texts(region.isolated)
            u64(region.restored)
        }
    }

    mutating func claim(_ claim: DecisionRecord.Claim) {
        u32(claim.region)
        u64(claim.epoch)
        u64(claim.attempt)
        u64(claim.version)
        text(claim.manifest)
        hash(claim.hash)
        bool(claim.needsCommit)
    }

    mutating func quarantine(_ quarantine: DecisionRecord.Quarantine) {
        text(quarantine.node)
        hash(quarantine.hash)
        text(quarantine.origin)
        text(quarantine.reason)
    }
}

extension ByteReader {
    mutating func nonce() throws(Failure) -> Nonce {
        Nonce(low: try u64(), high: try u64())
    }

    mutating func hash() throws(Failure) -> ContentHash {
        ContentHash(low: try u64(), high: try u64())
    }

    mutating func texts() throws(Failure) -> [String] {
        var texts: [String] = []
        for _ in 0..<(try count(bytesEach: 2)) { texts.append(try text()) }
        return texts
    }

    mutating func body(kind: UInt16) throws(Failure) -> DecisionRecord.Body {
        switch kind {
        case 1: return .lead(.init(owner: try text(), build: try text()))
        case 2: return .generation(try generation())
        case 3: return .claim(try claim())
        case 4: return .done(region: try u32(), epoch: try u64())
        case 5: return .quarantine(try quarantine())
        case 6: return .savepoint(name: try text(), manifests: try texts())
        case 7: return .result(try result())
        case 8: return .noop
        case let other:
            throw Failure(
                .stateVersion, "log record: kind \(other) is not known to this program",
                next: "use the release that wrote it, or a newer one")
        }
    }

    mutating func generation() throws(Failure) -> DecisionRecord.Generation {
        var generation = DecisionRecord.Generation(
            attempt: try u64(), reserve: try u32(), lineage: try nonce(), version: try u64(),
            regions: [])
        for _ in 0..<(try count(bytesEach: 20)) {
            generation.regions.append(
                .init(
                    region: try u32(), nodes: try texts(), isolated: try texts(),
                    restored: try u64()))
        }
        return generation
    }

    mutating func claim() throws(Failure) -> DecisionRecord.Claim {
        DecisionRecord.Claim(
            region: try u32(), epoch: try u64(), attempt: try u64(), version: try u64(),
            manifest: try text(), hash: try hash(), needsCommit: try bool())
    }

    mutating func quarantine() throws(Failure) -> DecisionRecord.Quarantine {
        DecisionRecord.Quarantine(
            node: try text(), hash: try hash(), origin: try text(), reason: try text())
    }

    mutating func result() throws(Failure) -> DecisionRecord.Result {
        let number = try u8()
        guard let result = DecisionRecord.Result(rawValue: number) else {
            throw failure("a result is \(number)")
        }
        return result
    }
}
