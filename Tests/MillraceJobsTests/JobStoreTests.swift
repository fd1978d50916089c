// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceDelivery
import MillraceSystem
import Testing

@testable import MillraceJobs

/// What a job's folder does with a disk that does not do what it is told.
@Suite struct JobStoreTests {
    private let folder: URL
    private let events = Mailbox<JobCoordinator.Event>()

    init() {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "job-store-\(UUID())")
    }

    private func store() throws -> JobStore {
        try JobStore(folder.path, owner: "a test") { [events] in events.post($0) }
    }

    private func isThere(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
    }

    @Test func `no record goes into the log before the dead letters of the one before it`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try store()
        let pending = LetterFiles.name(attempt: 1, epoch: 1, executor: 0, chance: 7)
        try Data("a letter\n".utf8).write(to: folder.appendingPathComponent(pending))
        let obstacle = folder.appendingPathComponent(LetterFiles.claimed(pending))
        try FileManager.default.createDirectory(
            at: obstacle, withIntermediateDirectories: false)
        let slot = StoreRequest.createSlot(1, Nonce(low: 1, high: 2), [1, 2, 3])

        store.request(.publishLetters([pending], sweepsBelow: 1, sparing: []))
        guard case .putOff = events.take() else { return #expect(Bool(false), "nobody was told") }
        store.request(slot)
        guard case .putOff(let failure) = events.take(), case .log(.unknown) = events.take() else {
            return #expect(Bool(false), "the record does not wait")
        }
        #expect(failure.text.contains("the job waits until its log can be written again"))
        store.request(slot)
        guard case .log(.unknown) = events.take() else {
            return #expect(Bool(false), "it is told with every try")
        }

        try FileManager.default.removeItem(at: obstacle)
        store.request(slot)
        guard case .log(.created) = events.take() else {
            return #expect(Bool(false), "the record still waits")
        }
        #expect(try Data(contentsOf: obstacle) == Data("a letter\n".utf8))
        #expect(!isThere(pending))
    }

    @Test func `what runs in another region is not swept away, however old`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try store()
        let names = (1...3).map {
            LetterFiles.name(attempt: $0, epoch: 1, executor: 0, chance: 7)
        }
        for name in names {
            try Data("a letter\n".utf8).write(to: folder.appendingPathComponent(name))
        }
        store.request(.publishLetters([], sweepsBelow: 3, sparing: [1]))
        // Requests are served in order.
        store.request(.createSlot(1, Nonce(low: 1, high: 2), [1, 2, 3]))
        guard case .log(.created) = events.take() else {
            return #expect(Bool(false), "no record")
        }
        #expect(names.map(isThere) == [true, false, true])
    }
}
