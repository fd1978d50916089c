// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Everything that belongs to one epoch of one region. It names all live files, so a restart never
/// walks a chain; the parent is named so that the chain can be checked.
package struct Manifest: Hashable, Sendable {
    /// The manifest before: what the log said was newest when this one was made.
    package struct Parent: Hashable, Sendable {
        package var name: String
        package var hash: ContentHash

        package init(name: String, hash: ContentHash) {
            self.name = name
            self.hash = hash
        }
    }

    /// An operator of a plugin, with the version of its state.
    package struct Operator: Hashable, Sendable {
        package var name: String
        package var stateVersion: UInt32

        package init(name: String, stateVersion: UInt32) {
            self.name = name
            self.stateVersion = stateVersion
        }
    }

    package struct Plugin: Hashable, Sendable {
        package var name: String
        package var version: String
        package var hash: ContentHash
        package var operators: [Operator]

        package init(name: String, version: String, hash: ContentHash, operators: [Operator]) {
            self.name = name
            self.version = version
            self.hash = hash
            self.operators = operators
        }
    }

    package struct Node: Hashable, Sendable {
        package var id: String
        package var parallelism: UInt32

        package init(id: String, parallelism: UInt32) {
            self.id = id
            self.parallelism = parallelism
        }
    }

    /// A lane at the barrier: the count that both ends agree on, and the consumer's event time.
    package struct Lane: Hashable, Codable, Sendable {
        package var lane: LaneID
        package var records: UInt64
        package var time: LaneTime?

        package init(lane: LaneID, records: UInt64, time: LaneTime?) {
            self.lane = lane
            self.records = records
            self.time = time
        }
    }

    /// How far an ingress journal belongs to the epoch: bytes of an instance of a node.
    package struct Journal: Hashable, Codable, Sendable {
        package var node: String
        package var split: String
        package var sequence: UInt64

        package init(node: String, split: String, sequence: UInt64) {
            self.node = node
            self.split = split
            self.sequence = sequence
        }
    }

    package static let durationsMax = 8

    package var job: String
    package var lineage: Nonce
    package var attempt: Attempt
    package var epoch: Epoch
    package var version: UInt64
    package var turn: Turn
    package var region: RegionID
    package var parent: Parent?
    package var keyGroups: UInt32 = UInt32(Limits.keyGroups)
    /// Nanoseconds since 1970; for people, compared with nothing.
    package var wallNanoseconds: Int64 = 0
    /// Of the steps of the checkpoint, for people.
    package var durations: [Int64] = []

    package var plugins: [Plugin] = []
    package var nodes: [Node] = []
    package var files: [FileEntry] = []
    package var pieces: [Piece] = []
    package var lanes: [Lane] = []
    package var tokens: [Token] = []
    /// Of all records in quarantine when the epoch was taken.
    package var quarantineDigest: ContentHash?
    package var journals: [Journal] = []

    package init(
        job: String, lineage: Nonce, attempt: Attempt, epoch: Epoch, version: UInt64, turn: Turn,
        region: RegionID, parent: Parent?
    ) {
        self.job = job
        self.lineage = lineage
        self.attempt = attempt
        self.epoch = epoch
        self.version = version
        self.turn = turn
        self.region = region
        self.parent = parent
    }

    /// Its file in the job's folder.
    package var name: String { "manifests/\(region)-\(epoch)-\(attempt).mrm" }
}
