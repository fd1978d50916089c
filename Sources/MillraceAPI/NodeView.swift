// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// Shares of the time, 0…1. They add up to 1 while the tasks live.
package struct TimeShares: Hashable, Codable, Sendable {
    package var busy: Double
    package var blocked: Double
    package var starved: Double

    package init(busy: Double = 0, blocked: Double = 0, starved: Double = 0) {
        self.busy = busy
        self.blocked = blocked
        self.starved = starved
    }

    var json: JSON {
        .object([
            .init("busy", .double(busy)), .init("blocked", .double(blocked)),
            .init("starved", .double(starved)),
        ])
    }
}

/// Records in and out: per second, or since the start.
package struct Flow<Number: Hashable & Codable & Sendable>: Hashable, Codable, Sendable {
    package var `in`: Number
    package var out: Number

    package init(in arriving: Number, out leaving: Number) {
        self.in = arriving
        self.out = leaving
    }
}

extension Flow where Number == Double {
    var json: JSON { .object([.init("in", .double(`in`)), .init("out", .double(out))]) }
}

extension Flow where Number == UInt64 {
    var json: JSON {
        .object([
            .init("in", .int(Int64(clamping: `in`))), .init("out", .int(Int64(clamping: out))),
        ])
    }
}

/// One task of a node, as `status JOB/NODE#TASK` shows it.
package struct TaskView: Hashable, Codable, Sendable {
    package var task: Int
    package var finished: Bool
    package var time: TimeShares
    /// Fill of its input lanes, 0…1.
    package var queue: Double
    package var records: Flow<UInt64>
    package var rates: Flow<Double>
    package var p99Seconds: Double?
    /// nil: it knows no time.
    package var watermark: WatermarkView?

    enum CodingKeys: String, CodingKey {
        case task, finished, time, queue, records, rates, watermark
        case p99Seconds = "p99_seconds"
    }

    package var json: JSON {
        .object([
            .init("task", .int(Int64(task))), .init("finished", .bool(finished)),
            .init("time", time.json), .init("queue", .double(queue)),
            .init("records", records.json), .init("rates", rates.json),
            .init("p99_seconds", p99Seconds.map(JSON.double) ?? .null),
            .init("watermark", watermark?.json ?? .null),
        ])
    }
}

/// One node of a status: its tasks added up.
package struct NodeView: Hashable, Codable, Sendable {
    package struct Parallelism: Hashable, Codable, Sendable {
        package var desired: Int
        package var actual: Int
    }

    package var id: String
    /// `ID@VERSION`.
    package var `operator`: String
    package var kind: OperatorDescription.Kind
    package var parallelism: Parallelism
    package var time: TimeShares
    /// Fill of the fullest task's input lanes, 0…1: one full lane holds everybody up.
    package var queue: Double
    /// Records that wait in the input lanes of all its tasks.
    package var queueRecords: UInt64
    /// Age of the sampled records when this node took them; nil where nothing was sampled.
    package var p99Seconds: Double?
    package var rates: Flow<Double>
    package var records: Flow<UInt64>
    package var deadLetters: UInt64
    /// Of its task that is furthest behind; nil: it knows no time.
    package var watermark: WatermarkView?
    package var tasks: [TaskView]

    enum CodingKeys: String, CodingKey {
        case id, kind, parallelism, time, queue, rates, records, watermark, tasks
        case `operator` = "operator"
        case queueRecords = "queue_records"
        case p99Seconds = "p99_seconds"
        case deadLetters = "dead_letters"
    }

    package init(
        _ node: PlannedNode, earlier: ArraySlice<TaskReading>, now: ArraySlice<TaskReading>,
        seconds: Double, alive: Bool
    ) {
        let pairs = Array(zip(earlier, now))
        self.id = node.id
        self.operator = "\(node.operation.id)@\(node.operation.version)"
        self.kind = node.operation.kind
        self.parallelism = Parallelism(desired: node.parallelism, actual: alive ? now.count : 0)
        self.tasks = pairs.enumerated().map { position, pair in
            TaskView(task: position, earlier: pair.0, now: pair.1, seconds: seconds)
        }
        self.time = TimeShares(pairs)
        self.queue = tasks.map(\.queue).max() ?? 0
        self.rates = Flow(
            in: rounded(tasks.reduce(0) { $0 + $1.rates.in }, 1),
            out: rounded(tasks.reduce(0) { $0 + $1.rates.out }, 1))
        self.records = Flow(
            in: tasks.reduce(0) { $0 &+ $1.records.in },
            out: tasks.reduce(0) { $0 &+ $1.records.out })
        self.deadLetters = now.reduce(0) { $0 &+ $1.refused }
        self.watermark = alive ? WatermarkView(now) : nil
        self.queueRecords = now.reduce(0) { $0 &+ $1.queue }
        var latency = LatencyReading()
        for (old, new) in pairs { latency.add(new.latency.since(old.latency)) }
        self.p99Seconds = latency.quantile(0.99).map { Double($0) / 1e9 }
    }

    package var json: JSON {
        .object([
            .init("id", .string(id)), .init("operator", .string(`operator`)),
            .init("kind", .string(kind.rawValue)),
            .init(
                "parallelism",
                .object([
                    .init("desired", .int(Int64(parallelism.desired))),
                    .init("actual", .int(Int64(parallelism.actual))),
                ])),
            .init("time", time.json), .init("queue", .double(queue)),
            .init("queue_records", .int(Int64(clamping: queueRecords))),
            .init("p99_seconds", p99Seconds.map(JSON.double) ?? .null),
            .init("rates", rates.json), .init("records", records.json),
            .init("dead_letters", .int(Int64(clamping: deadLetters))),
            .init("watermark", watermark?.json ?? .null),
            .init("tasks", .array(tasks.map(\.json))),
        ])
    }
}

extension TaskView {
    init(task: Int, earlier: TaskReading, now: TaskReading, seconds: Double) {
        self.task = task
        self.finished = now.finished
        self.time = TimeShares([(earlier, now)])
        let fill = now.queueCapacity == 0 ? 0 : Double(now.queue) / Double(now.queueCapacity)
        self.queue = rounded(min(1, fill), 3)
        self.records = Flow(in: now.recordsIn, out: now.recordsOut)
        self.rates = Flow(
            in: rate(earlier.recordsIn, now.recordsIn, seconds),
            out: rate(earlier.recordsOut, now.recordsOut, seconds))
        self.p99Seconds = now.latency.since(earlier.latency).quantile(0.99).map { Double($0) / 1e9 }
        self.watermark = WatermarkView(now)
    }
}

extension TimeShares {
    /// Of what the tasks did between two readings.
    init(_ pairs: [(TaskReading, TaskReading)]) {
        var busy: UInt64 = 0
        var blocked: UInt64 = 0
        var starved: UInt64 = 0
        for (old, new) in pairs {
            busy &+= grown(old.busy, new.busy)
            blocked &+= grown(old.blocked, new.blocked)
            starved &+= grown(old.starved, new.starved)
        }
        let total = Double(busy) + Double(blocked) + Double(starved)
        guard total > 0 else {
            self.init()
            return
        }
        self.init(
            busy: rounded(Double(busy) / total, 3), blocked: rounded(Double(blocked) / total, 3),
            starved: rounded(Double(starved) / total, 3))
    }
}

/// A page may be read between two stores, so a counter can seem to run backwards for a moment.
private func grown(_ earlier: UInt64, _ now: UInt64) -> UInt64 {
    now > earlier ? now - earlier : 0
}

private func rate(_ earlier: UInt64, _ now: UInt64, _ seconds: Double) -> Double {
    seconds > 0 ? rounded(Double(grown(earlier, now)) / seconds, 1) : 0
}

private func rounded(_ value: Double, _ digits: Int) -> Double {
    let scale = digits == 1 ? 10.0 : 1000.0
    return (value * scale).rounded() / scale
}
