// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import Synchronization
import Testing

/// One job with fixed numbers; remembers who was stopped.
private final class OneJob: ControlSurface {
    let drawn = MillraceAPITests.plan("a(source) > b*2 > c(sink)")
    let stopped = Mutex<[String]>([])
    let asked = Mutex<[StopRequest]>([])
    let saved = Mutex<[String]>([])
    let over: Bool

    init(over: Bool = false) { self.over = over }

    private var seen: JobView { MillraceAPITests.view(drawn, reading(drawn, [:])) }
    func jobs() -> [JobView] { [seen] }
    func view(of job: String) -> JobView? { job == drawn.job ? seen : nil }
    func plan(of job: String) -> Plan? { job == drawn.job ? drawn : nil }
    func stop(_ job: String, _ request: StopRequest) throws(Failure) {
        if over { throw Failure(.wrongState, "it is over") }
        stopped.withLock { $0.append(job) }
        asked.withLock { $0.append(request) }
    }
    func makeSavepoint(_ job: String, _ request: SavepointRequest) throws(Failure) {
        if over { throw Failure(.wrongState, "it is over") }
        saved.withLock { $0.append(request.to) }
    }
    func savepoints(of job: String) -> [SavepointView] {
        saved.withLock { paths in
            paths.map { path in
                var view = SavepointView(job: job, savepoint: path, state: .failed, asked: 0)
                (view.epoch, view.tookSeconds) = (7, 0.5)
                view.problem = Problem(Failure(.epochTimedOut, "late"))
                return view
            }
        }
    }
    func logs(of job: String, after: UInt64) -> LogPage? {
        let all = (1...3).map {
            LogEntry(number: $0, ts: "2026-01-01T00:00:0\($0)Z", level: "warn", msg: "line \($0)")
        }
        return LogPage(items: all.filter { $0.number > after }, isLast: true)
    }
    func tap(_ job: String, _ request: TapRequest, _ send: EventSink) throws(Failure) {
        _ = send(StreamEvent("record", "{}"))
    }
    var host: HostView { HostView(program: "millrace", pid: 42, started: 0) }
}

@Suite struct RouterTests {
    @Test func `logs are asked for behind a number`() throws {
        let surface = OneJob()
        let router = Router.jobs(of: surface)
        let job = surface.drawn.job
        func numbers(_ query: String) throws -> [UInt64] {
            let answer = router.answer(Request(.get, "/api/v1/jobs/\(job)/logs\(query)"))
            let body = Data(answer.body.text.utf8)
            return try JSONDecoder().decode(LogPage.self, from: body).items.map(\.number)
        }
        #expect(try numbers("") == [1, 2, 3])
        #expect(try numbers("?after=2") == [3])
        #expect(try numbers("?after=3") == [])
    }

    private let surface = OneJob()

    private func ask(_ verb: Request.Verb = .get, _ target: String) -> Response {
        Router.jobs(of: surface).answer(Request(verb, target))
    }

    @Test func `each route answers with its object`() {
        #expect(ask(.get, "/api/v1/info").body["program"] == .string("millrace"))
        guard case .array(let items)? = ask(.get, "/api/v1/jobs").body["items"] else {
            Issue.record("no items")
            return
        }
        #expect(items.map { $0["job"] } == [.string("run-7f3a")])
        #expect(ask(.get, "/api/v1/jobs/run-7f3a").body["tasks"] == .int(4))
        #expect(ask(.get, "/api/v1/jobs/run-7f3a/status").body["state"] == .string("RUNNING"))
        #expect(ask(.get, "/api/v1/jobs/run-7f3a/nodes/b").body["id"] == .string("b"))
        #expect(ask(.get, "/api/v1/jobs/run-7f3a/nodes/b/tasks/1").body["task"] == .int(1))
    }

    @Test func `the graph names its edges by node and port`() {
        guard case .array(let edges)? = ask(.get, "/api/v1/jobs/run-7f3a/graph").body["edges"]
        else {
            Issue.record("no edges")
            return
        }
        #expect(edges.count == 2)
        #expect(edges[0]["from"] == .string("a"))
        #expect(edges[0]["port"] == .string("out"))
        #expect(edges[0]["to"] == .string("b"))
        #expect(edges[0]["input"] == .string("in"))
        #expect(edges[0]["partition"] == .string("round_robin"))
    }

    @Test func `the topology is JSON, or the text of a form`() {
        let json = ask(.get, "/api/v1/jobs/run-7f3a/topology").body
        guard case .array(let nodes)? = json["nodes"] else {
            Issue.record("no nodes")
            return
        }
        #expect(nodes.map { $0["id"] } == [.string("a"), .string("b"), .string("c")])
        for form in TopologyForm.allCases {
            let body = ask(.get, "/api/v1/jobs/run-7f3a/topology?form=\(form)").body
            guard case .string(let text)? = body["text"] else {
                Issue.record("\(body)")
                return
            }
            #expect(text.contains("b") && text.hasSuffix("\n"))
        }
        let other = ask(.get, "/api/v1/jobs/run-7f3a/topology?form=svg")
        #expect(other.status == 400)
        #expect(other.body["code"] == .string("MR1003"))
    }

    @Test(arguments: [
        "/api/v1/jobs/run-0000", "/api/v1/jobs/run-0000/status", "/api/v1/jobs/run-7f3a/nodes/x",
        "/api/v1/jobs/run-7f3a/nodes/b/tasks/2", "/api/v1/jobs/run-7f3a/nodes/b/tasks/-1",
        "/api/v2/jobs", "/", "",
    ])
    func `what is not there is 404 with MR7004 and a hint`(_ target: String) {
        let response = ask(.get, target)
        #expect(response.status == 404)
        #expect(response.body["code"] == .string("MR7004"))
        #expect(response.body["type"] == .string("/docs/errors/MR7004"))
        #expect(response.body["hint"] != nil)
    }

    @Test func `a known path with another verb is 405 and says which it takes`() {
        let response = ask(.delete, "/api/v1/jobs")
        #expect(response.status == 405)
        #expect(response.body["hint"] == .string("it takes GET"))
    }

    @Test func `a query narrows the list by state`() {
        func count(_ query: String) -> Int? {
            guard case .array(let items)? = ask(.get, "/api/v1/jobs" + query).body["items"] else {
                return nil
            }
            return items.count
        }
        #expect(count("?state=RUNNING") == 1)
        #expect(count("?state=FAILED") == 0)
        #expect(count("?other=1&state=RUNNING") == 1)
    }

    @Test func `stop takes what it is told, and nothing else`() {
        func ask(_ body: JSON) -> Response {
            Router.jobs(of: surface).answer(
                Request(.post, "/api/v1/jobs/run-7f3a/stop", body: body))
        }
        let wish = StopRequest(savepoint: "/backup/one", drainTimeout: 90_000_000_000)
        let answer = ask(wish.json)
        #expect(answer.status == 202)
        #expect(answer.body["savepoint"] == .string("/backup/one"))
        #expect(ask(.object([.init("now", .bool(true))])).status == 202)
        let now = StopRequest(now: true)
        #expect(surface.asked.withLock { $0 } == [wish, now])
        let wrong: [[JSON.Member]] = [
            [.init("savepoint", .string("backup/one"))], [.init("now", .string("yes"))],
            [.init("drain_timeout", .int(5))], [.init("drain_timeout", .string("0s"))],
            [.init("soon", .bool(true))],
            [.init("now", .bool(true)), .init("savepoint", .string("/backup/one"))],
        ]
        for members in wrong { #expect(ask(.object(members)).status == 400, "\(members)") }
        #expect(ask(.string("now")).status == 400)
        #expect(surface.asked.withLock { $0.count } == 2)
    }

    @Test func `stop is accepted at once and refused when the job is over`() {
        #expect(ask(.post, "/api/v1/jobs/run-7f3a/stop").status == 202)
        #expect(surface.stopped.withLock { $0 } == ["run-7f3a"])
        let late = Router.jobs(of: OneJob(over: true))
            .answer(Request(.post, "/api/v1/jobs/run-7f3a/stop"))
        #expect(late.status == 409)
        #expect(late.body["code"] == .string("MR7102"))
    }

    @Test func `a savepoint is accepted at once, and what becomes of it can be asked`() throws {
        func ask(_ verb: Request.Verb, _ body: JSON = .null, of job: OneJob) -> Response {
            Router.jobs(of: job).answer(
                Request(verb, "/api/v1/jobs/run-7f3a/savepoints", body: body))
        }
        let wish = SavepointRequest(to: "/backup/one").json
        #expect(ask(.post, wish, of: surface).status == 202)
        #expect(ask(.post, wish, of: OneJob(over: true)).status == 409)
        let wrong: [JSON] = [
            .null, .object([]), .object([.init("to", .string("backup"))]),
            .object([.init("to", .string("/a")), .init("name", .string("b"))]),
        ]
        for body in wrong { #expect(ask(.post, body, of: surface).status == 400, "\(body)") }
        guard case .array(let items)? = ask(.get, of: surface).body["items"] else {
            Issue.record("no items")
            return
        }
        let found = try items.map { item in
            try JSONDecoder().decode(SavepointView.self, from: Data(item.text.utf8))
        }
        #expect(found == surface.savepoints(of: "run-7f3a") && found.count == 1)
        #expect(items[0]["took_seconds"] == .double(0.5) && items[0]["epoch"] == .int(7))
    }

    @Test func `a problem reads back as the failure it was`() {
        let failure = Failure(
            .unknownParameter, at: Mark(file: "t.yaml", line: 3, column: 7), node: "score",
            "unknown parameter", next: "did you mean `threshold`?")
        #expect(Problem(failure).status == 422)
        #expect(Problem(failure).failure == failure)
    }
}
