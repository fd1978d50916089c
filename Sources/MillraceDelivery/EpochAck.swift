// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A durable file of the store, as its writer knows it: the hash is of the memory it was written
/// from.
package struct FileEntry: Hashable, Codable, Sendable {
    /// Relative to the job's folder.
    package var name: String
    package var length: UInt64
    package var hash: ContentHash

    package init(name: String, length: UInt64, hash: ContentHash) {
        self.name = name
        self.length = length
        self.hash = hash
    }
}

/// A part of a task's state, somewhere in a file.
package struct Piece: Hashable, Codable, Sendable {
    package enum Kind: UInt8, Hashable, CaseIterable, Codable, Sendable {
        case state = 1
        case timers = 2
        case position = 3
        case watermark = 4
        case heldToken = 5
        /// Of the tables that the host keeps for the task: whole, then changes in order.
        case keyed = 6
    }

    package var task: TaskID
    package var kind: Kind
    /// nil: of the task as a whole.
    package var keyGroup: UInt16?
    package var stateVersion: UInt32
    /// Which entry of the list of files beside it.
    package var file: UInt32
    package var offset: UInt64
    package var length: UInt64
    package var hash: ContentHash

    package init(
        task: TaskID, kind: Kind, keyGroup: UInt16? = nil, stateVersion: UInt32 = 1, file: UInt32,
        offset: UInt64, length: UInt64, hash: ContentHash
    ) {
        self.task = task
        self.kind = kind
        self.keyGroup = keyGroup
        self.stateVersion = stateVersion
        self.file = file
        self.offset = offset
        self.length = length
        self.hash = hash
    }
}

/// One end of a lane at a barrier: how many records of this attempt passed before it.
package struct LaneCount: Hashable, Codable, Sendable {
    package var lane: LaneID
    package var records: UInt64

    package init(lane: LaneID, records: UInt64) {
        self.lane = lane
        self.records = records
    }
}

/// What a consumer knows of a lane's event time at a barrier.
package struct LaneTime: Hashable, Codable, Sendable {
    package enum Status: UInt8, Hashable, Codable, Sendable {
        case active = 1
        case idle = 2
        case lagging = 3
    }

    package var lane: LaneID
    package var watermark: Int64
    package var status: Status

    package init(lane: LaneID, watermark: Int64, status: Status) {
        self.lane = lane
        self.watermark = watermark
        self.status = status
    }
}

/// What one task saved for an epoch.
package struct TaskAck: Hashable, Codable, Sendable {
    package var task: TaskID
    package var pieces: [Piece]
    /// Of a source with an ingress journal: how many of its bytes belong to the epoch.
    package var journal: UInt64?
    /// A sink's transactions that are prepared and not complete, also of epochs given up. A sink
    /// always says which, even if there is none; nil is for tasks that are no sink.
    package var tokens: [Token]?
    package var sent: [LaneCount]
    package var received: [LaneCount]
    package var times: [LaneTime]

    package init(
        task: TaskID, pieces: [Piece], journal: UInt64? = nil, tokens: [Token]? = nil,
        sent: [LaneCount] = [],
        received: [LaneCount] = [], times: [LaneTime] = []
    ) {
        self.task = task
        self.pieces = pieces
        self.journal = journal
        self.tokens = tokens
        self.sent = sent
        self.received = received
        self.times = times
    }
}

/// One executor's part of an epoch: sent when every file of it is durable.
package struct EpochAck: Hashable, Codable, Sendable {
    package var executor: UInt32
    package var attempt: Attempt
    package var epoch: Epoch
    /// The complete epoch that its increments were taken against; never falls within an attempt.
    package var base: Epoch
    /// All files that its pieces lie in, also those of earlier epochs.
    package var files: [FileEntry]
    package var tasks: [TaskAck]

    package init(
        executor: UInt32, attempt: Attempt, epoch: Epoch, base: Epoch, files: [FileEntry],
        tasks: [TaskAck]
    ) {
        self.executor = executor
        self.attempt = attempt
        self.epoch = epoch
        self.base = base
        self.files = files
        self.tasks = tasks
    }
}

/// Why an executor has no part of an epoch.
package enum DeclineReason: String, Hashable, Codable, Sendable {
    case pluginError, storage, noControlSlot, superseded, timeout, busyInPlugin
}
