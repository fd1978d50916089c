// SPDX-License-Identifier: Apache-2.0
// The registry cache, `plugins.json` beside the private copies: what is known about libraries, so
// that a command needs neither to read nor to probe them again.
//
//     {"format": 2,
//      "files":    {PATH: {"identity": {…}, "settled": true, "sha256": HEX}},
//      "verdicts": {HEX: {"release": "0.1.0", "judge": {…}, "state": "ready", …}}}
//
// A file is believed to be the one that was read while its identity is the same; `settled` is
// false if it was read so soon after its last change that another change could have the same time.
// A verdict holds for this release only; one that is not `ready` only for the program that judged.
// It is a cache: a file that cannot be read or decoded counts as empty. Writers take a lock on
// `plugins.lock`, read, add what they learned, and replace the file by rename.
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceSystem

/// What is known about one content.
struct PluginVerdict: Hashable, Codable, Sendable {
    var release: String
    /// The program that judged.
    var judge: PluginFile.Identity?
    var state: PluginRecord.State
    var reason: Failure?
    var name: String
    var version: String
    var abi: String
    var toolchain: String?
    var license: String?
    /// Empty unless it is ready.
    var operators: [OperatorDescription]
    /// Ids of the operators it says it has, ready or not.
    var claims: [String]
    var warnings: [String]
    /// Not to be kept: the reason may go away without a change of the file.
    var isPassing: Bool
}

struct PluginRegistry: Codable, Sendable {
    struct KnownFile: Hashable, Codable, Sendable {
        var identity: PluginFile.Identity
        var settled: Bool
        var sha256: String

        init(_ file: PluginFile) {
            identity = file.identity
            sha256 = file.sha256
            let age = WallClock.now() - max(identity.modified, identity.changed)
            settled = age > PluginRegistry.clockNanoseconds
        }
    }

    /// Time stamps of files may be so coarse.
    private static let clockNanoseconds: Int64 = 50_000_000
    static let format = 2
    /// Quarantines of contents that lie nowhere just now.
    private static let strayMax = 256
    /// Copies that nobody refers to are kept so long for jobs that run from them.
    private static let copySecondsMax: Int64 = 7 * 86_400
    private var format = PluginRegistry.format
    var files: [String: KnownFile] = [:]
    var verdicts: [String: PluginVerdict] = [:]

    init() {}

    /// The registry in `folder`; empty when there is none that can be used.
    static func load(_ folder: String) -> PluginRegistry {
        guard let file = try? PluginFile.read(path(folder)),
            let registry = try? JSONDecoder().decode(PluginRegistry.self, from: Data(file.bytes)),
            registry.format == format
        else { return PluginRegistry() }
        return registry
    }

    /// SHA-256 of what lies at `path`, if that is known without reading it.
    func content(of path: String) -> String? {
        guard let file = files[path], file.settled,
            PluginFile.identity(of: path) == file.identity
        else { return nil }
        return file.sha256
    }

    /// Changes the registry in `folder` under its lock. Throws MR5303.
    static func update(
        _ copies: PluginCopies, _ change: (inout PluginRegistry) -> Void
    ) throws(Failure) {
        let lockPath = copies.folder + "/plugins.lock"
        // SAFETY(lockPath): copied by the call.
        let lock = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw SystemError("open", errno, object: lockPath).failure(.fileFailed)
        }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw SystemError("flock", errno, object: lockPath).failure(.fileFailed)
            }
        }
        var registry = load(copies.folder)
        change(&registry)
        registry.prune()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(registry) else {
            preconditionFailure("BUG: a registry that cannot be encoded")
        }
        try PluginCopies.write([UInt8](data), to: path(copies.folder), mode: 0o600)
        copies.sweep(keep: Set(registry.verdicts.keys), olderThan: copySecondsMax)
    }

    static func path(_ folder: String) -> String { folder + "/plugins.json" }

    /// Forgets files that are gone and verdicts on contents that no file has.
    private mutating func prune() {
        files = files.filter { PluginFile.identity(of: $0.key) != nil }
        let present = Set(files.values.map(\.sha256))
        var strays = 0
        verdicts = verdicts.filter { sha256, verdict in
            if present.contains(sha256) { return true }
            guard verdict.state == .quarantined else { return false }
            strays += 1
            return strays <= Self.strayMax
        }
    }
}
