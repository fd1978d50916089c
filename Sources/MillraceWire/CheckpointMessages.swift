// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery

/// Who an executor is for its job's checkpoints, and where it writes its part of them.
package struct AttemptIdentity: Hashable, Codable, Sendable {
    package var job: String
    package var attempt: Attempt
    package var lineage: Nonce
    package var executor: UInt32
    /// The job's folder, an absolute path.
    package var folder: String
    /// Another run may go on from the folder, also after a loss of power.
    package var isKept: Bool
    /// Records that no operator may see again.
    package var quarantine: [QuarantinedRecord]
    /// Nodes that get one record at a time.
    package var steps: [String]

    package init(
        job: String, attempt: Attempt, lineage: Nonce, executor: UInt32, folder: String,
        isKept: Bool = true, quarantine: [QuarantinedRecord] = [], steps: [String] = []
    ) {
        self.job = job
        self.attempt = attempt
        self.lineage = lineage
        self.executor = executor
        self.folder = folder
        self.isKept = isKept
        self.quarantine = quarantine
        self.steps = steps
    }
}

/// A record that killed the operator of a node, by the hash of its payload.
package struct QuarantinedRecord: Hashable, Codable, Sendable {
    package var node: String
    package var hash: ContentHash
    /// The crash, for the dead letter.
    package var reason: String

    package init(node: String, hash: ContentHash, reason: String) {
        self.node = node
        self.hash = hash
        self.reason = reason
    }
}

/// What an executor goes on from: an excerpt of a manifest.
package struct RestorePoint: Hashable, Codable, Sendable {
    package var epoch: Epoch
    package var files: [FileEntry]
    package var pieces: [Piece]
    package var lanes: [Manifest.Lane]
    package var journals: [Manifest.Journal]

    package init(_ manifest: Manifest) {
        epoch = manifest.epoch
        files = manifest.files
        pieces = manifest.pieces
        lanes = manifest.lanes
        journals = manifest.journals
    }
}
