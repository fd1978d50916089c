// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceDelivery
import MillraceSystem

/// The dead letters in a job's folder, for whoever is not its supervisor: the job may run
/// meanwhile. Which files count: `LetterFiles`; what is on its way back: `ReplayFile`.
package struct LetterArchive: Sendable {
    /// Which letters are meant; nil: any.
    package struct Wish: Sendable {
        package var node: String?
        package var code: String?
        /// Refused at or after this time, in nanoseconds since 1970.
        package var since: Int64?

        package init(node: String? = nil, code: String? = nil, since: Int64? = nil) {
            self.node = node
            self.code = code
            self.since = since
        }

        func fits(_ letter: DeadLetter) -> Bool {
            (node ?? letter.node) == letter.node && (code ?? letter.code) == letter.code
                && letter.at >= since ?? .min
        }
    }

    let folder: StateFolder
    private static let fileBytesMax = 1 << 30

    /// nil: there is no job's folder at `path`.
    package init?(_ path: String) {
        let manager = FileManager.default
        guard
            ["log", "manifests"].allSatisfy({ manager.fileExists(atPath: "\(path)/\($0)") })
        else { return nil }
        folder = StateFolder(existing: path, isDurable: !PrivateFolder.isOne(path))
    }

    /// Of the job's folder, as it was named.
    package var path: String { folder.path }

    /// Another run may go on from it.
    package var isKept: Bool { folder.isDurable }

    /// The open letters that are meant, oldest first. Throws MR6002 and MR6004.
    package func letters(_ wish: Wish) throws(Failure) -> [DeadLetter] {
        try open(wish).map(\.letter)
    }

    /// The same, with where they lie. What is on its way back is not open: looked for first, for
    /// its file goes when its letters have gone.
    func open(_ wish: Wish) throws(Failure) -> [(letter: DeadLetter, place: ReplayFile.Place)] {
        let leaving = try leaving()
        var found: [(letter: DeadLetter, place: ReplayFile.Place)] = []
        for name in try names() {
            found += try lines(of: name).filter {
                wish.fits($0.letter) && !leaving.contains($0.place)
            }.map { ($0.letter, $0.place) }
        }
        return found.sorted {
            ($0.letter.at, $0.letter.sequence) < ($1.letter.at, $1.letter.sequence)
        }
    }

    /// Removes the open letters that are meant, for ever; how many they were.
    package func purge(_ wish: Wish) throws(Failure) -> Int {
        let lock = try hold()
        defer { withExtendedLifetime(lock) {} }
        let leaving = try leaving()
        return try remove { wish.fits($0) && !leaving.contains($1) }
    }

    /// The right to change what lies here, and the folders for it.
    func hold() throws(Failure) -> StateLock {
        do throws(SystemError) {
            _ = try StateFolder(folder.path, folders: [LetterFiles.folder, LetterFiles.replay])
            let lock = try StateLock.wait("\(folder.path)/\(LetterFiles.lock)")
            try folder.sweep(LetterFiles.replay)
            try folder.sweep(LetterFiles.folder, ending: DurableFile.unfinished)
            return lock
        } catch {
            throw error.failure(.storeFailed, next: mayWrite)
        }
    }

    var mayRead: String { "it takes an account that may read \(folder.path)" }
    var mayWrite: String { "it takes an account that may write to \(folder.path)" }

    func remove(
        where isDoomed: (DeadLetter, ReplayFile.Place) -> Bool
    ) throws(Failure) -> Int {
        var count = 0
        for name in try names() {
            let lines = try lines(of: name)
            let kept = lines.filter { !isDoomed($0.letter, $0.place) }
            guard kept.count < lines.count else { continue }
            count += lines.count - kept.count
            let target = LetterFiles.claimed(name)
            do throws(SystemError) {
                // Its job would move it, and then find nothing to do.
                try folder.move(name, to: target)
                if kept.isEmpty {
                    try folder.removeForEver(target)
                } else {
                    let bytes = kept.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
                    try DurableFile.write(bytes, to: "\(folder.path)/\(target)", mode: 0o600)
                }
            } catch {
                throw error.failure(
                    error.isOutOfSpace ? .noSpaceLeft : .storeFailed,
                    next: "this file is as it was; repeat it when that is mended")
            }
        }
        return count
    }

    /// Files whose letters count.
    private func names() throws(Failure) -> [String] {
        // First those that wait: one that is moved meanwhile is found where it went.
        let waiting = Set((try? folder.names(in: LetterFiles.pending)) ?? [])
        // A job that began before there were dead letters has no such folder.
        let there = (try? folder.names(in: LetterFiles.folder)) ?? []
        let published = there.map { "\(LetterFiles.folder)/\($0)" }.filter(LetterFiles.isOne)
        let claimed = waiting.isEmpty ? [] : newestClaim()
        return published
            + claimed.filter { name in waiting.contains { name.hasSuffix("/\($0)") } }
    }

    /// What the newest claim names. A running job may take files away under a reader: then its
    /// supervisor moves what is claimed within moments.
    private func newestClaim() -> [String] {
        (try? manifests().flatMap(\.letterFiles)) ?? []
    }

    /// Of the newest claims.
    func manifests() throws -> [Manifest] {
        try JobStore.log(of: folder).regions.compactMap(\.claim).map { claim in
            try ManifestCodec.decoded(
                folder.read(claim.manifest, limit: Limits.manifestBytesMax))
        }
    }

    private typealias Line = (letter: DeadLetter, place: ReplayFile.Place, bytes: [UInt8])

    private func lines(of name: String) throws(Failure) -> [Line] {
        let bytes: [UInt8]
        do {
            bytes = try folder.read(name, limit: Self.fileBytesMax)
        } catch {
            // Moved by its job, or purged by somebody else.
            guard !error.isMissing else { return [] }
            throw error.failure(.storeFailed, next: mayRead)
        }
        let decoder = JSONDecoder()
        let file = String(name.split(separator: "/").last ?? "")
        var all: [Line] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let letter = try? decoder.decode(DeadLetter.self, from: Data(line)) else {
                throw Failure(
                    .stateDamaged,
                    "\(folder.path)/\(name): line \(all.count + 1) is no dead letter",
                    next: "remove the line, or restore the file from a copy")
            }
            let place = ReplayFile.Place(file: file, line: ContentHash(of: line))
            all.append((letter, place, Array(line)))
        }
        return all
    }
}
