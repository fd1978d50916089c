// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceHost
import MillraceJobs
import MillraceSystem
import MillraceWire

/// One tap of a local run, from its pages to the events of its reader. One thread.
struct RunTap {
    private static let seenNanoseconds: Int64 = 1_000_000_000

    private let node: PlannedNode
    private let isInput: Bool
    private let isConditional: Bool
    private var shown = 0
    private var passed = Total()
    private var examined = Total()
    private var undecided = Total()
    private var reason: String?
    /// Of the `seen` before: when it was, and what had passed.
    private var since = MonotonicClock.now()
    private var before: UInt64 = 0

    /// A count over all executors; each of them begins at 0.
    private struct Total {
        var value: UInt64 = 0
        private var last: UInt64 = 0

        mutating func add(_ count: UInt64) {
            value += count >= last ? count - last : count
            last = count
        }
    }

    /// Returns when the run is over or nobody takes events. Throws before the first event: MR7004,
    /// MR2504, MR4401, MR7102.
    static func serve(
        _ request: TapRequest, of run: LocalRun, _ send: EventSink
    ) throws(Failure) {
        let port = try request.outputPort(of: run.plan)
        if let condition = request.condition { try check(condition) }
        guard let node = run.plan.nodes.first(where: { $0.id == request.node }) else { return }
        let feed = try run.tap(
            TapWish(
                node: request.node, port: port, perSecond: request.perSecond,
                condition: request.condition, asText: request.asText))
        defer { feed.close() }
        var tap = RunTap(node, isInput: port == nil, isConditional: request.condition != nil)
        do {
            while true {
                let next = try feed.next()
                if let page = next.page, !tap.send(page, send) { return }
                guard tap.tell(send, isLast: !next.goesOn), next.goesOn else { return }
            }
        } catch {
            throw error.failure(.systemRefused)
        }
    }

    private init(_ node: PlannedNode, isInput: Bool, isConditional: Bool) {
        self.node = node
        self.isInput = isInput
        self.isConditional = isConditional
    }

    /// Throws MR2504 with the place in the text.
    private static func check(_ condition: String) throws(Failure) {
        guard let fault = ExpressionCheck.fault(inCondition: condition) else { return }
        let before = condition.utf8.prefix(fault.offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let own = String(decoding: before, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        throw Failure(
            .expressionSyntax,
            at: Mark(
                file: "where", line: line, column: (own.last?.count ?? 0) + 1,
                length: max(1, fault.length)), fault.text, next: fault.next)
    }

    private mutating func send(_ page: TapPage, _ send: EventSink) -> Bool {
        passed.add(page.passed)
        examined.add(page.examined)
        undecided.add(page.undecided)
        reason = page.reason ?? reason
        for record in page.records {
            shown += 1
            guard send(event(record)) else { return false }
        }
        return true
    }

    private mutating func tell(_ send: EventSink, isLast: Bool) -> Bool {
        let now = MonotonicClock.now()
        guard isLast || now - since >= Self.seenNanoseconds else { return true }
        let seconds = Double(max(1, now - since)) / 1e9
        var seen = TapSeen(
            shown: shown, aboutPerSecond: (Double(passed.value - before) / seconds).rounded())
        if isConditional {
            seen.examined = examined.value
            seen.undecided = undecided.value
            seen.reason = reason
        }
        since = now
        before = passed.value
        return send(seen.event)
    }

    private func event(_ record: TappedRecord) -> StreamEvent {
        let ports = isInput ? node.operation.inputs : node.operation.outputs
        return TapRecord(
            node: node.id,
            port: ports.indices.contains(record.port)
                ? ports[record.port].name : String(record.port),
            task: record.task, at: record.at, time: record.time,
            key: record.key.map(TapRecord.Form.init), value: TapRecord.Form(record.value),
            size: record.size, isCut: record.isCut, trace: record.trace
        ).event
    }
}

extension TapRecord.Form {
    fileprivate init(_ form: TappedRecord.Form) {
        switch form {
        case .json(let text): self = .json(text)
        case .text(let text): self = .text(text)
        case .base64(let text): self = .base64(text)
        }
    }
}
