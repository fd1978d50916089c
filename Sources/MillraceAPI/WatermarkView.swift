// SPDX-License-Identifier: Apache-2.0
// How far event time has come, and who holds it up. Begin at the task without readers that is
// furthest behind; as long as one of those that it takes from is no further, go on to the one that
// is furthest behind; where it ends is who holds it up: a source that gives nothing newer, or a
// task whose input is all newer than what it has passed on. Whoever is idle or over holds nobody
// up.
import MillraceCore
import MillraceGraph

/// How far the time of a task, or of all tasks of a node, has come.
package struct WatermarkView: Hashable, Codable, Sendable {
    /// RFC 3339 with all that it has of a second; nil: there is none yet.
    package var time: String?
    /// It holds nobody up.
    package var idle: Bool

    var json: JSON {
        .object([.init("time", time.map(JSON.string) ?? .null), .init("idle", .bool(idle))])
    }
}

/// How far the time of a job has come: that of what nobody reads, at the task furthest behind.
package struct JobWatermark: Hashable, Codable, Sendable {
    /// nil: there is none yet.
    package var time: String?
    /// How far it is behind the clock.
    package var lagSeconds: Double?
    /// `NODE`, or `NODE#TASK` where it has several; nil: everything is idle.
    package var heldBy: String?

    enum CodingKeys: String, CodingKey {
        case time
        case lagSeconds = "lag_seconds"
        case heldBy = "held_by"
    }

    var json: JSON {
        .object([
            .init("time", time.map(JSON.string) ?? .null),
            .init("lag_seconds", lagSeconds.map(JSON.double) ?? .null),
            .init("held_by", heldBy.map(JSON.string) ?? .null),
        ])
    }
}

extension WatermarkView {
    /// nil: it has no time, or is over.
    init?(_ task: TaskReading) { self.init([task][...]) }

    /// Of the tasks that go on, the furthest behind that is not idle; nil: no time is known of.
    init?(_ tasks: ArraySlice<TaskReading>) {
        let live = tasks.filter { !$0.finished }
        let awake = live.filter { !$0.isIdle }
        guard let least = (awake.isEmpty ? live : awake).map(\.watermark).min(),
            live.contains(where: \.hasTime)
        else { return nil }
        self.init(time: Timestamp.watermark(least), idle: awake.isEmpty)
    }
}

extension JobWatermark {
    /// nil: no task has a time.
    init?(plan: Plan, now: JobReading, wallClock: Int64) {
        guard now.tasks.contains(where: { !$0.finished && $0.hasTime }) else { return nil }
        let readers = Set(plan.edges.map(\.from))
        var starts: [Int] = []
        for node in plan.nodes.indices where !readers.contains(node) {
            let first = plan.firstTask(of: node)
            starts += (first..<first + plan.nodes[node].parallelism)
                .filter { !now.tasks[$0].finished }
        }
        let awake = starts.filter { !now.tasks[$0].isIdle }
        func behind(_ a: Int, _ b: Int) -> Bool { now.tasks[a].watermark < now.tasks[b].watermark }
        guard let start = (awake.isEmpty ? starts : awake).min(by: behind) else { return nil }
        let least = now.tasks[start].watermark
        time = Timestamp.watermark(least)
        if time != nil {
            let (behind, overflow) = wallClock.subtractingReportingOverflow(least)
            lagSeconds = overflow ? nil : (Double(behind) / 1e6).rounded() / 1e3
        }
        guard !awake.isEmpty else { return }
        let producers = Self.producers(plan)
        var here = start
        while let next = producers[here].filter({
            !now.tasks[$0].finished && !now.tasks[$0].isIdle
        }).min(by: behind), now.tasks[next].watermark <= now.tasks[here].watermark {
            here = next
        }
        heldBy = Self.name(here, plan)
    }

    /// The tasks that each task takes from. A plan has no cycles.
    private static func producers(_ plan: Plan) -> [[Int]] {
        var all = [[Int]](repeating: [], count: plan.taskCount)
        for (number, edge) in plan.edges.enumerated() {
            let (from, to) = (plan.firstTask(of: edge.from), plan.firstTask(of: edge.to))
            let pairs =
                edge.fused
                ? (0..<plan.nodes[edge.to].parallelism).map { ($0, $0) }
                : plan.lanes(ofEdge: number).map { ($0.producer, $0.consumer) }
            for (producer, consumer) in pairs { all[to + consumer].append(from + producer) }
        }
        return all
    }

    private static func name(_ task: Int, _ plan: Plan) -> String {
        var first = 0
        for node in plan.nodes {
            defer { first += node.parallelism }
            guard task < first + node.parallelism else { continue }
            return node.parallelism == 1 ? node.id : "\(node.id)#\(task - first)"
        }
        preconditionFailure("BUG: task \(task) is of no node")
    }
}

extension TaskReading {
    /// It has had a watermark, and there may be more.
    var hasTime: Bool { watermark > .min && watermark < .max }
}

extension Timestamp {
    /// nil: none yet, or the end of all time.
    fileprivate static func watermark(_ time: Int64) -> String? {
        time > .min && time < .max ? exact(nanosecondsSince1970: time) : nil
    }
}
