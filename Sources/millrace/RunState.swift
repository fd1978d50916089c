// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceGraph
import MillraceJobs
import MillraceSystem

/// Where a run keeps its state, and what it begins with.
///
/// `--state-dir`, else the folder of the job in `checkpoint.store`: both are kept for the next run.
/// All other runs have a private folder, removed when they are over, so that a crash costs nothing
/// but time; unless the topology asks for at_most_once, or a crash would lose something that can
/// not be read again (`DeliveryCheck.obstacle`): such a run has no state, and ends at a crash. Who
/// writes `checkpoint` or `restart` into the topology, or begins with a savepoint, has decided.
struct RunState {
    private static let prefix = "millrace-run"

    /// Absolute; nil: there are no checkpoints.
    let folder: String?
    /// The next run goes on from it.
    let isKept: Bool
    let savepoint: Savepoint?
    /// Why there are none, where nobody has said it.
    let obstacle: String?
    private let own: PrivateFolder?

    /// Throws MR1003 where flags and topology contradict, MR6002 where no folder can be made, and
    /// what `Savepoint.read` throws.
    init(
        stateDir: String?, from savepoint: String?, plan: Plan, checked: CheckedTopology
    ) throws(Failure) {
        let isUnwanted = plan.checkpoints.guarantee == .atMostOnce
        if isUnwanted, stateDir != nil || savepoint != nil {
            throw Failure(
                .usage, "the topology asks for at_most_once, which saves and restores nothing",
                next: "leave out \(stateDir == nil ? "--from" : "--state-dir"), or ask for "
                    + "another `checkpoint.guarantee`")
        }
        self.savepoint = try savepoint.map { (path) throws(Failure) in
            try Savepoint.read(TopologyInput.folder(path, of: "--from"))
        }
        let hasDecided =
            checked.topology?.checkpoints != nil || checked.topology?.restarts != nil
            || savepoint != nil
        let found = checked.delivery?.obstacle
        if let stateDir {
            let path = try TopologyInput.folder(stateDir, of: "--state-dir")
            try StatePlace.check(path, of: "--state-dir")
            (folder, isKept, own) = (path, true, nil)
        } else if let store = plan.checkpoints.store, !isUnwanted {
            let path = "\(TopologyInput.absolute(store))/\(plan.name)"
            try StatePlace.check(path, of: "checkpoint.store")
            (folder, isKept, own) = (path, true, nil)
            try Self.make(TopologyInput.absolute(store))
        } else if !isUnwanted, hasDecided || found == nil {
            let made = try Self.privateFolder(for: plan)
            (folder, isKept, own) = (made.path, false, made)
        } else {
            (folder, isKept, own) = (nil, false, nil)
        }
        obstacle = folder == nil && !isUnwanted ? found : nil
    }

    /// What nobody will look for again is removed.
    func clean() {
        if let own { Self.remove(own) }
    }

    /// Removes what runs without a state directory have left that were killed themselves.
    static func sweep() {
        PrivateFolder.abandoned(in: parent, prefix: prefix).forEach(remove)
    }

    private static func remove(_ folder: PrivateFolder) {
        StagedFiles.remove(of: folder.path)
        folder.remove()
    }

    private static var parent: String {
        let path = FileManager.default.temporaryDirectory.path
        return path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func privateFolder(for plan: Plan) throws(Failure) -> PrivateFolder {
        sweep()
        do {
            let folder = try PrivateFolder.make(
                in: parent, prefix: "\(prefix)-\(plan.job.split(separator: "-").last ?? "")")
            StagedFiles.note(
                plan, in: folder.path, workingFolder: FileManager.default.currentDirectoryPath)
            return folder
        } catch {
            throw error.failure(
                .storeFailed,
                next: "set TMPDIR to a folder that you may write to: the run's checkpoints lie "
                    + "there; or name one with --state-dir")
        }
    }

    private static func make(_ path: String) throws(Failure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            _ = try StateFolder(path, folders: [])
        } catch {
            throw Failure(
                .storeFailed, "checkpoint.store: \(path) cannot be made",
                next: "name a directory on a local disk that you may write to")
        }
    }
}
