// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem

/// Letters that go back into their job: see `ReplayFile`.
extension LetterArchive {
    /// Letters on their way back to one node.
    package struct Replay: Hashable, Sendable {
        /// Of its file.
        package let name: String
        package let file: ReplayFile
        /// Where its source stands in the newest claimed epoch; nil: that does not know it.
        package let position: UInt64?

        /// The node that gives them.
        package var source: String { file.source(name) }
        /// They have all been taken, and no failure takes that back.
        package var isDone: Bool { position == file.end }
        /// Letters that no claimed epoch has.
        package var left: Int { file.left(from: position ?? 0) }
    }

    /// What is on its way back, or has arrived and was not put away yet. Throws MR6002, MR6004.
    package func replays() throws(Failure) -> [Replay] {
        let files = try replayFiles()
        guard !files.isEmpty else { return [] }
        let positions = try positions()
        return files.map { name, file in
            Replay(name: name, file: file, position: positions[file.source(name)])
        }
    }

    /// Of its file, as absolute as the folder's.
    package func path(of replay: Replay) -> String {
        "\(folder.path)/\(LetterFiles.replay)/\(replay.name)"
    }

    /// Letters that are not open.
    func leaving() throws(Failure) -> Set<ReplayFile.Place> {
        Set(try replayFiles().flatMap { $0.file.records.map(\.place) })
    }

    private func replayFiles() throws(Failure) -> [(name: String, file: ReplayFile)] {
        try readReplays().map { (name, found) throws(Failure) in (name, try found.get()) }
    }

    /// All of these files, damaged ones with what is wrong with them.
    private func readReplays() throws(Failure) -> [(name: String, Result<ReplayFile, Failure>)] {
        // A job that began before there was such a thing has no such folder.
        let names = (try? folder.names(in: LetterFiles.replay)) ?? []
        var all: [(name: String, Result<ReplayFile, Failure>)] = []
        for name in names where ReplayFile.isName(name) {
            let path = "\(LetterFiles.replay)/\(name)"
            do {
                all.append((name, .success(try ReplayFile(folder.read(path)))))
            } catch let error as SystemError {
                guard !error.isMissing else { continue }
                throw error.failure(.storeFailed, next: mayRead)
            } catch let failure as Failure {
                let found = Failure(
                    failure.code, "\(folder.path)/\(path): \(failure.text)",
                    next: failure.next
                        ?? "restore the file from a copy, or have `millrace dlq replay "
                        + "\(folder.path) --cancel` remove it: its letters are open again")
                all.append((name, .failure(found)))
            } catch {
                preconditionFailure("BUG: \(error)")
            }
        }
        return all
    }

    /// Of the sources that give letters, by node. A job that runs may take files away under a
    /// reader; who looks again finds newer ones.
    private func positions() throws(Failure) -> [String: UInt64] {
        var failure: Failure?
        for _ in 0..<Self.looks {
            do {
                return try newestPositions()
            } catch let error as SystemError {
                failure = error.failure(.storeFailed, next: mayRead)
            } catch let found as Failure {
                failure = found
            } catch {
                preconditionFailure("BUG: \(error)")
            }
        }
        throw failure ?? Failure(.stateDamaged, "\(folder.path) cannot be read")
    }

    private static let looks = 5

    private func newestPositions() throws -> [String: UInt64] {
        var positions: [String: UInt64] = [:]
        for manifest in try manifests() {
            for piece in manifest.pieces
            where piece.kind == .state && ReplayFile.isSource(piece.task.node) {
                var reader = ByteReader(
                    try content(piece, of: manifest), of: "position of a source",
                    code: .stateDamaged)
                positions[piece.task.node] = try reader.u64()
            }
        }
        return positions
    }

    private func content(_ piece: Piece, of manifest: Manifest) throws -> ArraySlice<UInt8> {
        let entry = manifest.files[Int(piece.file)]
        let bytes = try folder.read(entry.name, limit: Int(clamping: entry.length))
        let stream = try SegmentFormat.stream(of: bytes, as: entry) {
            Compression.expanded($0, size: $1)
        }
        guard piece.offset + piece.length <= UInt64(stream.count) else {
            throw Failure(.stateDamaged, "\(entry.name) is shorter than its manifest says")
        }
        return stream[Int(piece.offset)..<Int(piece.offset + piece.length)]
    }
}

// MARK: - sending back

extension LetterArchive {
    /// Sends the open letters that are meant back into their job, the oldest `limit` of them, each
    /// to `node` or to the one that refused it: with the next run. How many go where. A repetition
    /// finds those that the call before has not reached. Throws MR4403 for a node that is none,
    /// MR5307, MR6002, MR6004.
    package func replay(
        _ wish: Wish, to node: String?, limit: Int?
    ) throws(Failure) -> [(node: String, count: Int)] {
        let lock = try hold()
        defer { withExtendedLifetime(lock) {} }
        if let node { try check(target: node) }
        let meant = try open(wish).prefix(max(0, limit ?? .max))
        let groups = Dictionary(grouping: meant) { letter, _ in
            let target = node ?? letter.node
            return [target, target == letter.node ? letter.input ?? "" : ""]
        }
        let known = groups.isEmpty ? [] : Set(try positions().keys)
        var sent: [String: Int] = [:]
        for (key, letters) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let records = letters.map { letter, place in
                ReplayFile.Record(
                    key: letter.key, value: letter.value, time: letter.time, place: place)
            }
            try create(
                ReplayFile(node: key[0], input: key[1].isEmpty ? nil : key[1], records: records),
                besides: known)
            sent[key[0], default: 0] += records.count
        }
        return sent.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// As far as a checkpoint can tell: the next run looks at its topology.
    private func check(target: String) throws(Failure) {
        guard let manifests = try? manifests(), !manifests.isEmpty else { return }
        let known = manifests.flatMap(\.nodes).map(\.id)
        guard known.contains(target) else {
            throw Failure(
                .replayTargetGone, "there is no node `\(target)` in the job",
                next: Nearest.question(target, known)
                    ?? "its nodes are \(known.sorted().joined(separator: ", "))")
        }
        let isSource = manifests.flatMap(\.pieces).contains {
            $0.task.node == target && $0.kind == .position
        }
        if isSource {
            throw Failure(
                .replayTargetGone, "`\(target)` is a source, which takes no records",
                next: "name a node behind it")
        }
    }

    /// Under a name that no source in `known` has.
    private func create(_ file: ReplayFile, besides known: Set<String>) throws(Failure) {
        do throws(SystemError) {
            while true {
                let digits = String(UInt32(truncatingIfNeeded: Entropy.number()), radix: 16)
                let name = String(repeating: "0", count: 8 - digits.count) + digits
                guard !known.contains(file.source(name)) else { continue }
                if try folder.create("\(LetterFiles.replay)/\(name)", file.bytes) { return }
            }
        } catch {
            throw error.failure(
                error.isOutOfSpace ? .noSpaceLeft : .storeFailed,
                next: "nothing was sent back to \(file.node); repeat it when that is mended")
        }
    }

    /// What was taken back.
    package struct Cancelled: Hashable, Sendable {
        /// That are open again, as far as their files could be read.
        package var letters = 0
        /// Damaged files that were removed, as absolute as the folder.
        package var damaged: [String] = []
    }

    /// Takes back what was to go to `node`, or to any, as far as no claimed epoch has it: the
    /// letters are open again, and what was given is removed from their files. Damaged files are
    /// removed with those to any node. Throws MR6106 while a run has the folder, MR6004 for a
    /// damaged file of whose letters nobody knows which have been given.
    package func cancelReplays(of node: String?) throws(Failure) -> Cancelled {
        let job = try holdJob()
        let lock = try hold()
        defer { withExtendedLifetime((job, lock)) {} }
        let (all, positions) = (try readReplays(), try positions())
        var cancelled = Cancelled()
        for (name, found) in all {
            switch found {
            case .success(let file):
                let replay = Replay(
                    name: name, file: file, position: positions[file.source(name)])
                guard (node ?? file.node) == file.node, !replay.isDone else { continue }
                // First, because as long as the file is there none of its letters is open.
                let given = Set(file.given(before: replay.position ?? 0).map(\.place))
                if !given.isEmpty { _ = try remove { given.contains($1) } }
                try removeReplay(name)
                cancelled.letters += replay.left
            case .failure(var failure):
                let isBegun = positions.keys.contains { ReplayFile.isSource($0, of: name) }
                guard node == nil, !isBegun, failure.code == .stateDamaged else {
                    if isBegun {
                        failure.next =
                            "restore the file from a copy: a run has begun to give them back, and "
                            + "only the file says which those were"
                    }
                    throw failure
                }
                try removeReplay(name)
                cancelled.damaged.append("\(folder.path)/\(LetterFiles.replay)/\(name)")
            }
        }
        return cancelled
    }

    private func removeReplay(_ name: String) throws(Failure) {
        do {
            try folder.removeForEver("\(LetterFiles.replay)/\(name)")
        } catch {
            throw error.failure(.storeFailed, next: mayWrite)
        }
    }

    private func holdJob() throws(Failure) -> StateLock {
        let lock: StateLock?
        do throws(SystemError) {
            lock = try StateLock.take(
                "\(folder.path)/lock", owner: "millrace dlq, process \(getpid())")
        } catch {
            throw error.failure(.storeFailed, next: mayWrite)
        }
        guard let lock else {
            throw Failure(
                .stateInUse,
                "a run has \(folder.path), and what it gives its nodes cannot be "
                    + "taken back",
                next: "stop it first")
        }
        return lock
    }
}

// MARK: - for a run

extension LetterArchive {
    /// Records in quarantine that are sent back with these, and with which no epoch has begun.
    package func released(by replays: [Replay]) -> Set<JobCoordinator.ReleasedRecord> {
        guard let log = try? JobStore.log(of: folder), !log.quarantined.isEmpty else { return [] }
        let held = Set(
            log.quarantined.map { JobCoordinator.ReleasedRecord(node: $0.node, hash: $0.hash) })
        let sent = replays.filter { $0.position == nil }.flatMap { replay in
            replay.file.records.map {
                JobCoordinator.ReleasedRecord(node: replay.file.node, hash: $0.hash)
            }
        }
        return held.intersection(sent)
    }

    /// For whoever has the job's folder: letters that have arrived are removed, but those of these
    /// sources. Throws MR6002, MR6004.
    package func putAway(but sources: Set<String> = []) throws(Failure) {
        guard try replayFiles().isEmpty == false else { return }
        let lock = try hold()
        defer { withExtendedLifetime(lock) {} }
        let done = try replays().filter { $0.isDone && !sources.contains($0.source) }
        guard !done.isEmpty else { return }
        let places = Set(done.flatMap { $0.file.records.map(\.place) })
        _ = try remove { places.contains($1) }
        for replay in done { try removeReplay(replay.name) }
    }
}
