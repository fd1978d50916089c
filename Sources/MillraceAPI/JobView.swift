// SPDX-License-Identifier: Apache-2.0
// The status object: one value that the command line prints, the API returns and a dashboard
// draws. The shown state is computed here and nowhere else, so two views cannot differ.
import MillraceCore
import MillraceGraph

/// A job as of one instant. Every state but RUNNING and FINISHED has a `reason` and a `next`.
package struct JobView: Hashable, Codable, Sendable {
    package var job: String
    package var name: String
    package var state: JobState
    /// Time of the last change of state, RFC 3339.
    package var since: String
    package var ageSeconds: Double
    /// How long records have flowed, or did in the end.
    package var runningSeconds: Double
    package var version: Int
    package var threads: Int
    package var reason: JobReason?
    package var next: JobNext?
    package var bottleneck: Bottleneck?
    /// nil: its records have no time.
    package var watermark: JobWatermark?
    /// Records per second: out of the sources, into the sinks.
    package var rates: Flow<Double>
    package var records: Flow<UInt64>
    package var deadLetters: UInt64
    /// The greatest p99 of a sink.
    package var p99Seconds: Double?
    package var nodes: [NodeView]

    enum CodingKeys: String, CodingKey {
        case job, name, state, since, version, threads, reason, next, bottleneck, rates, records
        case nodes, watermark
        case ageSeconds = "age_seconds"
        case runningSeconds = "running_seconds"
        case deadLetters = "dead_letters"
        case p99Seconds = "p99_seconds"
    }

    /// `since` and `wallClock` in nanoseconds since 1970, `running` in nanoseconds. Both readings
    /// have one entry per task of the plan.
    package init(
        plan: Plan, phase: JobPhase, since: Int64, running: Int64, wallClock: Int64,
        earlier: JobReading, now: JobReading
    ) {
        precondition(
            now.tasks.count == plan.taskCount && earlier.tasks.count == plan.taskCount,
            "BUG: a reading has one entry per task of the plan")
        let seconds = Double(now.instant - earlier.instant) / 1e9
        let alive = phase == .running || phase.isDraining
        var first = 0
        self.nodes = plan.nodes.map { node in
            defer { first += node.parallelism }
            let range = first..<first + node.parallelism
            return NodeView(
                node, earlier: earlier.tasks[range], now: now.tasks[range], seconds: seconds,
                alive: alive)
        }
        self.job = plan.job
        self.name = plan.name
        self.version = 1
        self.runningSeconds = Double(running / 1_000_000) / 1e3
        self.threads = plan.threads
        self.bottleneck = alive ? Bottleneck.find(in: plan, nodes: nodes) : nil
        self.watermark =
            alive ? JobWatermark(plan: plan, now: now, wallClock: wallClock) : nil
        let sources = nodes.filter { $0.kind == .source }
        let sinks = nodes.filter { $0.kind == .sink }
        self.rates = Flow(
            in: sources.reduce(0) { $0 + $1.rates.out }, out: sinks.reduce(0) { $0 + $1.rates.in })
        self.records = Flow(
            in: sources.reduce(0) { $0 &+ $1.records.out },
            out: sinks.reduce(0) { $0 &+ $1.records.in })
        self.deadLetters = nodes.reduce(0) { $0 &+ $1.deadLetters }
        self.p99Seconds = sinks.compactMap(\.p99Seconds).max()
        let finding = Finding(plan: plan, phase: phase, now: now)
        self.state = finding.state
        self.reason = finding.reason
        self.next = finding.next
        let changed = finding.age.map { wallClock - $0 } ?? since
        self.since = Timestamp.text(nanosecondsSince1970: changed)
        self.ageSeconds = Double((wallClock - changed) / 1_000_000) / 1e3
    }

    package var json: JSON {
        .object([
            .init("job", .string(job)), .init("name", .string(name)),
            .init("state", .string(state.rawValue)), .init("since", .string(since)),
            .init("age_seconds", .double(ageSeconds)),
            .init("running_seconds", .double(runningSeconds)),
            .init("version", .int(Int64(version))),
            .init("threads", .int(Int64(threads))), .init("reason", reason?.json ?? .null),
            .init("next", next?.json ?? .null), .init("bottleneck", bottleneck?.json ?? .null),
            .init("watermark", watermark?.json ?? .null),
            .init("rates", rates.json), .init("records", records.json),
            .init("dead_letters", .int(Int64(clamping: deadLetters))),
            .init("p99_seconds", p99Seconds.map(JSON.double) ?? .null),
            .init("nodes", .array(nodes.map(\.json))),
        ])
    }

    /// The entry of a list of jobs.
    package var summary: JSON {
        .object([
            .init("job", .string(job)), .init("name", .string(name)),
            .init("state", .string(state.rawValue)), .init("since", .string(since)),
            .init("version", .int(Int64(version))), .init("reason", reason?.json ?? .null),
            .init("rates", rates.json), .init("records", records.json),
            .init("tasks", .int(Int64(nodes.reduce(0) { $0 + $1.parallelism.desired }))),
        ])
    }
}

/// The state with its reason and its next step.
private struct Finding {
    var state: JobState
    var reason: JobReason?
    var next: JobNext?
    /// Nanoseconds it has lasted, when that is not the age of the phase.
    var age: Int64?

    init(plan: Plan, phase: JobPhase, now: JobReading) {
        switch phase {
        case .starting:
            state = .starting
            reason = JobReason(text: "plugins are being loaded and \(plan.taskCount) tasks opened")
            next = JobNext(text: "runs as soon as every task is open")
        case .running:
            state = .running
            if let slow = Finding.slowest(plan: plan, now: now) { self = slow }
        case .recovering(let failure):
            state = .recovering
            reason = JobReason(failure)
            next = JobNext(text: "goes on from the last checkpoint")
        case .draining(let why, let deadline):
            state = .draining
            reason = JobReason(text: why.rawValue)
            next = JobNext(
                text: "stops when every sink has taken what is left",
                at: Timestamp.text(nanosecondsSince1970: deadline))
        case .ended(.sourcesEnded):
            state = .finished
        case .ended(let why):
            state = .stopped
            reason = JobReason(text: why.rawValue)
            next = JobNext(text: "nothing: everything under way reached the sinks")
        case .failed(let failure):
            state = .failed
            reason = JobReason(failure)
            next = JobNext(text: failure.next ?? "run it again")
        }
    }

    /// A call that lasts longer than its soft limit: the longest one.
    private static func slowest(plan: Plan, now: JobReading) -> Finding? {
        var worst: (node: PlannedNode, task: Int, age: Int64)?
        var number = 0
        for node in plan.nodes {
            for task in 0..<node.parallelism {
                let age = now.tasks[number + task].callAge
                if age > node.watchdogSoft, age > worst?.age ?? 0 { worst = (node, task, age) }
            }
            number += node.parallelism
        }
        guard let worst else { return nil }
        var finding = Finding(plan: plan, phase: .starting, now: now)
        finding.state = .degraded
        finding.age = worst.age
        finding.reason = JobReason(
            code: FailureCode.hang.description,
            text: "\(worst.node.id)#\(worst.task) has been in one call of "
                + "\(worst.node.operation.id) for \(Figures.duration(Double(worst.age) / 1e9))",
            node: worst.node.id, task: worst.task)
        finding.next = JobNext(
            text: "its process is ended after "
                + Figures.duration(Double(worst.node.watchdogHard) / 1e9))
        return finding
    }
}

extension JobPhase {
    package var isDraining: Bool {
        if case .draining = self { return true }
        return false
    }
}
