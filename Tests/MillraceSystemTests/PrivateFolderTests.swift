// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceSystem
import Testing

struct PrivateFolderTests {
    private let parent: URL

    init() throws {
        parent = FileManager.default.temporaryDirectory
            .appendingPathComponent("mr-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []).sorted()
    }

    /// Made by a process that does not live any more.
    private func dead(_ name: String) throws {
        let folder = parent.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("log"), withIntermediateDirectories: true)
        try Data().write(to: folder.appendingPathComponent("owner"))
        try Data("x".utf8).write(to: folder.appendingPathComponent("log/1"))
    }

    @Test func `only those are abandoned whose process is gone`() throws {
        defer { try? FileManager.default.removeItem(at: parent) }
        let live = try PrivateFolder.make(in: parent.path, prefix: "run")
        try dead("run-dead")
        try dead("other-dead")
        let found = PrivateFolder.abandoned(in: parent.path, prefix: "run-")
        #expect(found.map(\.path) == [parent.path + "/run-dead"])
        // Whoever comes second finds it taken.
        #expect(PrivateFolder.abandoned(in: parent.path, prefix: "run-").isEmpty)
        found.forEach { $0.remove() }
        #expect(names == ["other-dead", URL(fileURLWithPath: live.path).lastPathComponent])
        live.remove()
        #expect(names == ["other-dead"])
    }

    @Test func `one without a lock is being made, or is nobody's`() throws {
        defer { try? FileManager.default.removeItem(at: parent) }
        for name in ["run-empty", "run-full/log"] {
            try FileManager.default.createDirectory(
                at: parent.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        #expect(PrivateFolder.abandoned(in: parent.path, prefix: "run-").isEmpty)
        #expect(names == ["run-full"])
    }

    @Test func `where none can be made the place is told`() {
        defer { try? FileManager.default.removeItem(at: parent) }
        #expect(throws: SystemError.self) {
            _ = try PrivateFolder.make(in: parent.path + "/none", prefix: "run")
        }
    }
}
