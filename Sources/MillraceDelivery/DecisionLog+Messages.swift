// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What it is set up with, what it is told, and what it answers.
extension DecisionLog {
    package struct Options: Hashable, Sendable {
        /// Epoch numbers set aside with each record.
        package var epochsReserved: UInt64 = 100
        package var slotsPerSnapshot: UInt64 = 1_000
        package var backoffNanosecondsMin: Int64 = 100_000_000
        package var backoffNanosecondsMax: Int64 = 10_000_000_000

        package init() {}
    }

    /// A file of the log: the number in its name, and what is in it.
    package struct StoredFile: Hashable, Sendable {
        package var number: UInt64
        package var bytes: [UInt8]

        package init(number: UInt64, bytes: [UInt8]) {
            self.number = number
            self.bytes = bytes
        }
    }

    /// What somebody wants in the log.
    package struct Wish: Hashable, Sendable {
        package var body: DecisionRecord.Body
        package var nonce: Nonce
        package var wallNanoseconds: Int64

        package init(_ body: DecisionRecord.Body, nonce: Nonce, wallNanoseconds: Int64) {
            self.body = body
            self.nonce = nonce
            self.wallNanoseconds = wallNanoseconds
        }
    }

    /// A record of ours that stands in the log. Nobody else can make one.
    package struct Appended: Hashable, Sendable {
        package let record: DecisionRecord
        init(_ record: DecisionRecord) { self.record = record }
    }

    struct Pending: Hashable, Sendable {
        var wish: Wish
        /// What is being put into the slot.
        var record: DecisionRecord
        var bytes: [UInt8]
        /// What was tried before it and given up; it may have got there all the same.
        var abandoned: DecisionRecord?
        var backoff: Int64
    }

    static func concerns(_ wish: Wish, _ region: RegionID) -> Bool {
        switch wish.body {
        case .claim(let claim): claim.region == region
        case .done(let done, _): done == region
        case .generation(let generation): generation.regions.contains { $0.region == region }
        case .lead, .quarantine, .savepoint, .result, .noop: false
        }
    }

    package enum Event: Hashable, Sendable {
        /// Everything that the store has of the log.
        case read(snapshots: [StoredFile], slots: [StoredFile])
        case append(Wish)
        /// A number for the region's next epoch is wanted. The wish is what to append when none is
        /// left.
        case takeEpoch(RegionID, orAppend: Wish)
        /// The record with this nonce shall not be in the log, if that can still be had.
        case abandon(Nonce, noop: Wish)
        case created(slot: UInt64, nonce: Nonce)
        case exists(slot: UInt64, bytes: [UInt8])
        /// Timed out, or an answer that says neither.
        case unknown(slot: UInt64, nonce: Nonce)
        /// The newest snapshot in the store; nil: there is none.
        case snapshotsSeen(newest: UInt64?)
        case snapshotWritten(slot: UInt64)
        case snapshotFailed
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// Create the slot's file with these bytes if it is absent. The answer names slot and
        /// nonce; when it is given, what the slot holds is durable, also if it was there before.
        case create(slot: UInt64, nonce: Nonce, bytes: [UInt8])
        case lookForSnapshots
        case appended(Appended)
        /// NOOP stands where the record with this nonce would have.
        case abandoned(Nonce)
        case epoch(RegionID, Epoch)
        /// Write it durably; slots are deleted only after that.
        case writeSnapshot(slot: UInt64, bytes: [UInt8])
        /// Delete all slots up to this one, then all snapshots before it.
        case delete(through: UInt64)
        /// End this process at once and touch nothing.
        case stepDown
        case stop(Failure)
    }
}
