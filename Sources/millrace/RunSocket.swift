// SPDX-License-Identifier: Apache-2.0
// The API of a local run without HTTP: one JSON object per line, at most 1 MiB.
//
//     -> {"id":1,"verb":"GET","path":"/api/v1/jobs/run-7f3a/status"}
//     <- {"id":1,"status":200,"body":{…}}
//
// `verb` is GET when left out; `id` (a number) comes back as it went in. Requests of one
// connection are answered in order. A line that is no request is answered with status 400 and
// id null, and the connection goes on.
import Foundation
import MillraceAPI
import MillraceCore
import MillraceSystem
import Synchronization

/// Answers on the socket of a run, on threads of its own, until it is closed.
final class RunSocket: Sendable {
    /// More at once are closed again: no client of ours needs them.
    static let connectionsMax = 32

    private let listener: UnixListener
    private let router: Router
    private let poller: Poller
    private let closing = Atomic<Bool>(false)
    private let threads = Mutex<[PinnedThread]>([])
    private let connections = Mutex<[ObjectIdentifier: UnixConnection]>([:])

    init(listener: UnixListener, router: Router) throws(SystemError) {
        self.listener = listener
        self.router = router
        self.poller = try Poller()
        try poller.add(listener.descriptor, token: 1)
        let thread = try PinnedThread(name: "mr-socket") { [self] in accept() }
        threads.withLock { $0.append(thread) }
    }

    /// Ends all connections and threads. Once.
    func close() {
        closing.store(true, ordering: .sequentiallyConsistent)
        poller.wake()
        let accepting = threads.withLock { $0.removeFirst() }
        accepting.join()
        connections.withLock { for connection in $0.values { connection.close() } }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }

    private func accept() {
        while !closing.load(ordering: .sequentiallyConsistent) {
            do {
                _ = try poller.wait(milliseconds: -1)
                while let connection = try listener.accept() { serve(connection) }
            } catch {
                // Without a listener the run goes on; only `ps` and `status` lose sight of it.
                return
            }
        }
    }

    private func serve(_ connection: UnixConnection) {
        let id = ObjectIdentifier(connection)
        let room = connections.withLock { all in
            guard all.count < Self.connectionsMax else { return false }
            all[id] = connection
            return true
        }
        guard room else { return }
        do {
            let thread = try PinnedThread(name: "mr-client", stackBytes: 1 << 20) { [self] in
                answerAll(connection)
                connections.withLock { $0[id] = nil }
            }
            threads.withLock { $0.append(thread) }
        } catch {
            connections.withLock { $0[id] = nil }
        }
    }

    private func answerAll(_ connection: UnixConnection) {
        do {
            while let line = try connection.receiveLine() {
                try connection.sendLine(RunSocket.answer(line, router))
            }
        } catch {
            // The client is gone or sends what is no line; either way nobody is left to tell.
            connection.close()
        }
    }

    private struct Question: Decodable {
        var id: Int64?
        var verb: String?
        var path: String
        var body: JSON?
    }

    /// One line in, one line out.
    static func answer(_ line: String, _ router: Router) -> String {
        guard let question = try? JSONDecoder().decode(Question.self, from: Data(line.utf8)),
            let verb = Request.Verb(rawValue: question.verb ?? "GET")
        else {
            let failure = Failure(
                .usage, "this line is no request",
                next: #"send {"id":1,"verb":"GET","path":"/api/v1/jobs"}"#)
            return envelope(nil, Response(failure))
        }
        let request = Request(verb, question.path, body: question.body ?? .null)
        return envelope(question.id, router.answer(request))
    }

    private static func envelope(_ id: Int64?, _ response: Response) -> String {
        JSON.object([
            .init("id", id.map(JSON.int) ?? .null), .init("status", .int(Int64(response.status))),
            .init("body", response.body),
        ]).text
    }
}
