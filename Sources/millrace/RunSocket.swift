// SPDX-License-Identifier: Apache-2.0
// The API of a local run without HTTP: one JSON object per line, at most 1 MiB.
//
//     -> {"id":1,"verb":"GET","path":"/api/v1/jobs/run-7f3a/status"}
//     <- {"id":1,"status":200,"body":{…}}
//
// `verb` is GET when left out; `id` (a number) comes back as it went in. Requests of one
// connection are answered in order. A line that is no request is answered with status 400 and
// id null, and the connection goes on.
//
// A stream (`StreamLine`) is answered with its events and an end. Whoever has enough before that
// closes the connection, and one that is not read holds up nobody else.
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
    private let accepting = Mutex<PinnedThread?>(nil)
    private let clients = Mutex(Clients())

    private struct Clients {
        var count = 0
        var connections: [Int: UnixConnection] = [:]
        var threads: [Int: PinnedThread] = [:]
        /// Their threads have nothing left to do and wait to be joined.
        var gone: Set<Int> = []

        /// Threads of clients that have gone.
        mutating func reap() -> [PinnedThread] {
            let over = threads.filter { gone.contains($0.key) }
            for id in over.keys {
                threads[id] = nil
                gone.remove(id)
            }
            return Array(over.values)
        }
    }

    init(listener: UnixListener, router: Router) throws(SystemError) {
        self.listener = listener
        self.router = router
        self.poller = try Poller()
        try poller.add(listener.descriptor, token: 1)
        let thread = try PinnedThread(name: "mr-socket") { [self] in accept() }
        accepting.withLock { $0 = thread }
    }

    /// Ends all connections and threads. Once.
    func close() {
        closing.store(true, ordering: .sequentiallyConsistent)
        poller.wake()
        let last = accepting.withLock { thread in
            defer { thread = nil }
            return thread
        }
        last?.join()
        clients.withLock { for connection in $0.connections.values { connection.close() } }
        for thread in clients.withLock({ $0.threads.values }) { thread.join() }
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
        // Else a client that comes every second would leave a stack behind each time.
        for thread in clients.withLock({ $0.reap() }) { thread.join() }
        let id = clients.withLock { clients -> Int? in
            guard clients.connections.count < Self.connectionsMax else { return nil }
            clients.count += 1
            clients.connections[clients.count] = connection
            return clients.count
        }
        guard let id else { return }
        do {
            let thread = try PinnedThread(name: "mr-client", stackBytes: 1 << 20) { [self] in
                answerAll(connection)
                clients.withLock { clients in
                    clients.connections[id] = nil
                    clients.gone.insert(id)
                }
            }
            clients.withLock { $0.threads[id] = thread }
        } catch {
            clients.withLock { $0.connections[id] = nil }
        }
    }

    private func answerAll(_ connection: UnixConnection) {
        do {
            while let line = try connection.receiveLine() {
                try serve(line, connection)
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

    private func serve(_ line: String, _ connection: UnixConnection) throws(SystemError) {
        guard let (id, request) = RunSocket.request(line) else {
            return try connection.sendLine(RunSocket.answer(line, router))
        }
        var lost: SystemError?
        let (isStream, refusal) = router.stream(request) { event in
            do throws(SystemError) {
                try connection.sendLine(StreamLine.event(event).text(id: id ?? 0))
                return true
            } catch {
                lost = error
                return false
            }
        }
        if let lost { throw lost }
        if let refusal {
            try connection.sendLine(RunSocket.envelope(id, refusal))
        } else if isStream {
            try connection.sendLine(StreamLine.end.text(id: id ?? 0))
        } else {
            try connection.sendLine(RunSocket.envelope(id, router.answer(request)))
        }
    }

    private static func request(_ line: String) -> (id: Int64?, Request)? {
        guard let question = try? JSONDecoder().decode(Question.self, from: Data(line.utf8)),
            let verb = Request.Verb(rawValue: question.verb ?? "GET")
        else { return nil }
        return (question.id, Request(verb, question.path, body: question.body ?? .null))
    }

    /// One line in, one line out: of everything but streams.
    static func answer(_ line: String, _ router: Router) -> String {
        guard let (id, request) = request(line) else {
            let failure = Failure(
                .usage, "this line is no request",
                next: #"send {"id":1,"verb":"GET","path":"/api/v1/jobs"}"#)
            return envelope(nil, Response(failure))
        }
        return envelope(id, router.answer(request))
    }

    private static func envelope(_ id: Int64?, _ response: Response) -> String {
        JSON.object([
            .init("id", id.map(JSON.int) ?? .null), .init("status", .int(Int64(response.status))),
            .init("body", response.body),
        ]).text
    }
}
