// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceSystem
import Testing

struct MessageChannelTests {
    private typealias Channel = MessageChannel<[String], [String]>

    private func pair(limit: Int = 1 << 20) throws -> (Channel, Channel) {
        var sockets = try SocketPair()
        let first = Channel(sockets.takeFirst(), frameBytesMax: limit)
        return (first, Channel(sockets.takeSecond(), frameBytesMax: limit))
    }

    @Test func `messages arrive whole and in order, then the end`() throws {
        let (here, there) = try pair()
        try here.send(["a", "ä\n"])
        try here.send([])
        here.close()
        #expect(try there.receive() == ["a", "ä\n"])
        #expect(try there.receive() == [])
        #expect(try there.receive() == nil)
    }

    @Test func `messages of two threads do not mix`() throws {
        let (here, there) = try pair()
        let long = String(repeating: "x", count: 100_000)
        let threads = try ["a", "b"].map { name in
            try PinnedThread(name: name) {
                do {
                    for _ in 0..<20 { try here.send([name, long]) }
                } catch { Issue.record(error) }
            }
        }
        for _ in 0..<40 {
            let message = try #require(try there.receive())
            #expect(message.count == 2 && message[1] == long)
        }
        threads.forEach { $0.join() }
    }

    @Test func `a message above the limit is not sent`() throws {
        let (here, _) = try pair(limit: 10)
        #expect(throws: Failure.self) { try here.send(["more than ten bytes"]) }
    }

    @Test func `a frame above the limit, or one that is no message, ends the channel`() throws {
        for bytes in [[0, 0, 0, 0x7f], [3, 0, 0, 0, 0x7b, 0x7b, 0x7b]] as [[UInt8]] {
            let (here, there) = try pair()
            #expect(write(here.descriptor, bytes, bytes.count) == bytes.count)
            let failure = #expect(throws: Failure.self) { _ = try there.receive() }
            #expect(failure?.code == .versionSkew)
        }
    }

    @Test func `a frame that is cut off is the end`() throws {
        let (here, there) = try pair()
        #expect(write(here.descriptor, [9, 0, 0, 0, 0x5b] as [UInt8], 5) == 5)
        here.close()
        #expect(try there.receive() == nil)
    }

    @Test func `sending to nobody is an error and no signal`() throws {
        let (here, there) = try pair()
        there.close()
        #expect(throws: SystemError.self) { try here.send(["a"]) }
    }

    @Test func `a sender does not wait for ever`() throws {
        var sockets = try SocketPair()
        let here = Channel(sockets.takeFirst(), frameBytesMax: 64 << 20, sendSeconds: 1)
        let there = sockets.takeSecond()
        let error = #expect(throws: SystemError.self) {
            try here.send([String(repeating: "x", count: 32 << 20)])
        }
        #expect(error?.number == EAGAIN)
        _ = there.number
    }
}
