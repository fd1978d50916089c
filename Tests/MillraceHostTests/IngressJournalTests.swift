// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceWire
import Synchronization
import Testing

@testable import MillraceHost

/// A journal over pipes and files, through dead writers, damage and cut tails.
struct IngressJournalTests {
    private let folder: URL
    private let pipes = Pipes()

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("mr-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func clean() { try? FileManager.default.removeItem(at: folder) }

    private var files: URL { folder.appendingPathComponent("journal/in/0") }

    private func journal(
        from position: UInt64? = nil, segment: Int = 1 << 20, said: Said = Said()
    ) -> IngressJournal {
        IngressJournal(
            in: folder.path, node: "in", instance: 0, restored: position, segmentBytes: segment
        ) { text in said.lines.withLock { $0.append(text) } }
    }

    /// Their descriptors are borrowed.
    private final class Pipes: Sendable {
        let all = Mutex<[Pipe]>([])
    }

    private final class Said: Sendable {
        let lines = Mutex<[String]>([])
        var text: String { lines.withLock { $0.joined(separator: "\n") } }
    }

    /// What can be read now, in pieces.
    private func read(_ journal: IngressJournal, pieces: Int = 7) throws -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieces)
        while true {
            // SAFETY(piece): the call writes into the buffer and no further.
            let count = try unsafe piece.withUnsafeMutableBytes { try unsafe journal.read($0) }
            if count == 0 { return all }
            all += piece[..<count]
        }
    }

    /// Everything that the journal gives until its input has ended or has nothing.
    private func drain(_ journal: IngressJournal) throws -> [UInt8] {
        var all = try read(journal)
        while try journal.take(10) == .bytes { all += try read(journal) }
        return all
    }

    private func pipe(_ text: String, ends: Bool = true) -> Pipe {
        let pipe = Pipe()
        pipes.all.withLock { $0.append(pipe) }
        pipe.fileHandleForWriting.write(Data(text.utf8))
        if ends { try? pipe.fileHandleForWriting.close() }
        return pipe
    }

    private func open(_ journal: IngressJournal, _ pipe: Pipe) throws {
        try journal.open(pipe.fileHandleForReading.fileDescriptor)
    }

    private let text = "the quick brown fox jumps over the lazy dog and over the other one"

    @Test(arguments: [5, 16, 1 << 20])
    func `who comes after another reads on where that had a checkpoint`(_ segment: Int) throws {
        defer { clean() }
        let pipe = pipe(text, ends: false)
        var done: [UInt8] = []
        var position: UInt64?
        do {
            let first = journal(segment: segment)
            try open(first, pipe)
            _ = try first.take(10)
            done += try read(first)
            position = first.freeze()
            // Behind the checkpoint: read, or only taken.
            _ = try first.take(10)
            _ = try read(first)
            _ = try first.take(9)
        }
        try pipe.fileHandleForWriting.close()
        do {
            let second = journal(from: position, segment: segment)
            try open(second, pipe)
            done += try drain(second)
            #expect(String(decoding: done, as: UTF8.self) == text)
            #expect(try second.take(10) == .end)
            position = second.freeze()
        }
        let said = Said()
        let third = journal(from: position, segment: segment, said: said)
        try open(third, self.pipe("more"))
        #expect(try drain(third) == [] && third.take(10) == .end)
        #expect(said.text.contains("ended in an earlier run"))
    }

    @Test func `an empty pipe is not waited for, and a pipe without a writer has ended`() throws {
        defer { clean() }
        let pipe = Pipe()
        let journal = self.journal()
        try open(journal, pipe)
        #expect(try journal.take(10) == .nothing)
        pipe.fileHandleForWriting.write(Data("x".utf8))
        #expect(try journal.take(10) == .bytes)
        #expect(try read(journal) == Array("x".utf8))
        try pipe.fileHandleForWriting.close()
        // A process that another test has just begun may hold that end for a moment.
        let patience = Date() + 10
        var last = try journal.take(10)
        while last == .nothing, Date() < patience {
            Thread.sleep(forTimeInterval: 0.001)
            last = try journal.take(10)
        }
        #expect(last == .end)
    }

    @Test(arguments: ["file", "device"])
    func `what is no pipe is taken, too`(_ kind: String) throws {
        defer { clean() }
        let path = kind == "file" ? folder.appendingPathComponent("in").path : "/dev/zero"
        if kind == "file" { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
        let input = try #require(FileHandle(forReadingAtPath: path))
        let journal = self.journal()
        try journal.open(input.fileDescriptor)
        if kind == "file" {
            #expect(String(decoding: try drain(journal), as: UTF8.self) == text)
            #expect(try journal.take(10) == .end)
        } else {
            #expect(try journal.take(10) == .bytes)
            #expect(try read(journal) == [UInt8](repeating: 0, count: 10))
        }
    }

    /// A journal of several segments, ranges and an end; where its files lie.
    private func written() throws -> [(name: String, bytes: Data)] {
        let journal = self.journal(segment: 24)
        try open(journal, pipe(text))
        while try journal.take(10) == .bytes {
            _ = try read(journal)
            _ = journal.freeze()
        }
        return try FileManager.default.contentsOfDirectory(atPath: files.path).sorted()
            .filter { $0 != "lock" }
            .map { ($0, try Data(contentsOf: files.appendingPathComponent($0))) }
    }

    private func put(_ bytes: Data, _ name: String) throws {
        try bytes.write(to: files.appendingPathComponent(name))
    }

    @Test func `every flipped bit is noticed`() throws {
        defer { clean() }
        for (name, bytes) in try written() {
            for bit in 0..<bytes.count * 8 {
                defer { pipes.all.withLock { $0 = [] } }
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                try put(damaged, name)
                let failure = #expect(throws: Failure.self, "\(name), bit \(bit)") {
                    let journal = self.journal()
                    try open(journal, pipe(""))
                    _ = try drain(journal)
                }
                #expect(failure?.text.contains(name.dropLast(3)) ?? false, "\(name), bit \(bit)")
            }
            try put(bytes, name)
        }
    }

    @Test func `of what was cut off nothing is believed to have been there`() throws {
        defer { clean() }
        let all = try written()
        let last = all.filter { $0.name.hasSuffix(".jnl") }.last?.name.dropLast(4)
        for (name, bytes) in all {
            for size in 0..<bytes.count {
                defer { pipes.all.withLock { $0 = [] } }
                try put(bytes.prefix(size), name)
                let journal = self.journal()
                do {
                    try open(journal, pipe(""))
                    let found = String(decoding: try drain(journal), as: UTF8.self)
                    // Sums that are gone cost no bytes; bytes that are gone are missed.
                    #expect(name.hasSuffix(".sum") && found == text, "\(name), \(size) bytes")
                } catch let failure as Failure {
                    #expect(name.hasSuffix(".jnl"), "\(name), \(size) bytes: \(failure.text)")
                    #expect(failure.code == .stateDamaged && failure.node == "in")
                }
                // The cut one may have been completed, but only the last one.
                if name.dropLast(4) != last { #expect(journal.freeze() <= UInt64(text.utf8.count)) }
                for (name, bytes) in all { try put(bytes, name) }
            }
        }
    }

    @Test func `a segment that is missing is missed`() throws {
        defer { clean() }
        let all = try written().filter { $0.name.hasSuffix(".jnl") }
        #expect(all.count > 2)
        for (name, bytes) in all.dropLast() {
            try FileManager.default.removeItem(at: files.appendingPathComponent(name))
            #expect(throws: Failure.self, "\(name)") {
                let journal = self.journal()
                try open(journal, pipe(""))
                _ = try drain(journal)
            }
            try put(bytes, name)
        }
        // What a checkpoint does not need may go.
        try FileManager.default.removeItem(at: files.appendingPathComponent(all[0].name))
        let second = try #require(JournalFormat.first(of: all[1].name))
        let journal = self.journal(from: second + 1)
        try open(journal, pipe(""))
        #expect(try drain(journal) == Array(text.utf8.dropFirst(Int(second) + 1)))
    }

    @Test func `a checkpoint that the journal does not reach is where it goes on`() throws {
        defer { clean() }
        let said = Said()
        let journal = self.journal(from: 1_000, said: said)
        try open(journal, pipe("new"))
        #expect(try drain(journal) == Array("new".utf8))
        #expect(journal.freeze() == 1_003 && said.text.isEmpty)
        let names = try FileManager.default.contentsOfDirectory(atPath: files.path)
        #expect(names.contains(JournalFormat.name(1_000) + ".jnl"))
    }
}
