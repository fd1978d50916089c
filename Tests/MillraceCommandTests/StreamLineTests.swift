// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import MillraceSystem
import Testing

@testable import millrace

struct StreamLineTests {
    @Test func `a line reads back as it was written`() {
        let data = "{\"a\":\"}\",\"b\":[1.50]}"
        let event = StreamLine.event(StreamEvent("record", data))
        #expect(event.text(id: 4) == "{\"id\":4,\"event\":\"record\",\"data\":\(data)}")
        #expect(StreamLine(event.text(id: 4), id: 4) == event)
        #expect(StreamLine(StreamLine.end.text(id: 4), id: 4) == .end)
    }

    @Test(arguments: [
        "", "{}", "{\"id\":4,\"status\":404,\"body\":{}}", "{\"id\":5,\"end\":true}",
        "{\"id\":5,\"event\":\"record\",\"data\":{}}", "{\"id\":4,\"event\":\"record\"}",
        "{\"id\":4,\"event\":\"",
    ])
    func `another line is none of the stream`(_ line: String) {
        #expect(StreamLine(line, id: 4) == nil)
    }

    @Test func `a socket sends events and an end, and takes the next request`() throws {
        var router = Router()
        router.addStream("/count/{to}") { (_, captures, send) throws(Failure) in
            guard let last = Int(captures["to"] ?? "") else { throw Failure(.usage, "no number") }
            for number in 0..<last where !send(StreamEvent("number", "\(number)")) { return }
        }
        router.add(.get, "/echo") { (_, _) throws(Failure) in Response(body: .string("x")) }
        let path = NSTemporaryDirectory() + "mr-\(UUID().uuidString.prefix(8)).sock"
        let socket = try RunSocket(listener: UnixListener(path: path), router: router)
        defer { socket.close() }
        let connection = try UnixConnection(path: path)
        func lines(_ request: String, _ count: Int) throws -> [String] {
            try connection.sendLine(request)
            return try (0..<count).compactMap { _ in try connection.receiveLine() }
        }
        #expect(
            try lines(#"{"id":3,"path":"/count/2"}"#, 3) == [
                #"{"id":3,"event":"number","data":0}"#, #"{"id":3,"event":"number","data":1}"#,
                #"{"id":3,"end":true}"#,
            ])
        #expect(try lines(#"{"id":4,"path":"/count/x"}"#, 1)[0].contains("\"status\":400"))
        #expect(
            try lines(#"{"id":5,"path":"/echo"}"#, 1) == [#"{"id":5,"status":200,"body":"x"}"#])
    }

    @Test func `a stream that nobody reads holds up nobody`() throws {
        var router = Router()
        let data = "\"\(String(repeating: "x", count: 10_000))\""
        router.addStream("/flood") { (_, _, send) throws(Failure) in
            while send(StreamEvent("x", data)) {}
        }
        router.add(.get, "/echo") { (_, _) throws(Failure) in Response(body: .string("x")) }
        let path = NSTemporaryDirectory() + "mr-\(UUID().uuidString.prefix(8)).sock"
        let socket = try RunSocket(listener: UnixListener(path: path), router: router)
        let lazy = try UnixConnection(path: path)
        try lazy.sendLine(#"{"id":1,"path":"/flood"}"#)
        let gone = try UnixConnection(path: path)
        try gone.sendLine(#"{"id":1,"path":"/flood"}"#)
        gone.close()
        let busy = try UnixConnection(path: path)
        try busy.sendLine(#"{"id":2,"path":"/echo"}"#)
        #expect(try busy.receiveLine() == #"{"id":2,"status":200,"body":"x"}"#)
        // Ends also the thread that waits for the lazy one.
        socket.close()
    }
}
