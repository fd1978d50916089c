// SPDX-License-Identifier: Apache-2.0
// One end of a channel for messages: a stream socket with frames of a little-endian u32 length
// and as many bytes of JSON. A frame above the limit, or one that is no message, is the end of
// the channel: what follows it cannot be trusted.
import CMillraceShims
import Foundation
import Glibc
import MillraceCore
import Synchronization

package final class MessageChannel<Out: Encodable & Sendable, In: Decodable & Sendable>: Sendable {
    private let socket: FileDescriptor
    private let frameBytesMax: Int
    /// Held while a frame is written, so that two of them never mix.
    private let sending = Mutex(())

    /// Takes the socket. `sendSeconds`: how long `send` waits for room before it throws EAGAIN,
    /// after which the channel is of no use; nil: for ever.
    package init(
        _ socket: consuming FileDescriptor, frameBytesMax: Int, sendSeconds: Int? = nil
    ) {
        if let sendSeconds {
            var limit = timeval(tv_sec: sendSeconds, tv_usec: 0)
            // SAFETY(limit): read by the call.
            let result = unsafe setsockopt(
                socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit,
                socklen_t(MemoryLayout<timeval>.size))
            precondition(result == 0, "BUG: no socket")
        }
        self.socket = socket
        self.frameBytesMax = frameBytesMax
    }

    /// Ours as long as this object lives.
    package var descriptor: Int32 { socket.number }

    /// Any thread. Waits while the socket is full. Throws a `SystemError` when the other end is
    /// gone, and a `Failure` for a message above the limit.
    package func send(_ message: Out) throws {
        let body = try JSONEncoder().encode(message)
        guard body.count <= frameBytesMax else {
            throw Failure(
                .invariantBroken, kind: .bug,
                "a message of \(body.count) bytes; at most \(frameBytesMax) are allowed")
        }
        var frame = Data(capacity: 4 + body.count)
        let size = UInt32(body.count)
        for shift in stride(from: 0, to: 32, by: 8) { frame.append(UInt8(size >> shift & 0xff)) }
        frame.append(body)
        try sending.withLock { _ in try StreamSocket.writeAll(socket, frame) }
    }

    /// One thread. Waits for a message; nil at the end of the channel. Throws a `Failure` for
    /// bytes that are no message, after which the channel is of no use.
    package func receive() throws -> In? {
        guard let header = try StreamSocket.readExactly(socket, 4) else { return nil }
        let size = header.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard size <= frameBytesMax else {
            throw Failure(.versionSkew, "a frame of \(size) bytes; at most \(frameBytesMax)")
        }
        guard let body = try StreamSocket.readExactly(socket, size) else { return nil }
        do {
            return try JSONDecoder().decode(In.self, from: Data(body))
        } catch {
            throw Failure(.versionSkew, "a frame of \(size) bytes that is no \(In.self)")
        }
    }

    /// Any thread: both directions end; a `receive` that waits returns nil.
    package func close() {
        shutdown(socket.number, Int32(SHUT_RDWR))
    }
}

/// Two connected sockets; each is closed unless it is taken.
package struct SocketPair: ~Copyable {
    private var first: FileDescriptor?
    private var second: FileDescriptor?

    package init() throws(SystemError) {
        var pair: [Int32] = [-1, -1]
        // SAFETY(pair): the call stores two numbers.
        let result = unsafe pair.withUnsafeMutableBufferPointer {
            unsafe mrshim_socket_pair($0.baseAddress)
        }
        try checked(result, "socketpair")
        first = FileDescriptor(owning: pair[0])
        second = FileDescriptor(owning: pair[1])
    }

    /// Once each.
    package mutating func takeFirst() -> FileDescriptor { Self.take(&first) }
    package mutating func takeSecond() -> FileDescriptor { Self.take(&second) }

    private static func take(_ end: inout FileDescriptor?) -> FileDescriptor {
        guard let taken = end.take() else { preconditionFailure("BUG: end taken twice") }
        return taken
    }
}

enum StreamSocket {
    static func writeAll(_ socket: borrowing FileDescriptor, _ data: Data) throws(SystemError) {
        var sent = 0
        while sent < data.count {
            // SAFETY(bytes): the call reads what is left of the buffer.
            let result = unsafe data.withUnsafeBytes { bytes in
                unsafe mrshim_send(
                    socket.number, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent)
            }
            sent += Int(try checked(result, "send"))
        }
    }

    /// `count` bytes, or nil when the other end closed before the last of them.
    static func readExactly(
        _ socket: borrowing FileDescriptor, _ count: Int
    ) throws(SystemError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let size = try readSome(socket, into: &bytes, at: filled)
            if size == 0 { return nil }
            filled += size
        }
        return bytes
    }

    /// How many bytes were stored from `offset` on; 0 at the end.
    static func readSome(
        _ socket: borrowing FileDescriptor, into bytes: inout [UInt8], at offset: Int
    ) throws(SystemError) -> Int {
        while true {
            // SAFETY(bytes): the call writes at most what is left of the buffer.
            let size = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(
                    socket.number, buffer.baseAddress.map { unsafe $0 + offset },
                    buffer.count - offset)
            }
            if size >= 0 { return size }
            switch errno {
            case EINTR: continue
            case ECONNRESET: return 0
            default: throw SystemError("read", errno)
            }
        }
    }
}
