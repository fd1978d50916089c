// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore
import MillraceFlow

/// What an operator instance is at a barrier: all that a new one needs to go on from there.
package struct OperatorSnapshot: Sendable {
    /// What a two-phase sink prepared; nil: it is none.
    package var token: [UInt8]?
    /// Of a source with splits.
    package var splits: [SplitPosition]?
    package var state: [StatePiece] = []
    package var timers: [StatePiece] = []
    /// Of a source with a journal: how much of that it has read.
    package var journal: UInt64?
    /// State that is pinned and not written yet: the operator's, and the host's for it.
    package var image: OperatorImage?
    package var keyed: KeyedImage?

    package init() {}

    /// Nobody wants it.
    package func drop() {
        image?.drop()
        keyed?.release()
    }
}

/// State that an operator pinned at a barrier, to be written while it works on. One of the two
/// calls has to be made, on any thread.
///
/// SAFETY(Sendable): the operator's own, given back to it once.
@safe package final class OperatorImage: @unchecked Sendable {
    private let owner: OperatorInstance
    // SAFETY(image): the plugin's; valid until drop_image.
    private let image: UnsafeMutableRawPointer?

    @unsafe init(_ owner: OperatorInstance, _ image: UnsafeMutableRawPointer?) {
        self.owner = owner
        unsafe self.image = image
    }

    /// What it holds. Throws what the operator says.
    package func write() throws(Failure) -> [StatePiece] {
        defer { drop() }
        return try unsafe owner.saveImage(image)
    }

    package func drop() { unsafe owner.dropImage(image) }
}

// MARK: - at a barrier

extension OperatorInstance {
    /// [task] In the order of the ABI: prepare, positions, save or freeze. Throws what the
    /// operator says; then nothing of the epoch may leave, but a token that is in the snapshot by
    /// then stands for records that have been processed: it has to be held. `whole`: keyed state
    /// is not to be a change of an earlier epoch.
    package func freeze(
        _ epoch: UInt64, whole: Bool, on loop: LoopHandle, into snapshot: inout OperatorSnapshot
    ) throws(Failure) {
        if let prepare = unsafe sink?.pointee.prepare {
            let token = PieceWriter(limit: Limits.tokenBytesMax)
            let status = stamped(.prepare, loop) {
                unsafe token.withTable { unsafe prepare(instance, epoch, $0) }
            }
            guard status == MR_OK else { throw failure("prepare", status) }
            snapshot.token = token.bytes
        }
        if let positions = unsafe source?.pointee.positions {
            let collector = SplitCollector()
            let status = stamped(.positions, loop) {
                unsafe collector.withTable { unsafe positions(instance, epoch, $0) }
            }
            guard status == MR_OK else { throw failure("positions", status) }
            snapshot.splits = collector.splits
        }
        if let journal, journal.isOpen { snapshot.journal = journal.freeze() }
        try saveState(epoch, loop, into: &snapshot)
        snapshot.timers =
            timers?.pieces().map { StatePiece(keyGroup: $0.keyGroup, bytes: $0.bytes) } ?? []
        snapshot.keyed = try freezeKeyed(epoch, whole: whole)
    }

    private func saveState(
        _ epoch: UInt64, _ loop: LoopHandle, into snapshot: inout OperatorSnapshot
    ) throws(Failure) {
        guard let table = unsafe state else { return }
        if let freeze = unsafe table.pointee.freeze {
            var image: UnsafeMutableRawPointer?
            let status = stamped(.save, loop) { unsafe freeze(instance, epoch, &image) }
            guard status == MR_OK else { throw failure("freeze", status) }
            snapshot.image = unsafe OperatorImage(self, image)
        } else if let save = unsafe table.pointee.save {
            let writer = PieceWriter(limit: Limits.stateBytesMax)
            let status = stamped(.save, loop) {
                unsafe writer.withTable { unsafe save(instance, epoch, $0) }
            }
            guard status == MR_OK else { throw failure("save", status) }
            snapshot.state = writer.pieces
        }
    }

    // SAFETY(image): see OperatorImage.
    @unsafe fileprivate func saveImage(
        _ image: UnsafeMutableRawPointer?
    ) throws(Failure) -> [StatePiece] {
        guard let save = unsafe state?.pointee.save_image else { return [] }
        let writer = PieceWriter(limit: Limits.stateBytesMax)
        let status = unsafe writer.withTable { unsafe save(instance, image, $0) }
        guard status == MR_OK else { throw failure("save_image", status) }
        return writer.pieces
    }

    @unsafe fileprivate func dropImage(_ image: UnsafeMutableRawPointer?) {
        unsafe state?.pointee.drop_image?(instance, image)
    }

    /// [task] The checkpoint of `epoch` is final, or was given up.
    package func ended(_ epoch: UInt64, isDone: Bool, on loop: LoopHandle) {
        guard let end = unsafe state?.pointee.epoch_end else { return }
        stamped(.save, loop) { unsafe end(instance, epoch, isDone ? 1 : 0) }
    }

    /// [bg] Everything up to the positions of `epoch` is final.
    package func acknowledge(_ epoch: UInt64) {
        _ = unsafe source?.pointee.acknowledge?(instance, epoch)
    }
}

// MARK: - from a checkpoint

extension OperatorInstance {
    /// [setup] Timers of its keys, and its own. Throws MR6101 when it has none any more.
    package func restoreTimers(_ pieces: [StatePiece]) throws(Failure) {
        guard !pieces.isEmpty else { return }
        guard let timers else {
            throw Failure(
                .stateVersion, node: place.node,
                "\(operation) has saved timers and hears of none any more",
                next: "use the version of the plugin that wrote it")
        }
        for piece in pieces { try timers.restore(piece.bytes, node: place.node) }
    }

    /// [setup] Merges what instances of this node saved; splits count at `start`. Throws MR6101 for
    /// a version that the operator cannot read.
    package func restore(
        _ pieces: [StatePiece], splits: [SplitPosition], journal: UInt64?, stateVersion: Int,
        epoch: UInt64, on loop: LoopHandle
    ) throws(Failure) {
        restoredEpoch = epoch
        restoredJournal = journal
        restoredSplits = splits
        guard !pieces.isEmpty else { return }
        guard let restore = unsafe state?.pointee.restore else {
            throw Failure(
                .stateVersion, node: place.node,
                "\(operation) has saved state and reads none any more",
                next: "use the version of the plugin that wrote it")
        }
        let own = unsafe Int(table.pointee.state_version)
        if stateVersion != own {
            let original = unsafe library.original(operation)
            let can = unsafe state?.pointee.can_restore?(original, UInt32(stateVersion)) ?? 0
            guard can != 0 else {
                throw Failure(
                    .stateVersion, node: place.node,
                    "\(operation) keeps state of version \(own), the checkpoint has "
                        + "\(stateVersion)",
                    next: "use the version of the plugin that wrote it")
            }
        }
        for piece in pieces {
            let reader = PieceReader(piece.bytes)
            let status = stamped(.restore, loop) {
                unsafe "".withCString { version in
                    var info = unsafe mr_snapshot(
                        struct_size: UInt32(MemoryLayout<mr_snapshot>.size),
                        state_version: UInt32(stateVersion), epoch: epoch,
                        writer_version: version,
                        key_group: piece.keyGroup.map { UInt32($0) } ?? .max,
                        pieces: UInt32(pieces.count))
                    return unsafe reader.withTable { unsafe restore(instance, &info, $0) }
                }
            }
            guard status == MR_OK else { throw failure("restore", status) }
        }
    }
}
