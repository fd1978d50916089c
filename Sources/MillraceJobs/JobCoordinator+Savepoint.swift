// SPDX-License-Identifier: Apache-2.0
// Savepoints of a job that goes on, and the one that a job ends with.
//
//     of each region   wanted → taking → taken
//                      taking → wanted
//     of all           taking part → copying → over
//
// wanted   for the next barrier, which does not wait for its time: what was read before somebody
//          asked is in it
// taking   its epoch is under way. An attempt that fails takes it along, and the next one begins
//          with another epoch; an epoch that is given up is told to who asked, and ends it
// taken    the epoch is done: all that its sinks prepared is committed. A region that has nothing
//          more to do is there with its last epoch. Regions share no record, so their epochs need
//          not be of one moment
// copying  all regions are there. Their files are copied on a thread of its own, and kept
//          meanwhile, however many epochs come after. Nothing but the end of the job waits for that
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
        /// It is done, and this is its manifest.
        case taken(Epoch, manifest: String)
    }

    var path: String
    var regions: [RegionID: State]
    /// All are taken, and their files are being copied.
    var isCopying = false

    /// What has been taken; it is kept until the copy is made.
    var manifests: [String] {
        regions.sorted { $0.key < $1.key }.compactMap {
            if case .taken(_, let manifest) = $0.value { manifest } else { nil }
        }
    }

    /// The highest epoch of them.
    var newest: Epoch {
        regions.values.map { if case .taken(let epoch, _) = $0 { epoch } else { 0 } }.max() ?? 0
    }

    static let tooLate = Failure(
        .wrongState, "the run ends before it could take a checkpoint for the savepoint",
        next: "`millrace stop --savepoint` makes one of the last checkpoint")
}

extension JobCoordinator {
    /// A savepoint of the job that goes on is being copied.
    var isCopying: Bool { copy?.isCopying ?? false }

    /// With the savepoint that is being made: its manifests are kept as long as that.
    var logWithCopy: LogState {
        guard let copy, !copy.manifests.isEmpty else { return log.log }
        var log = log.log
        log.savepoints.append(.init(name: copy.path, manifests: copy.manifests))
        return log
    }

    mutating func wantCopy(to path: String, _ now: Int64) -> [Action] {
        precondition(copy == nil, "BUG: two savepoints at once")
        copy = SavepointCopy(
            path: path,
            regions: Dictionary(
                parts.map { ($0.region, .wanted) }, uniquingKeysWith: { first, _ in first }))
        var all: [Action] = []
        for at in parts.indices {
            all += parts[at].ending == nil ? tell(.hurry, at, now) : copyHasLast(of: at)
        }
        return all
    }

    mutating func copyBegins(with epoch: Epoch, _ at: Int) -> [Action] {
        let region = parts[at].region
        guard copy?.regions[region] == .wanted else { return [] }
        copy?.regions[region] = .taking(epoch)
        return [.savepoint(.taking(epoch))]
    }

    /// The epoch is claimed and committed.
    mutating func copyIsDue(of epoch: Epoch, _ at: Int) -> [Action] {
        guard copy?.regions[parts[at].region] == .taking(epoch) else { return [] }
        return copyHasLast(of: at)
    }

    /// The region's newest claim is its part of the savepoint.
    private mutating func copyHasLast(of at: Int) -> [Action] {
        let region = parts[at].region
        guard let claim = log.log.region(region).claim else { return [] }
        copy?.regions[region] = .taken(claim.epoch, manifest: claim.manifest)
        guard let wish = copy, wish.manifests.count == parts.count else { return [] }
        copy?.isCopying = true
        return [
            .savepoint(.copying(wish.newest)),
            .store(.writeSavepoint(wish.manifests, to: wish.path)),
        ]
    }

    /// Its epoch has come to nothing with its attempt; the first one of the next attempt may do.
    mutating func copyWaits(_ at: Int, _ now: Int64) -> [Action] {
        let region = parts[at].region
        guard case .taking = copy?.regions[region] else { return [] }
        copy?.regions[region] = .wanted
        return [.savepoint(.waiting)] + tell(.hurry, at, now)
    }

    mutating func copyFails(of epoch: Epoch, _ at: Int, _ failure: Failure) -> [Action] {
        guard copy?.regions[parts[at].region] == .taking(epoch) else { return [] }
        copy = nil
        var failure = failure
        failure.text = "its checkpoint came to nothing: \(failure.text)"
        failure.next = "the run goes on; ask again once its checkpoints succeed"
        return [.savepoint(.failed(failure))]
    }

    /// Sources that are told to end are at an end in their state: nothing can begin from that. One
    /// region that has read all is no reason, as long as another has not.
    mutating func drains(_ at: Int) -> [Action] {
        parts[at].drains = true
        guard parts.allSatisfy(\.drains), copy != nil, !isCopying else { return [] }
        copy = nil
        return [.savepoint(.failed(SavepointCopy.tooLate))]
    }

    // MARK: - the end of the job

    /// The region's last epoch is done.
    func hasEnded(_ region: RegionID) -> Bool { parts[place(of: region)].ending != nil }

    /// The region's last epoch is done; savepoints come before the end.
    mutating func lastEpochDone(
        _ ending: CheckpointCoordinator.Ending, _ at: Int, _ now: Int64
    ) -> [Action] {
        parts[at].ending = ending
        // Whatever becomes of its executors now, nothing of it begins anew in this process.
        _ = life.handle(.ended(parts[at].region), now: now)
        // Somebody asked while this epoch was under way already: there will be no other one.
        let all = copy?.regions[parts[at].region] == .wanted ? copyHasLast(of: at) : []
        let isLast = parts.allSatisfy { $0.ending != nil }
        guard savepoint == nil, copy == nil || !isLast else { return all + writeLastSavepoint(now) }
        return all + end(at, now)
    }

    /// Once all regions have come to their end, and no other savepoint is being written.
    private mutating func writeLastSavepoint(_ now: Int64) -> [Action] {
        guard copy == nil, parts.allSatisfy({ $0.ending != nil }) else { return [] }
        guard let savepoint else { return allEnd(now) }
        let manifests = parts.compactMap { log.log.region($0.region).claim?.manifest }
        return [.store(.writeSavepoint(manifests, to: savepoint))]
    }

    mutating func allEnd(_ now: Int64) -> [Action] {
        parts.indices.flatMap { end($0, now) }
    }

    private mutating func end(_ at: Int, _ now: Int64) -> [Action] {
        guard let ending = parts[at].ending, !parts[at].isOver else { return [] }
        parts[at].isOver = true
        switch ending {
        case .endOfData: return finished(parts[at].region, now)
        case .keepState: return [.regionOver(parts[at].region, .kept)]
        }
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
        return [.savepoint(progress)] + (savepoint == nil ? allEnd(now) : writeLastSavepoint(now))
    }
}
