// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MillraceSystem
import Testing

/// What else may have the name of a file of ours: see JobStoreTests for what is usual.
struct StateFolderTests {
    private let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("mr-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: path) }

    @Test func `a pipe is not waited for, and a folder is told with its place`() throws {
        defer { remove() }
        try #require(mkfifo("\(path)/pipe", 0o600) == 0)
        try FileManager.default.createDirectory(
            atPath: "\(path)/inner", withIntermediateDirectories: false)
        let folder = StateFolder(existing: path)
        for (name, number) in [("pipe", EINVAL), ("inner", EISDIR)] {
            let expected = SystemError("open as a file", number, object: "\(path)/\(name)")
            #expect(throws: expected) { try folder.read(name) }
            #expect(throws: expected) { try folder.measure(name) }
        }
    }

    @Test func `a lock does not follow a link, and writes into nothing else`() throws {
        defer { remove() }
        try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(path)/other"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(path)/lock", withDestinationPath: "other")
        #expect(throws: SystemError("open", ELOOP, object: "\(path)/lock")) {
            try StateLock.take("\(path)/lock", owner: "somebody")
        }
        #expect(try String(contentsOfFile: "\(path)/other", encoding: .utf8) == "mine")
    }

    @Test func `what a dead writer left is swept by its ending`() throws {
        defer { remove() }
        let folder = try StateFolder(path, folders: ["dlq"])
        for name in ["a.ndjson", "a.ndjson.1.2.new", "b.1.2.part"] {
            try Data().write(to: URL(fileURLWithPath: "\(path)/dlq/\(name)"))
        }
        try folder.sweep("dlq", ending: DurableFile.unfinished)
        #expect(try folder.names(in: "dlq") == ["a.ndjson"])
        try folder.sweep("dlq")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/dlq") == ["a.ndjson"])
    }
}
