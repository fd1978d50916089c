// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import MillraceGraph
import Testing

struct TapRequestTests {
    private func query(_ path: String) -> [String: String] { Request(.get, path).query }

    @Test func `a request reads back as it was, whatever its condition is made of`() throws {
        let conditions = [
            nil, "amount > 100 and name != \"a&b=c?%41\"", "x matches 'ü\n+'", "100%",
        ]
        for condition in conditions {
            let request = TapRequest(
                node: "score", port: "low", perSecond: 7, condition: condition, asText: true)
            let read = try TapRequest(node: "score", query(request.path(of: "run-7f3a")))
            #expect(read == request)
        }
        let input = TapRequest(node: "score", isInput: true)
        #expect(try TapRequest(node: "score", query(input.path(of: "run-7f3a"))) == input)
    }

    @Test(arguments: [
        "rate=0", "rate=1001", "rate=x", "rate=", "input=1", "form=json", "limit=3",
        "input=true&port=out",
    ])
    func `a query that is none is refused`(_ text: String) {
        let failure = #expect(throws: Failure.self) {
            _ = try TapRequest(node: "a", query("/tap?\(text)"))
        }
        #expect(failure?.code == .usage)
    }

    private func outcome(
        _ outputs: [String], kind: OperatorDescription.Kind = .transform, _ port: String? = nil,
        isInput: Bool = false
    ) -> String {
        var plan = plan("a(source) > b > c(sink)")
        plan.nodes[1].operation.outputs = outputs.map { PortDescription(name: $0) }
        plan.nodes[1].operation.kind = kind
        let request = TapRequest(node: "b", port: port, isInput: isInput)
        do throws(Failure) {
            return try request.outputPort(of: plan).map(String.init) ?? "input"
        } catch {
            #expect(error.code == .notFound)
            return error.next ?? error.text
        }
    }

    @Test func `the port that is meant is found, or one that may have been`() {
        #expect(outcome(["out"]) == "0")
        #expect(outcome(["rest", "out"]) == "1")
        #expect(outcome(["rest", "errors"]) == "0")
        #expect(outcome(["high", "low"], "low") == "1")
        #expect(outcome(["high", "errors"], "errors") == "1")
        #expect(outcome(["high", "low"], isInput: true) == "input")
        #expect(outcome(["high", "low"]) == "name one: b.high, b.low")
        #expect(outcome(["high", "low"], "lwo") == "did you mean `low`?")
        #expect(outcome(["high", "low"], "x") == "its ports: high, low")
        #expect(outcome(["out"], "errors").contains("millrace dlq"))
        #expect(outcome([], kind: .sink).contains("--input"))
        #expect(outcome(["out"], kind: .source, isInput: true).contains("--input"))
    }

    @Test func `a record is an object in which its value stands as it was`() throws {
        func object(_ value: TapRecord.Form, key: TapRecord.Form? = nil) throws -> [String: Any] {
            let record = TapRecord(
                node: "parse", port: "out", task: 2, at: 0, time: nil, key: key, value: value,
                size: 9, isCut: false, trace: 0)
            let data = Data(record.event.data.utf8)
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        let json = TapRecord(
            node: "n", port: "out", task: 0, at: 0,
            value: .json("{\"b\":1.50,\"a\":18446744073709551616}"),
            size: 1)
        #expect(json.event.data.contains("\"value\":{\"b\":1.50,\"a\":18446744073709551616}"))
        #expect(try object(.text("a\"\u{1B}"))["raw"] as? String == "a\"\u{1B}")
        #expect(try object(.base64("AAE="))["base64"] as? String == "AAE=")
        #expect(try object(.text(""), key: .text("k"))["key"] as? String == "k")
        #expect(try object(.text(""), key: .base64("/w=="))["key_base64"] as? String == "/w==")
        #expect(try object(.text(""))["key"] is NSNull)
        #expect(!json.event.data.contains("trace") && !json.event.data.contains("cut"))
    }

    @Test func `a stream is served until its reader has enough, or refused`() {
        let surface = StreamJob()
        let router = Router.jobs(of: surface)
        var taken: [String] = []
        let path = "/api/v1/jobs/run-7f3a/nodes/b/tap"
        let served = router.stream(Request(.get, path)) { event in
            taken.append(event.data)
            return taken.count < 3
        }
        #expect(served.isStream && served.1 == nil)
        #expect(taken == ["1", "2", "3"])
        for wrong in ["/api/v1/jobs/run-7f3a/nodes/bb/tap", path + "?rate=0", path + "?port=x"] {
            let refused = router.stream(Request(.get, wrong)) { _ in true }
            #expect(refused.isStream && (400..<500).contains(refused.1?.status ?? 0))
        }
        #expect(!router.stream(Request(.get, "/api/v1/jobs")) { _ in true }.isStream)
        #expect(!router.stream(Request(.post, path)) { _ in true }.isStream)
    }
}

/// A job whose nodes give records for ever.
private final class StreamJob: ControlSurface {
    private let drawn = MillraceAPITests.plan("a(source) > b > c(sink)")
    private var seen: JobView { MillraceAPITests.view(drawn, reading(drawn, [:])) }

    func jobs() -> [JobView] { [seen] }
    func view(of job: String) -> JobView? { job == drawn.job ? seen : nil }
    func plan(of job: String) -> Plan? { drawn }
    func stop(_ job: String, _ request: StopRequest) throws(Failure) {}
    func makeSavepoint(_ job: String, _ request: SavepointRequest) throws(Failure) {}
    func savepoints(of job: String) -> [SavepointView] { [] }
    func logs(of job: String, after: UInt64) -> LogPage? { nil }
    func tap(_ job: String, _ request: TapRequest, _ send: EventSink) throws(Failure) {
        _ = try request.outputPort(of: drawn)
        var number = 1
        while send(StreamEvent("record", "\(number)")) { number += 1 }
    }
    var host: HostView { HostView(program: "millrace", pid: 42, started: 0) }
}
