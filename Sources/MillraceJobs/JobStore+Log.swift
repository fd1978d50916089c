// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceSystem

// MARK: - what the log of a job's folder says, before it is led or to who does not

extension JobStore {
    /// What the log says before anybody leads; nothing where it cannot be read, which is told when
    /// it is read for good.
    var logBefore: LogState { (try? Self.log(of: folder)) ?? LogState() }

    /// What an attempt would begin with. One that cannot be read is told when it does.
    func claimed(in log: LogState) -> [Manifest] {
        log.regions.compactMap(\.claim).compactMap { claim in
            let bytes = try? folder.read(claim.manifest, limit: Limits.manifestBytesMax)
            return bytes.flatMap { try? ManifestCodec.decoded($0) }
        }
    }

    static func logFiles(
        of folder: StateFolder
    ) throws(SystemError) -> (
        snapshots: [DecisionLog.StoredFile], slots: [DecisionLog.StoredFile]
    ) {
        var snapshots: [DecisionLog.StoredFile] = []
        var slots: [DecisionLog.StoredFile] = []
        func file(_ number: UInt64, _ name: String) throws(SystemError) -> DecisionLog.StoredFile {
            .init(
                number: number,
                bytes: try folder.read("log/\(name)", limit: Limits.manifestBytesMax))
        }
        for name in try folder.names(in: "log") {
            if let slot = UInt64(name) {
                slots.append(try file(slot, name))
            } else if let slot = snapshotSlot(name) {
                snapshots.append(try file(slot, name))
            }
        }
        return (snapshots, slots)
    }

    /// What the log of a job's folder says, for whoever is not its supervisor. A job that runs may
    /// take files away under a reader.
    static func log(of folder: StateFolder) throws -> LogState {
        let files = try logFiles(of: folder)
        return try DecisionLog.replay(snapshots: files.snapshots, slots: files.slots).0
    }
}
