// SPDX-License-Identifier: Apache-2.0
// Savepoints of a job that goes on, and the one that a job ends with.
//
//     wanted → taking → copying → over
//     taking → wanted | over
//
// wanted   for the next barrier, which does not wait for its time: what was read before somebody
//          asked is in it
// taking   its epoch is under way. An attempt that fails takes it along, and the next one begins
//          with another epoch; an epoch that is given up is told to who asked
// copying  the epoch is done: all that its sinks prepared is committed. Its files are copied on a
//          thread of their own, and kept meanwhile, however many epochs come after it. Nothing but
//          the end of the job waits for that
import MillraceCore
import MillraceDelivery

/// What becomes of a savepoint of a job that goes on.
package enum SavepointProgress: Hashable, Sendable {
    /// For an epoch.
    case waiting
    case taking(Epoch)
    case copying(Epoch)
    case written(Savepoint.Description)
    case failed(Failure)
}

/// A savepoint of a job that goes on, until it is written or not.
struct SavepointCopy: Hashable, Sendable {
    enum State: Hashable, Sendable {
        /// For the next epoch.
        case wanted
        /// The epoch is under way.
        case taking(Epoch)
        /// The files that this manifest names are being copied.
        case copying(manifest: String)
    }

    var path: String
    var state: State = .wanted

    static let tooLate = Failure(
        .wrongState, "the run ends before it could take a checkpoint for the savepoint",
        next: "`millrace stop --savepoint` makes one of the last checkpoint")
}

extension JobCoordinator {
    /// A savepoint of the job that goes on is being copied.
    var isCopying: Bool {
        guard case .copying = copy?.state else { return false }
        return true
    }

    /// With the savepoint that is being copied: its manifest is kept as long as that.
    var logWithCopy: LogState {
        guard let copy, case .copying(let manifest) = copy.state else { return log.log }
        var log = log.log
        log.savepoints.append(.init(name: copy.path, manifests: [manifest]))
        return log
    }

    mutating func wantCopy(to path: String, _ now: Int64) -> [Action] {
        precondition(copy == nil, "BUG: two savepoints at once")
        copy = SavepointCopy(path: path)
        return told(epochs.handle(.hurry, now: now), now)
    }

    mutating func copyBegins(with epoch: Epoch) -> [Action] {
        guard case .wanted = copy?.state else { return [] }
        copy?.state = .taking(epoch)
        return [.savepoint(.taking(epoch))]
    }

    /// The epoch is claimed and committed.
    mutating func copyIsDue(of epoch: Epoch) -> [Action] {
        guard let wish = copy, wish.state == .taking(epoch),
            let claim = log.log.region(Self.region).claim, claim.epoch == epoch
        else { return [] }
        copy?.state = .copying(manifest: claim.manifest)
        return [
            .savepoint(.copying(epoch)), .store(.writeSavepoint(claim.manifest, to: wish.path)),
        ]
    }

    /// Its epoch has come to nothing with its attempt; the first one of the next attempt may do.
    mutating func copyWaits(_ now: Int64) -> [Action] {
        guard case .taking = copy?.state else { return [] }
        copy?.state = .wanted
        return [.savepoint(.waiting)] + told(epochs.handle(.hurry, now: now), now)
    }

    mutating func copyFails(of epoch: Epoch, _ failure: Failure) -> [Action] {
        guard copy?.state == .taking(epoch) else { return [] }
        copy = nil
        var failure = failure
        failure.text = "its checkpoint came to nothing: \(failure.text)"
        failure.next = "the run goes on; ask again once its checkpoints succeed"
        return [.savepoint(.failed(failure))]
    }

    /// Sources that are told to end are at an end in their state: nothing can begin from that.
    mutating func copyComesTooLate() -> [Action] {
        guard copy != nil, !isCopying else { return [] }
        copy = nil
        return [.savepoint(.failed(SavepointCopy.tooLate))]
    }

    // MARK: - the end of the job

    /// The last epoch is done; savepoints come before the end.
    mutating func lastEpochDone(
        _ ending: CheckpointCoordinator.Ending, _ now: Int64
    ) -> [Action] {
        pendingEnding = ending
        return copy == nil ? writeLastSavepoint(ending, now) : []
    }

    private mutating func writeLastSavepoint(
        _ ending: CheckpointCoordinator.Ending, _ now: Int64
    ) -> [Action] {
        guard let savepoint, let claim = log.log.region(Self.region).claim else {
            return ended(ending, now)
        }
        return [.store(.writeSavepoint(claim.manifest, to: savepoint))]
    }

    mutating func savepointWritten(
        _ description: Savepoint.Description, _ now: Int64
    ) -> [Action] {
        guard copy != nil else {
            return append(.savepoint(name: savepoint ?? "", manifests: []), now)
        }
        return copyIsOver(.written(description), now)
    }

    mutating func savepointFailed(_ failure: Failure, _ now: Int64) -> [Action] {
        guard copy != nil else { return [.over(.failed(failure))] }
        return copyIsOver(.failed(failure), now)
    }

    private mutating func copyIsOver(_ progress: SavepointProgress, _ now: Int64) -> [Action] {
        copy = nil
        let end = pendingEnding.map { writeLastSavepoint($0, now) } ?? []
        return [.savepoint(progress)] + end
    }
}
