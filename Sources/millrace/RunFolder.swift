// SPDX-License-Identifier: Apache-2.0
// Where local runs listen: `$XDG_RUNTIME_DIR/millrace`, else `/tmp/millrace-UID`. The folder must
// be ours alone: whoever can replace a socket in it could answer in a run's name.
import Foundation
import Glibc
import MillraceCore
import MillraceSystem

enum RunFolder {
    static var path: String {
        if let base = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], !base.isEmpty {
            return base + "/millrace"
        }
        return "/tmp/millrace-\(geteuid())"
    }

    /// Makes the folder if it is missing; refuses one that others can write to.
    static func prepare() throws(Failure) -> String {
        let path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw Failure(
                .fileFailed, "\(path): \(SystemError("mkdir", errno).reason)",
                next: "set XDG_RUNTIME_DIR to a folder of your own")
        }
        var facts = stat()
        guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR,
            facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0
        else {
            throw Failure(
                .fileFailed, "\(path) is not a folder of yours alone",
                next: "remove it, or set XDG_RUNTIME_DIR")
        }
        return path
    }

    static func socket(of job: String, in folder: String) -> String { "\(folder)/\(job).sock" }

    /// Ids of all runs that have a socket, dead ones included, sorted.
    static func jobs() -> [String] {
        // A folder that cannot be read holds no runs of ours.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("run-") && $0.hasSuffix(".sock") }
            .map { String($0.dropLast(5)) }.sorted()
    }

    /// `run-` and four hexadecimal digits, as each run's id.
    static func isJob(_ word: String) -> Bool {
        let digits = word.utf8.dropFirst(4)
        return word.hasPrefix("run-") && digits.count == 4
            && digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    /// Listens under a new id: `run-` and four hexadecimal digits.
    static func listen() throws(Failure) -> (job: String, listener: UnixListener) {
        let folder = try prepare()
        var seed = UInt64(bitPattern: WallClock.now()) ^ (UInt64(UInt32(getpid())) << 40)
        for _ in 0..<1000 {
            seed = mixed(seed)
            let digits = String(seed & 0xffff, radix: 16)
            let job = "run-" + String(repeating: "0", count: 4 - digits.count) + digits
            do {
                return (job, try UnixListener(path: socket(of: job, in: folder)))
            } catch {
                guard error.number == EADDRINUSE else {
                    throw error.failure(
                        .fileFailed, next: "set XDG_RUNTIME_DIR to a folder of your own")
                }
            }
        }
        throw Failure(.fileFailed, "no free id in \(folder)", next: "millrace ps removes dead ones")
    }

    /// SplitMix64: neighbouring seeds give unlike numbers.
    private static func mixed(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
