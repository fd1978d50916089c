// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceSystem
import Testing

/// A folder of its own, gone with the object.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/millrace-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

struct LocalSocketTests {
    private func accept(_ listener: UnixListener) throws -> UnixConnection {
        let poller = try Poller()
        try poller.add(listener.descriptor, token: 1)
        #expect(try poller.wait(milliseconds: -1) == [1])
        return try #require(try listener.accept())
    }

    @Test func `lines go both ways, until one side closes`() throws {
        let folder = try TemporaryFolder()
        let listener = try UnixListener(path: folder.path + "/s")
        #expect(try listener.accept() == nil)
        let client = try UnixConnection(path: listener.path)
        let server = try accept(listener)
        try client.sendLine("one")
        try client.sendLine(String(repeating: "2", count: 50_000))
        #expect(try server.receiveLine() == "one")
        #expect(try server.receiveLine()?.count == 50_000)
        try server.sendLine("back")
        server.close()
        #expect(try client.receiveLine() == "back")
        #expect(try client.receiveLine() == nil)
    }

    @Test func `nobody else may connect`() throws {
        let folder = try TemporaryFolder()
        let listener = try UnixListener(path: folder.path + "/s")
        var status = stat()
        #expect(stat(listener.path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `a dead socket is replaced, a living one is not`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/s"
        let first = try UnixListener(path: path)
        #expect(throws: SystemError.self) { _ = try UnixListener(path: path) }
        // What a killed process leaves behind: the file without a listener.
        #expect(rename(path, path + ".moved") == 0)
        let second = try UnixListener(path: path)
        #expect(link(path, path + ".left") == 0)
        _ = consume second
        #expect(rename(path + ".left", path) == 0)
        #expect(throws: SystemError("connect", ECONNREFUSED, object: path)) {
            _ = try UnixConnection(path: path)
        }
        let third = try UnixListener(path: path)
        _ = try UnixConnection(path: path)
        _ = (first, third)
    }

    @Test func `a line above the limit ends the connection`() throws {
        let folder = try TemporaryFolder()
        let listener = try UnixListener(path: folder.path + "/s")
        let client = try UnixConnection(path: listener.path)
        let server = try accept(listener)
        let writer = try PinnedThread(name: "writer") {
            // It ends with an error once the server has closed.
            try? client.sendLine(String(repeating: "x", count: 4 << 20))
        }
        #expect(throws: SystemError("read", EMSGSIZE)) { _ = try server.receiveLine() }
        server.close()
        writer.join()
    }
}

struct DurableFileTests {
    @Test func `a file is replaced, and nothing else stays behind`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/f"
        try DurableFile.write(Array("old content".utf8), to: path)
        try DurableFile.write(Array("new".utf8), to: path, mode: 0o600)
        #expect(try DurableFile.read(path, limit: 3) == Array("new".utf8))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(status.st_nlink == 1)
        #expect(rmdir(folder.path) == -1)
        #expect(unlink(path) == 0)
        #expect(rmdir(folder.path) == 0)
    }

    @Test func `a file above the limit and a folder that is missing are errors`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/f"
        try DurableFile.write([1, 2, 3, 4], to: path)
        #expect(throws: SystemError("read", EFBIG, object: path)) {
            _ = try DurableFile.read(path, limit: 3)
        }
        #expect(throws: SystemError.self) {
            try DurableFile.write([1], to: folder.path + "/missing/f")
        }
    }
}
