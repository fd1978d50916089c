// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import MillraceSystem
import Testing

@testable import millrace

@Suite struct RunSocketTests {
    private let router: Router

    init() {
        var router = Router()
        router.add(.get, "/api/v1/echo/{word}") { (_, captures) throws(Failure) in
            Response(body: .string(captures["word"] ?? ""))
        }
        router.add(.post, "/api/v1/body") { (request, _) throws(Failure) in
            Response(status: 202, body: request.body)
        }
        self.router = router
    }

    @Test(arguments: [
        (
            #"{"id":1,"verb":"GET","path":"/api/v1/echo/x"}"#,
            #"{"id":1,"status":200,"body":"x"}"#
        ),
        (#"{"id":7,"path":"/api/v1/echo/y"}"#, #"{"id":7,"status":200,"body":"y"}"#),
        (
            #"{"id":2,"verb":"POST","path":"/api/v1/body","body":{"now":true}}"#,
            #"{"id":2,"status":202,"body":{"now":true}}"#
        ),
    ])
    func `a line in gives a line out with its id`(_ line: String, _ answer: String) {
        #expect(RunSocket.answer(line, router) == answer)
    }

    @Test(arguments: ["", "{}", "[1]", "{\"id\":1,\"verb\":\"TAKE\",\"path\":\"/\"}", "\u{0}"])
    func `a line that is no request is answered with status 400`(_ line: String) {
        let answer = RunSocket.answer(line, router)
        #expect(answer.hasPrefix("{\"id\":null,\"status\":400,"))
        #expect(answer.contains("MR1003"))
    }

    @Test func `requests of several connections are answered until the socket is closed`() throws {
        let path = NSTemporaryDirectory() + "mr-\(UUID().uuidString.prefix(8)).sock"
        let socket = try RunSocket(listener: UnixListener(path: path), router: router)
        let connections = try (0..<3).map { _ in try UnixConnection(path: path) }
        for round in 0..<2 {
            for (number, connection) in connections.enumerated() {
                let word = "w\(round)-\(number)"
                try connection.sendLine("{\"id\":\(number),\"path\":\"/api/v1/echo/\(word)\"}")
                #expect(
                    try connection.receiveLine()
                        == "{\"id\":\(number),\"status\":200,\"body\":\"\(word)\"}")
            }
        }
        socket.close()
        for connection in connections {
            let line = try connection.receiveLine()
            #expect(line == nil)
        }
    }

    @Test func `a line above the limit ends its connection and no other`() throws {
        let path = NSTemporaryDirectory() + "mr-\(UUID().uuidString.prefix(8)).sock"
        let socket = try RunSocket(listener: UnixListener(path: path), router: router)
        defer { socket.close() }
        let good = try UnixConnection(path: path)
        let bad = try UnixConnection(path: path)
        let long = String(repeating: "x", count: UnixConnection.lineBytesMax + 65_536)
        // It may be cut off while it is still sending.
        try? bad.sendLine(long)
        #expect((try? bad.receiveLine()) == nil)
        try good.sendLine("{\"id\":1,\"path\":\"/api/v1/echo/z\"}")
        #expect(try good.receiveLine() == #"{"id":1,"status":200,"body":"z"}"#)
    }
}
