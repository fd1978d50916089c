// SPDX-License-Identifier: Apache-2.0
import MillraceCore

@testable import MillraceDelivery

/// Values that several tests begin with.
enum Sample {
    static let nonce = Nonce(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
    static let hash = ContentHash(low: 0x1716_1514_1312_1110, high: 0x1F1E_1D1C_1B1A_1918)

    static func claim(
        _ epoch: Epoch, attempt: Attempt = 1, region: RegionID = 0, needsCommit: Bool = true
    ) -> DecisionRecord.Claim {
        DecisionRecord.Claim(
            region: region, epoch: epoch, attempt: attempt, version: 1,
            manifest: "manifests/\(region)-\(epoch)-\(attempt).mrm", hash: hash,
            needsCommit: needsCommit)
    }

    static func generation(
        _ attempt: Attempt, region: RegionID = 0, restored: Epoch = 0
    ) -> DecisionRecord.Generation {
        DecisionRecord.Generation(
            attempt: attempt, lineage: nonce, version: 1,
            regions: [.init(region: region, nodes: ["a", "b"], isolated: [], restored: restored)])
    }

    static let bodies: [DecisionRecord.Body] = [
        .lead(.init(owner: "host 1", build: "0.1")),
        .generation(
            .init(
                attempt: 7, reserve: 2, lineage: nonce, version: 3,
                regions: [.init(region: 1, nodes: ["a", "b"], isolated: ["b"], restored: 40)])),
        .claim(claim(41, attempt: 7, region: 1)),
        .done(region: 1, epoch: 41),
        .quarantine(.init(node: "a", hash: hash, origin: "in#0", reason: "SIGSEGV")),
        .savepoint(name: "before", manifests: ["manifests/1-41-7.mrm"]),
        .result(.finished),
        .noop,
    ]

    static func record(
        _ body: DecisionRecord.Body, slot: UInt64 = 9, turn: Turn = 2, upTo: Epoch = 100
    ) -> DecisionRecord {
        DecisionRecord(
            slot: slot, nonce: nonce, turn: turn, epochsUpTo: upTo, wallNanoseconds: -1,
            body: body)
    }

    static var manifest: Manifest {
        var manifest = Manifest(
            job: "orders", lineage: nonce, attempt: 7, epoch: 41, version: 3, turn: 2, region: 1,
            parent: .init(name: "manifests/1-40-7.mrm", hash: hash))
        let task = TaskID(node: "count", instance: 1)
        let lane = LaneID(edge: "a>b", producer: 0, consumer: 1)
        manifest.wallNanoseconds = 5
        manifest.durations = [1, 2]
        manifest.plugins = [
            .init(
                name: "basic", version: "1.0", hash: hash,
                operators: [.init(name: "count", stateVersion: 4)])
        ]
        manifest.nodes = [.init(id: "count", parallelism: 2)]
        manifest.files = [FileEntry(name: "state/7-41-0.seg", length: 300, hash: hash)]
        manifest.pieces = [
            Piece(
                task: task, kind: .state, keyGroup: 1_023, stateVersion: 4, file: 0, offset: 100,
                length: 200, hash: hash)
        ]
        manifest.lanes = [
            .init(
                lane: lane, records: 12, time: LaneTime(lane: lane, watermark: 99, status: .idle))
        ]
        manifest.tokens = [Token(task: task, attempt: 7, epoch: 41, blob: [1, 2, 3])]
        manifest.quarantineDigest = hash
        manifest.journals = [.init(node: "in", split: "0", sequence: 8)]
        return manifest
    }
}
