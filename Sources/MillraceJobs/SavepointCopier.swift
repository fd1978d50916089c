// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem
import Synchronization

/// Writes savepoints, one after the other, each on a thread of its own: checkpoints go on
/// meanwhile.
final class SavepointCopier: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let thread = Mutex<PinnedThread?>(nil)

    /// `answer` is called on the new thread, or on this one when there is none.
    func begin(
        _ manifests: [String], of folder: StateFolder, to path: String,
        _ answer: @escaping @Sendable (JobCoordinator.Event) -> Void
    ) {
        join()
        do throws(SystemError) {
            let begun = try PinnedThread(name: "savepoint") { [self] in
                answer(write(manifests, of: folder, to: path))
            }
            thread.withLock { $0 = begun }
        } catch {
            answer(.savepointFailed(error.failure(.systemRefused)))
        }
    }

    /// What is not complete is removed. Returns when the thread is gone.
    func end() {
        isOver.store(true, ordering: .relaxed)
        join()
    }

    private func join() {
        let last = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        last?.join()
    }

    private func write(
        _ manifests: [String], of folder: StateFolder, to path: String
    ) -> JobCoordinator.Event {
        do throws(Failure) {
            return .savepointWritten(
                try Savepoint.write(manifests, of: folder, to: path) {
                    !isOver.load(ordering: .relaxed)
                })
        } catch {
            return .savepointFailed(error)
        }
    }
}
