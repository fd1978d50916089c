// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import MillraceCore
import MillraceFlow

/// What the loop has to tell the keyed state of an instance.
struct KeyedNews {
    var released: [KeyedState.Image] = []
    var complete: UInt64 = 0
}

/// Keyed state as it was at a barrier. `release` has to be called once it is not read any more.
package struct KeyedImage: Sendable {
    private let owner: OperatorInstance
    private let image: KeyedState.Image

    init(_ owner: OperatorInstance, _ image: KeyedState.Image) {
        self.owner = owner
        self.image = image
    }

    /// The complete epoch that it is a change of; nil: it has everything.
    package var base: UInt64? { image.base }

    /// Any one thread.
    package func write() throws(Failure) -> [StatePiece] {
        try image.pieces().map { StatePiece(keyGroup: $0.keyGroup, bytes: $0.bytes) }
    }

    /// Any thread.
    package func release() { owner.keyedNews.withLock { $0.released.append(image) } }
}

extension OperatorInstance {
    /// [setup] Tables for what the operator declared.
    func makeKeyedState() throws(Failure) {
        guard let keyed = unsafe keyed else { return }
        let groups = Limits.keyGroups
        let first = (place.instance * groups + place.parallelism - 1) / place.parallelism
        let last = ((place.instance + 1) * groups + place.parallelism - 1) / place.parallelism - 1
        let state = try unsafe KeyedState(
            tables: keyed.pointee.tables, count: Int(keyed.pointee.table_count),
            groups: first...max(first, last))
        task.attach(state)
        keyedState = state
    }

    /// Any thread: the epoch is final.
    package func keyedComplete(_ epoch: UInt64) {
        guard keyedState != nil else { return }
        keyedNews.withLock { $0.complete = max($0.complete, epoch) }
    }

    /// [task] Pins keyed state; nil: the operator has none. Throws MR6001 while too many images
    /// are still being written.
    func freezeKeyed(_ epoch: UInt64, whole: Bool) throws(Failure) -> KeyedImage? {
        guard let state = keyedState else { return nil }
        let news = keyedNews.withLock { news -> KeyedNews in
            defer { news.released = [] }
            return news
        }
        for image in news.released { state.release(image) }
        if news.complete > 0 { state.complete(news.complete) }
        guard let image = try state.freeze(epoch, whole: whole) else {
            throw Failure(
                .epochTimedOut, kind: .transient, node: place.node,
                "keyed state of earlier epochs is still being written")
        }
        return KeyedImage(self, image)
    }

    /// [setup] Full pieces before increments, in the order of their epochs.
    package func restoreKeyed(_ pieces: [StatePiece]) throws(Failure) {
        guard !pieces.isEmpty else { return }
        guard let state = keyedState, let keyed = unsafe keyed else {
            throw Failure(
                .stateVersion, node: place.node,
                "\(operation) has saved keyed state and declares no tables any more",
                next: "use the version of the plugin that wrote it")
        }
        for piece in pieces { try state.restore(piece.bytes, node: place.node) }
        // SAFETY(self): used during the call only.
        var migration = unsafe mrr_migration(
            impl: Unmanaged.passUnretained(self).toOpaque(),
            migrate: { impl, table, version, old, into in
                guard let impl = unsafe impl else { return MR_E_INTERNAL }
                let mine = unsafe Unmanaged<OperatorInstance>.fromOpaque(impl).takeUnretainedValue()
                guard let migrate = unsafe mine.keyed?.pointee.migrate else { return MR_E_STATE }
                let original = unsafe mine.library.original(mine.operation)
                return unsafe migrate(original, table, version, old, into)
            })
        let can = unsafe keyed.pointee.migrate != nil
        try unsafe withUnsafePointer(to: &migration) { (pointer) throws(Failure) in
            try unsafe state.restoreEnd(node: place.node, can ? pointer : nil)
        }
    }
}
