// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem
import Synchronization

/// A savepoint that a running job was asked for.
package struct SavepointStatus: Hashable, Sendable {
    /// Of its folder, absolute.
    package var path: String
    package var progress: SavepointProgress
    /// Nanoseconds since 1970.
    package var asked: Int64
    /// Nanoseconds from then until it was over; nil: it is not.
    package var took: Int64?
}

/// The savepoints that a run was asked for while it went on: the last ones, oldest first. Any
/// thread.
final class SavepointList: Sendable {
    private static let most = 16

    private struct Entry {
        var status: SavepointStatus
        /// Monotonic.
        var since: Int64
    }

    private struct State {
        var entries: [Entry] = []
        var isOver = false
    }

    private let state = Mutex(State())

    var all: [SavepointStatus] { state.withLock { $0.entries.map(\.status) } }

    /// Throws MR7102 while there is another one that is not over, and when the run is.
    func begin(_ path: String) throws(Failure) {
        try state.withLock { (state) throws(Failure) in
            guard !state.isOver else { throw Failure(.wrongState, "the run is over") }
            if let other = state.entries.last?.status, other.took == nil {
                throw Failure(
                    .wrongState, "a savepoint is being made already, in \(other.path)",
                    next: "ask again when that is complete")
            }
            let status = SavepointStatus(
                path: path, progress: .waiting, asked: WallClock.now(), took: nil)
            state.entries.append(Entry(status: status, since: MonotonicClock.now()))
            state.entries.removeFirst(max(0, state.entries.count - Self.most))
        }
    }

    /// About the last one.
    func tell(_ progress: SavepointProgress) {
        state.withLock { Self.tell(progress, &$0) }
    }

    /// The run is over.
    func end() {
        state.withLock { state in
            state.isOver = true
            Self.tell(
                .failed(Failure(.wrongState, "the run ended before the savepoint was complete")),
                &state)
        }
    }

    private static func tell(_ progress: SavepointProgress, _ state: inout State) {
        guard let last = state.entries.indices.last, state.entries[last].status.took == nil else {
            return
        }
        state.entries[last].status.progress = progress
        switch progress {
        case .waiting, .taking, .copying: break
        case .written, .failed:
            state.entries[last].status.took = MonotonicClock.now() - state.entries[last].since
        }
    }
}
