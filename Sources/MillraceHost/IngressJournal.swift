// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceSystem
import MillraceWire

/// What an instance takes from outside and could not ask for again: first it lies in the job's
/// folder, then the instance reads it there. The files are those of `JournalFormat`.
///
///     CLOSED -open-> READING    what earlier attempts took and the checkpoint does not have
///     READING -nothing left-> TAKING    -the input ends-> ENDED, for the life of the job
///     TAKING, no space -> TAKING    in a new segment, so that the old one can be removed
///
/// SAFETY(Sendable): made by the control thread, then used by the thread of its loop alone.
@safe package final class IngressJournal: @unchecked Sendable {
    package enum Taken: Hashable, Sendable {
        case bytes, nothing, end
        /// No space: the reason.
        case unavailable(Failure)
    }

    private let job: String
    private let own: String
    private let folder: StateFolder
    private let segmentBytes: Int
    /// Whose it is, for messages, and where they go.
    private let node: String
    private let warn: @Sendable (String) -> Void
    /// Of the next byte to read.
    private var position: UInt64
    private var lock: StateLock?
    /// Where the segments from the one in use to the last one begin.
    private var firsts: [UInt64] = []
    private var segment: JournalSegment?
    private var tap: InputTap?
    /// Why it cannot go on; nil: it can.
    private(set) var failure: Failure?
    /// Where room on disk is looked at next.
    private var looksAt: UInt64 = 0
    /// The input ended while this attempt took it.
    private var sawEnd = false

    /// Segments of this size are removed soon enough, and are few.
    package static let segmentBytes = 64 << 20
    /// What is left of the disk for checkpoints, which free what the journal has: this, or an
    /// eighth of a small one.
    private static let spareBytes = 64 << 20
    private static let lookBytes: UInt64 = 256 << 10

    /// The journal of an instance in a job's folder, from where a checkpoint left it; nil: there is
    /// none.
    package init(
        in job: String, node: String, instance: Int, restored: UInt64?,
        segmentBytes: Int = IngressJournal.segmentBytes, warn: @escaping @Sendable (String) -> Void
    ) {
        self.job = job
        own = JournalFormat.folder(node: node, instance: String(instance))
        folder = StateFolder(existing: "\(job)/\(own)")
        self.segmentBytes = segmentBytes
        self.node = node
        self.warn = warn
        position = restored ?? 0
    }

    /// Whether `open` was called.
    package var isOpen: Bool { segment != nil }

    /// For what comes from a descriptor. Waits for an executor before that is not quite gone.
    /// Throws MR6002, MR6004 and MR6101.
    package func open(_ descriptor: Int32) throws(Failure) {
        try remembering { () throws(Failure) in
            do throws(SystemError) {
                tap = try InputTap(descriptor)
                let node = own.split(separator: "/").dropLast().joined(separator: "/")
                _ = try StateFolder(job, folders: [JournalFormat.folder, node, own])
                lock = try StateLock.wait("\(folder.path)/lock")
                firsts = try folder.names(in: ".").compactMap {
                    JournalFormat.first(of: $0, suffix: JournalFormat.bytesSuffix)
                }
            } catch {
                throw error.failure(.storeFailed)
            }
            try openSegment()
            warnOfEnd()
        }
    }

    /// Bytes copied to `into`; 0: nothing is left.
    // SAFETY(into): the caller's; no more than its size is written.
    @unsafe package func read(_ into: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        try remembering { () throws(Failure) in
            while true {
                let count = try unsafe current.read(at: position, into: into)
                position += UInt64(count)
                if count > 0 || firsts.count == 1 { return count }
                try openNext()
            }
        }
    }

    /// Takes more, once all was read.
    package func take(_ most: Int) throws(Failure) -> Taken {
        try remembering { () throws(Failure) in
            var last = try current
            guard firsts.count == 1, position == last.end, let tap else { return .bytes }
            if last.hasEnded {
                warnOfEnd()
                return .end
            }
            do throws(SystemError) {
                if position >= looksAt {
                    try look(at: last.file)
                    looksAt = position + Self.lookBytes
                }
                if last.size >= segmentBytes { last = try roll(last) }
                switch try tap.take(most, into: last.file) {
                case .bytes: return .bytes
                case .nothing: return .nothing
                case .end:
                    try last.inputEnded()
                    sawEnd = true
                    return .end
                }
            } catch {
                guard error.isOutOfSpace else { throw error.failure(.storeFailed) }
                // Checkpoints go on meanwhile, and free the old segment once none needs it.
                if last.size > 0 { _ = try? roll(last) }
                return .unavailable(
                    error.failure(
                        .noSpaceLeft,
                        next: "free some space; until then no input is taken, and none lost"))
            }
        }
    }

    /// At a barrier: what was read belongs to the checkpoint. The position of the next byte.
    package func freeze() -> UInt64 {
        // Without space there is no sum yet; it comes with the next one.
        try? segment?.writeSum()
        return position
    }
}

// MARK: - segments

extension IngressJournal {
    private var current: JournalSegment {
        get throws(Failure) {
            if let segment { return segment }
            throw failure ?? Failure(.storeFailed, "the journal is not open")
        }
    }

    /// The segment that the position lies in, and all behind it.
    private func openSegment() throws(Failure) {
        guard let last = firsts.last else { return try begin() }
        guard let at = firsts.lastIndex(where: { $0 <= position }) else {
            throw damaged(
                "begins at byte \(firsts[0]), the checkpoint goes on at byte \(position)")
        }
        firsts.removeSubrange(..<at)
        let found = try JournalSegment(folder.path, first: firsts[0], from: position)
        guard position > found.end else {
            segment = found
            return
        }
        guard found.first == last else {
            throw damaged("ends at byte \(found.end), the checkpoint goes on at byte \(position)")
        }
        // The machine went down before the bytes were on disk; the checkpoint has what they did.
        warn(
            "the journal ends at byte \(found.end), the checkpoint at byte \(position): what was "
                + "read after the checkpoint is lost")
        try begin()
    }

    private func openNext() throws(Failure) {
        let before = try current
        guard firsts[1] == before.end, !before.hasEnded else {
            throw damaged("has a gap: byte \(before.end) is followed by byte \(firsts[1])")
        }
        firsts.removeFirst()
        segment = try JournalSegment(folder.path, first: firsts[0], from: position)
    }

    /// A segment that begins at the position.
    private func begin() throws(Failure) {
        firsts = [position]
        segment = try JournalSegment(folder.path, first: position, from: position)
    }

    /// Throws ENOSPC while too little is left.
    private func look(at file: GrowingFile) throws(SystemError) {
        let room = try file.room()
        guard room.free >= min(Self.spareBytes, room.total / 8) else {
            throw SystemError("spare room for checkpoints", ENOSPC, object: folder.path)
        }
    }

    /// A segment behind the last one. Throws ENOSPC while there is too much before it.
    private func roll(_ last: JournalSegment) throws(SystemError) -> JournalSegment {
        try? last.writeSum()
        let oldest = try folder.names(in: ".").compactMap(JournalFormat.first).min() ?? position
        guard position - oldest < Limits.journalBytesMax else {
            throw SystemError("quota of the journal", ENOSPC, object: folder.path)
        }
        let next = try JournalSegment.create(folder.path, first: position)
        segment = next
        firsts = [position]
        return next
    }
}

// MARK: - words

extension IngressJournal {
    /// The input ended in an attempt before: what comes now is not more of it.
    private func warnOfEnd() {
        guard !sawEnd, let segment, segment.hasEnded, let tap, tap.hasInput else { return }
        sawEnd = true
        warn(
            "its input ended in an earlier run of this job, so what is there now is not read: give "
                + "another input another state directory")
    }

    private func damaged(_ what: String) -> Failure {
        Failure(
            .stateDamaged, node: node, "\(folder.path) \(what)",
            next: "restore it from a copy, or remove it to go on without what was read after the "
                + "last checkpoint")
    }

    private func remembering<Result>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if let failure { throw failure }
        do throws(Failure) {
            return try body()
        } catch {
            var known = error
            known.node = node
            if known.next == nil, known.code == .stateDamaged { known.next = damaged("").next }
            failure = known
            throw known
        }
    }
}
