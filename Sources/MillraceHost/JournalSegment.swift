// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem
import MillraceWire

/// One segment of an `IngressJournal`: its bytes and their sums. What has a sum is compared with it
/// before the first byte of its range is read; what has none gets one.
///
/// Used by the thread of its loop alone.
final class JournalSegment {
    let first: UInt64
    let file: GrowingFile
    private let sums: GrowingFile
    private(set) var hasEnded = false
    /// Ranges that have a sum: where each ends, and the sum.
    private var ranges: [(end: UInt64, sum: UInt32)] = []
    /// Behind the last range that was found right.
    private var checked: UInt64
    /// Behind the last range that has a sum, and the sum of what was read since.
    private var summed: UInt64
    private var sum: UInt32 = 0
    private var position: UInt64

    /// A range is read twice after a restart, once to compare it.
    private static let rangeBytes: UInt64 = 256 << 10

    /// A new one, without a byte. It needs no space on disk.
    static func create(_ folder: String, first: UInt64) throws(SystemError) -> JournalSegment {
        let path = "\(folder)/\(JournalFormat.name(first))"
        let sums = try GrowingFile(path + JournalFormat.sumsSuffix)
        return JournalSegment(first, try GrowingFile(path + JournalFormat.bytesSuffix), sums)
    }

    private init(_ first: UInt64, _ file: GrowingFile, _ sums: GrowingFile) {
        self.first = first
        self.file = file
        self.sums = sums
        (checked, summed, position) = (first, first, first)
    }

    /// One that may be there, to be read from `position` on. Throws MR6002 and MR6004.
    convenience init(
        _ folder: String, first: UInt64, from position: UInt64
    ) throws(Failure) {
        let path = "\(folder)/\(JournalFormat.name(first))"
        do throws(SystemError) {
            let sums = try GrowingFile(path + JournalFormat.sumsSuffix)
            self.init(first, try GrowingFile(path + JournalFormat.bytesSuffix), sums)
        } catch {
            throw error.failure(.storeFailed)
        }
        try readSums()
        self.position = min(max(position, first), end)
        guard self.position > summed else { return }
        do throws(SystemError) {
            sum = try file.checksum(of: offset(summed)..<offset(self.position))
        } catch {
            throw error.failure(.storeFailed)
        }
    }

    /// Behind its last byte.
    var end: UInt64 { first + UInt64(file.size) }
    var size: Int { file.size }

    private func readSums() throws(Failure) {
        do {
            let bytes = try sums.content()
            let entries = try JournalFormat.entries(bytes, first: first)
            for entry in entries {
                switch entry {
                case .range(let end, let sum): ranges.append((end, sum))
                case .end: hasEnded = true
                }
            }
            let whole = JournalFormat.headerBytes + entries.count * JournalFormat.entryBytes
            try sums.truncate(to: bytes.count < whole ? 0 : whole)
        } catch let failure as Failure {
            throw Failure(failure.code, "\(sums.path): \(failure.text)", next: failure.next)
        } catch let error as SystemError {
            throw error.failure(.storeFailed)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
        summed = ranges.last?.end ?? first
        guard summed <= end, !hasEnded || summed == end else {
            throw damaged(
                "has \(file.size) bytes, \(summed - first) were written", at: min(summed, end))
        }
    }

    // SAFETY(into): the caller's; no more than its size is written.
    /// Bytes from `place` on, where the read before ended; 0 at the end.
    @unsafe func read(
        at place: UInt64, into: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Int {
        guard place < end else { return 0 }
        var most = into.count
        if place < summed { most = min(most, try checkRange(of: place) - offset(place)) }
        do throws(SystemError) {
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: into[..<most])
            let count = try unsafe file.read(at: offset(place), into: part)
            position = place + UInt64(count)
            if place >= summed {
                sum = unsafe Checksum.crc32c(
                    UnsafeRawBufferPointer(rebasing: part[..<count]), after: sum)
                // What has no space now is part of the next range.
                if position - summed >= Self.rangeBytes { try? writeSum() }
            }
            return count
        } catch {
            throw error.failure(.storeFailed)
        }
    }

    /// Compares the range that `place` lies in, once; where it ends in the file.
    private func checkRange(of place: UInt64) throws(Failure) -> Int {
        guard let at = ranges.firstIndex(where: { $0.end > place }) else {
            preconditionFailure("BUG: byte \(place) has a sum and no range")
        }
        let range = ranges[at]
        guard range.end > checked else { return offset(range.end) }
        let start = at == 0 ? first : ranges[at - 1].end
        do {
            guard try file.checksum(of: offset(start)..<offset(range.end)) == range.sum else {
                throw damaged("is not what was written: a checksum is wrong", at: start)
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as SystemError {
            throw error.failure(.storeFailed)
        } catch {
            preconditionFailure("BUG: \(error)")
        }
        checked = range.end
        return offset(range.end)
    }

    /// What was read since the last range becomes one.
    func writeSum() throws(SystemError) {
        guard position > summed else { return }
        try write(.range(end: position, sum: sum))
        ranges.append((position, sum))
        (summed, checked, sum) = (position, position, 0)
    }

    /// Nothing will follow. All was read.
    func inputEnded() throws(SystemError) {
        try writeSum()
        try write(.end(end))
        hasEnded = true
    }

    private func write(_ entry: JournalFormat.Entry) throws(SystemError) {
        let header = sums.size == 0 ? JournalFormat.header(first) : []
        try sums.append(header + entry.bytes)
    }

    private func offset(_ position: UInt64) -> Int { Int(position - first) }

    private func damaged(_ what: String, at place: UInt64) -> Failure {
        Failure(.stateDamaged, "\(file.path) \(what), at byte \(offset(place))")
    }
}
