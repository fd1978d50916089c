// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Foundation
import Glibc
import MillraceCore
import Synchronization

/// Listens at a path that only our own user can reach; the file goes with the object.
package final class UnixListener: Sendable {
    package let path: String
    private let socket: FileDescriptor

    /// Fails when something lies at the path, unless it is a socket that nobody listens at.
    package init(path: String) throws(SystemError) {
        do {
            socket = try Self.listen(path)
        } catch {
            guard error.number == EADDRINUSE, Self.isDead(path) else { throw error }
            unsafe unlink(path)
            socket = try Self.listen(path)
        }
        self.path = path
    }

    deinit { unsafe unlink(path) }

    /// Becomes readable when somebody connects.
    package var descriptor: Int32 { socket.number }

    /// The next connection, nil if none waits. One that belongs to another user is closed.
    package func accept() throws(SystemError) -> UnixConnection? {
        let result = mrshim_unix_accept(socket.number)
        switch -result {
        case EAGAIN, ECONNABORTED, EINTR: return nil
        default: break
        }
        let descriptor = FileDescriptor(owning: try checked(result, "accept", object: path))
        guard mrshim_peer_user(descriptor.number) == Int64(geteuid()) else { return nil }
        return UnixConnection(descriptor)
    }

    private static func listen(_ path: String) throws(SystemError) -> FileDescriptor {
        // SAFETY(path): read by the call.
        let result = unsafe path.withCString { unsafe mrshim_unix_listen($0) }
        return FileDescriptor(owning: try checked(result, "bind", object: path))
    }

    private static func isDead(_ path: String) -> Bool {
        do {
            _ = try UnixConnection(path: path)
            return false
        } catch {
            return error.number == ECONNREFUSED
        }
    }
}

/// One connection: text, line by line.
package final class UnixConnection: Sendable {
    package static let lineBytesMax = 1 << 20

    private let socket: FileDescriptor
    /// Read, but not yet part of a line that was returned.
    private let pending = Mutex<[UInt8]>([])
    private let sending = Mutex(())

    init(_ socket: consuming FileDescriptor) {
        self.socket = socket
    }

    /// Connects; ECONNREFUSED or ENOENT when nobody listens.
    package init(path: String) throws(SystemError) {
        // SAFETY(path): read by the call.
        let result = unsafe path.withCString { unsafe mrshim_unix_connect($0) }
        socket = FileDescriptor(owning: try checked(result, "connect", object: path))
    }

    package var descriptor: Int32 { socket.number }

    /// One thread. Waits for a line, which is returned without its end; nil when the other end
    /// has closed. EMSGSIZE for a line above the limit, after which the connection is of no use.
    package func receiveLine() throws(SystemError) -> String? {
        while true {
            if let line = takeLine() { return line }
            guard try receiveSome() else { return nil }
        }
    }

    /// One thread. The lines that have come once there is something to read, perhaps none; nil when
    /// the other end has closed. Fails as `receiveLine` does.
    package func receiveLines() throws(SystemError) -> [String]? {
        guard try receiveSome() else { return nil }
        var lines: [String] = []
        while let line = takeLine() { lines.append(line) }
        return lines
    }

    /// A line that has come already.
    private func takeLine() -> String? {
        pending.withLock { bytes in
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let line = String(decoding: bytes[..<end], as: UTF8.self)
            bytes.removeSubrange(...end)
            return line
        }
    }

    /// Waits until there is something; false at the end.
    private func receiveSome() throws(SystemError) -> Bool {
        if pending.withLock({ $0.count }) > Self.lineBytesMax {
            throw SystemError("read", EMSGSIZE)
        }
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let size = try StreamSocket.readSome(socket, into: &chunk, at: 0)
        pending.withLock { $0.append(contentsOf: chunk[..<size]) }
        return size > 0
    }

    /// Any thread. Sends the text and the end of a line.
    package func sendLine(_ line: String) throws(SystemError) {
        var data = Data(line.utf8)
        data.append(UInt8(ascii: "\n"))
        let result = sending.withLock { _ in
            Result { () throws(SystemError) in try StreamSocket.writeAll(socket, data) }
        }
        try result.get()
    }

    /// Any thread: a `receiveLine` that waits returns nil.
    package func close() {
        shutdown(socket.number, Int32(SHUT_RDWR))
    }
}
