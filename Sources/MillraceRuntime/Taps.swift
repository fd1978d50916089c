// SPDX-License-Identifier: Apache-2.0
// The taps of an executor. A tap has a probe at each task of its node; the side of a task is open
// while there is a probe at it, and a task without one is not asked.
import MillraceCore
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceWire
import Synchronization

/// Which probes are at the tasks of one chain.
final class TapDesk: RecordWatcher {
    private struct Place {
        var tap: Int
        var member: Int
        var side: TaskSide
        var probe: TapProbe
    }

    /// A side is looked at again after so long, whatever its probes need: another one may have
    /// come.
    private static let pauseNanosecondsMax: Int64 = 100_000_000

    private let places = Mutex<[Place]>([])

    func pass(_ records: PassingRecords, now: Int64) -> Int64 {
        let places = places.withLock { $0 }
        var due = now + Self.pauseNanosecondsMax
        for place in places where place.member == records.member && place.side == records.side {
            due = min(due, place.probe.look(records, now: now))
        }
        return due
    }

    func add(_ tap: Int, _ member: Int, _ side: TaskSide, _ probe: TapProbe) {
        places.withLock {
            $0.append(Place(tap: tap, member: member, side: side, probe: probe))
        }
    }

    /// Whether somebody else looks at the side.
    func remove(_ tap: Int, _ member: Int, _ side: TaskSide) -> Bool {
        places.withLock { places in
            places.removeAll { $0.tap == tap && $0.member == member && $0.side == side }
            return places.contains { $0.member == member && $0.side == side }
        }
    }
}

/// All taps, by number. One thread at a time: that of the control channel.
final class Taps: Sendable {
    private struct Point {
        var desk: TapDesk
        var member: Int
        var task: TaskHandle
        /// What had passed when the tap began.
        var before: UInt64
    }

    private struct Tap {
        var tap: RecordTap
        var side: TaskSide
        var points: [Point] = []
        /// By port: its schema is JSON.
        var isJSON: [Bool]
    }

    private struct State {
        var taps: [Int: Tap] = [:]
        var redaction: Redaction?
    }

    private let state = Mutex(State())

    /// What the tap has sampled since it was asked last. One that is not known begins, unless the
    /// executor has no tasks yet.
    func page(_ number: Int, _ wish: TapWish, _ plan: Plan?, _ chains: [TaskletChain]) -> TapPage {
        guard let plan, let node = plan.nodes.first(where: { $0.id == wish.node }) else {
            return TapPage(tap: number)
        }
        return state.withLock { state in
            let tap = state.taps[number] ?? Self.begin(number, wish, node, chains)
            state.taps[number] = tap
            let redaction = state.redaction ?? Redaction(plan)
            state.redaction = redaction
            let haul = tap.tap.take()
            let passed = tap.points.reduce(UInt64(0)) {
                $0 + $1.task.passed(tap.side) - $1.before
            }
            return TapPage(
                tap: number,
                records: haul.copies.map { Self.shown($0, wish, tap.isJSON, redaction) },
                passed: passed, examined: haul.examined, undecided: haul.undecided,
                reason: haul.reason.map {
                    String(decoding: redaction.redacted(Array($0.utf8)), as: UTF8.self)
                })
        }
    }

    func end(_ number: Int) {
        guard let tap = state.withLock({ $0.taps.removeValue(forKey: number) }) else { return }
        for point in tap.points where !point.desk.remove(number, point.member, tap.side) {
            point.task.tap(tap.side, isOpen: false)
        }
    }

    private static func begin(
        _ number: Int, _ wish: TapWish, _ node: PlannedNode, _ chains: [TaskletChain]
    ) -> Tap {
        let side = wish.port.map { TaskSide.output($0) } ?? .input
        let ports = wish.port == nil ? node.operation.inputs : node.operation.outputs
        var tap = Tap(
            tap: RecordTap(perSecond: wish.perSecond, condition: wish.condition), side: side,
            isJSON: ports.map { $0.schema == "json" })
        guard wish.port.map({ ports.indices.contains($0) }) ?? true else { return tap }
        for chain in chains {
            for (position, member) in chain.members.enumerated() where member.node.id == node.id {
                guard let probe = tap.tap.probe(task: member.instance.number) else { continue }
                tap.points.append(
                    Point(
                        desk: chain.taps, member: position, task: member.task,
                        before: member.task.passed(side)))
                chain.taps.add(number, position, side, probe)
                member.task.tap(side, isOpen: true)
            }
        }
        return tap
    }

    private static func shown(
        _ copy: RecordTap.Copy, _ wish: TapWish, _ isJSON: [Bool], _ redaction: Redaction
    ) -> TappedRecord {
        let isCut = copy.value.count < copy.size
        return TappedRecord(
            task: copy.task, port: copy.port, at: copy.at, time: copy.time,
            key: copy.key.map {
                TappedRecord.Form(redaction.redacted($0), isJSON: false, asText: true)
            },
            value: TappedRecord.Form(
                redaction.redacted(copy.value, isCut: isCut),
                isJSON: isJSON.indices.contains(copy.port) && isJSON[copy.port],
                asText: wish.asText, isCut: isCut),
            size: copy.size, isCut: isCut, trace: copy.trace)
    }
}
