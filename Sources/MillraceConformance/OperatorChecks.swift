// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// The checks of one operator that runs.
struct OperatorChecks {
    typealias Outcome = CheckResult.Outcome

    /// Records of an ordinary run.
    private static let records = 1_000
    /// As many as there are kinds of edges, three times: zeros, no UTF-8, random bytes.
    private static let edgeRecords = 36
    private static let whole = Limits.batchRecords
    private static let sizes = Array(1...17) + [19, 23, 29, 31, 32, 37, 61, 64, 127, 128, 251]
    private static let quickSizes = [1, 2, 3, 7, 16]

    let rig: Rig
    /// Fewer sizes, fewer edges.
    let isQuick: Bool

    private var operation: OperatorDescription { rig.operation }

    /// Why something cannot be tried.
    private struct Obstacle: Error { var text: String }

    /// Throws when no run can be made at all.
    func outcome(of check: Check) throws(Failure) -> Outcome {
        do {
            guard operation.kind == .transform, operation.inputs.count == 1 else {
                throw Obstacle(text: "only transforms with one input are driven yet")
            }
            switch check {
            case .defaults: return try defaults()
            case .missing: return try missing()
            case .bounds: return try bounds()
            case .split: return try split()
            case .edges: return try edges()
            default: preconditionFailure("BUG: \(check.id) is no check of an operator")
            }
        } catch let obstacle as Obstacle {
            return .skipped(obstacle.text)
        } catch let failure as Failure {
            throw failure
        } catch {
            preconditionFailure("BUG: \(error) is neither an obstacle nor a failure")
        }
    }

    // MARK: - plans

    /// One with the first kind of records that the operator may be connected to.
    private func plan(_ feed: Feed, with: String) throws(Obstacle) -> Plan {
        var last = ""
        for kind in Feed.Kind.allCases {
            var feed = feed
            feed.kind = kind
            do throws(Failure) {
                return try rig.plan(feed, with: with)
            } catch {
                last = "\(error.code) \(error.text)"
            }
        }
        throw Obstacle(text: "it cannot stand in a topology: \(last)")
    }

    /// The operator with what it requires, and no records.
    private func idle() throws(Obstacle) -> Plan {
        let samples = Samples(operation: operation)
        let with: String
        do throws(Samples.Missing) {
            with = try samples.required()
        } catch {
            throw Obstacle(text: "\(error.name) is required and has no example")
        }
        return try plan(Feed(kind: .bytes, count: 0), with: with)
    }

    // MARK: - configuration

    private func defaults() throws -> Outcome { try refusal(rig.run(idle()), "") ?? .passed }

    private func missing() throws -> Outcome {
        let plan = try idle()
        guard case .object(let members) = rig.config(plan) else { return .passed }
        let required = operation.parameters.filter(\.required).map(\.name)
        guard !required.isEmpty else { return .skipped("it requires nothing") }
        for name in required {
            let rest = JSON.object(members.filter { $0.name != name })
            if let wrong = try refusal(
                rig.run(rig.change(plan, config: rest)), "without \(name): ")
            {
                return wrong
            }
        }
        return .passed
    }

    private func bounds() throws -> Outcome {
        let beyond = Samples(operation: operation).beyond()
        guard !beyond.isEmpty else { return .skipped("no parameter has bounds") }
        let plan = try idle()
        guard case .object(let members) = rig.config(plan) else { return .passed }
        for (parameter, words, value) in beyond {
            let others = members.filter { $0.name != parameter }
            let config = JSON.object(others + [.init(parameter, value)])
            if let wrong = try refusal(
                rig.run(rig.change(plan, config: config)), "with \(words): ")
            {
                return wrong
            }
        }
        return .passed
    }

    /// What is wrong with how the operator refused to be made; nil when it did not, or said why.
    private func refusal(_ result: RunResult, _ situation: String) -> Outcome? {
        guard let failure = result.failure else { return nil }
        switch failure.code {
        case .configurationRefused, .operatorFailed, .unavailable:
            return isSilent(failure)
                ? .failed("\(situation)it fails without a text; set_error says why") : nil
        default: return .failed(situation + text(failure))
        }
    }

    private func isSilent(_ failure: Failure) -> Bool { failure.text.contains("without a text") }

    private func text(_ failure: Failure) -> String { "\(failure.code)  \(failure.text)" }

    // MARK: - data

    /// The parameters of its own example, or else what it requires.
    private func working() throws(Obstacle) -> String {
        let samples = Samples(operation: operation)
        if let example = samples.example { return example }
        do throws(Samples.Missing) {
            return try samples.required()
        } catch {
            throw Obstacle(text: "\(error.name) is required and has no example")
        }
    }

    private func split() throws -> Outcome {
        let with = try working()
        var last = Outcome.skipped("no records that it takes could be made")
        for kind in Feed.Kind.allCases {
            let plan: Plan
            do throws(Failure) {
                plan = try rig.plan(Feed(kind: kind, count: Self.records), with: with)
            } catch {
                last = .skipped("it cannot stand in a topology: \(text(error))")
                continue
            }
            let whole = try rig.run(rig.change(plan, batch: Self.whole))
            if let failure = whole.failure {
                guard isRefusal(failure) else { return .failed(text(failure)) }
                last = .skipped("it takes none of the records: \(text(failure))")
                continue
            }
            return try split(plan, as: whole)
        }
        return last
    }

    private func split(_ plan: Plan, as whole: RunResult) throws(Failure) -> Outcome {
        let again = try rig.run(rig.change(plan, batch: Self.whole))
        guard again == whole else {
            let text = "two runs of the same records differ: \(difference(whole, again))"
            return operation.flags.contains(.deterministic)
                ? .failed("\(text); it says that it is deterministic") : .skipped(text)
        }
        for size in isQuick ? Self.quickSizes : Self.sizes {
            let other = try rig.run(rig.change(plan, batch: size))
            guard other != whole else { continue }
            let records = size == 1 ? "one record" : "\(size) records"
            return .failed("with batches of \(records) \(difference(whole, other))")
        }
        return .passed
    }

    private func difference(_ whole: RunResult, _ other: RunResult) -> String {
        if let failure = other.failure { return "it fails: \(text(failure))" }
        for (port, (expected, found)) in zip(whole.outputs, other.outputs).enumerated()
        where expected != found {
            let name = operation.outputs[port].name
            let frame = Rig.frameBytes
            let counts = (expected.count / frame, found.count / frame)
            if counts.0 != counts.1 {
                return "\(name) has \(counts.1) records, expected \(counts.0)"
            }
            let record = zip(expected, found).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
            return "record \(record / frame) of \(name) is another one"
        }
        return "the output is another one"
    }

    private func edges() throws -> Outcome {
        let with = try working()
        let all = try plan(Feed(kind: .bytes, count: Self.edgeRecords, edges: true), with: with)
        guard let failure = try rig.run(all).failure else { return .passed }
        guard isRefusal(failure) else { return judge(failure) }
        // A refused record ends the run, so each has one of its own.
        let numbers = isQuick ? Array(24..<36) : Array(0..<Self.edgeRecords)
        for number in numbers {
            let one = Feed(kind: .bytes, count: 1, first: number, edges: true)
            guard let failure = try rig.run(plan(one, with: with)).failure else { continue }
            if isRefusal(failure), !isSilent(failure) { continue }
            return judge(failure, "\(Self.name(ofEdge: number)): ")
        }
        return .passed
    }

    /// Of a failure that no record should cause.
    private func judge(_ failure: Failure, _ situation: String = "") -> Outcome {
        // An operator that says why it fails may be right: it is there to be read.
        failure.code == .operatorFailed && !isSilent(failure)
            ? .warned(situation + text(failure)) : .failed(situation + text(failure))
    }

    /// An operator may refuse a record, or find its output too large.
    private func isRefusal(_ failure: Failure) -> Bool {
        (4000..<4100).contains(failure.code.rawValue) || failure.code == .outputTooLarge
    }

    private static func name(ofEdge number: Int) -> String {
        let shapes = [
            "an empty record", "one byte", "one byte that is the key", "a key of 65535 bytes",
            "a key of 65535 bytes and a payload", "the largest record", "a retraction",
            "15 bytes", "16 bytes", "17 bytes", "64 KiB", "4 KiB",
        ]
        let contents = ["zeros", "bytes that are no UTF-8", "random bytes"]
        return "\(shapes[number % shapes.count]), \(contents[number / shapes.count % 3])"
    }
}
