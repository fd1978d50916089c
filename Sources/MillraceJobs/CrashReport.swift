// SPDX-License-Identifier: Apache-2.0
// Who ended an executor, told from what it left in the black box. In this order:
//
// 1. The task whose page says IN_PLUGIN and whose thread is the stamped one.
// 2. The library in which the program counter lies, or, for want of that, the first return
//    address that lies in one: a thread that the plugin started.
// 3. No page IN_PLUGIN, and the address in no library: our own mistake. No plugin is blamed.
// 4. Without a stamp (SIGKILL, `_exit`) or with one of an unknown thread: one page IN_PLUGIN is
//    a suspect, several are none.
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire

package struct CrashReport: Hashable, Sendable {
    package enum Guilt: Hashable, Sendable {
        /// It was inside this task's operator.
        case task(Int)
        /// A thread that the plugin started; position among the plan's plugins.
        case library(Int)
        case host
        /// May have been in this task's operator.
        case suspect(Int)
        case unknown
    }

    package var guilt: Guilt
    package var failure: Failure
    /// Somebody else ended it: with SIGKILL, which leaves no stamp.
    package let wasKilled: Bool

    private let plan: Plan
    private let boxes: [Int: BlackBoxPage]

    /// `boxes` by task; pages that could not be read are missing. `memoryWasShort`: the system
    /// killed processes for want of memory during the run.
    package init(
        plan: Plan, executor: Int = 0, process: ProcessPage?, boxes: [Int: BlackBoxPage],
        exit: ChildProcess.Exit, memoryWasShort: Bool = false
    ) {
        self.plan = plan
        self.boxes = boxes
        guilt = .unknown
        failure = Failure(.executorExited, "the executor ended")
        let stamped = Self.stamp(process, boxes)
        wasKilled = stamped == nil && exit == .signaled(9)
        guilt = Self.guilt(plan, process, boxes, stamped)
        failure = tell(stamped?.stamp, exit, memoryWasShort)
        if let node = plan.limitedNode(of: executor), !wasKilled { tell(limitOf: node) }
    }

    /// The record that the guilty operator had, where it gets one at a time.
    package var stepped: ContentHash? {
        switch guilt {
        case .task(let task): boxes[task]?.stepped
        case .suspect(let task) where !wasKilled: boxes[task]?.stepped
        case .suspect, .library, .host, .unknown: nil
        }
    }

    /// The failure for a call that was ended because it lasted too long.
    package static func hang(plan: Plan, call: Watchdog.Call, age: Int64) -> Failure {
        let place = TaskPlace(plan: plan, task: call.task, box: call.box)
        return Failure(
            .hang, node: place.node,
            "\(place.label) did not return from \(call.box.call.name) for \(seconds(age)) s "
                + "(\(place.operation))\(place.records)",
            next: call.box.call.isSteady
                ? "if it may take so long, raise `watchdog` of \(place.node)" : nil)
    }

    /// The failure for an executor whose heart stopped; `calls` are those under way.
    package static func frozen(plan: Plan, calls: [Watchdog.Call], age: Int64) -> Failure {
        let text = "the executor did not move for \(seconds(age)) s and was ended"
        guard calls.count == 1, let call = calls.first else { return Failure(.hang, text) }
        let place = TaskPlace(plan: plan, task: call.task, box: call.box)
        return Failure(
            .hang, node: place.node,
            "\(text); \(place.label) was in \(call.box.call.name) (\(place.operation))")
    }

    static func seconds(_ nanoseconds: Int64) -> String {
        let tenths = nanoseconds / 100_000_000
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}

/// A stamp and the task in whose page it was found; nil: in the page of the process.
private struct FoundStamp {
    var task: Int?
    var stamp: FaultStamp
}

extension CrashReport {
    private static func stamp(
        _ process: ProcessPage?, _ boxes: [Int: BlackBoxPage]
    ) -> FoundStamp? {
        for task in boxes.keys.sorted() {
            if let stamp = boxes[task]?.stamp { return FoundStamp(task: task, stamp: stamp) }
        }
        return process?.stamp.map { FoundStamp(task: nil, stamp: $0) }
    }

    private static func guilt(
        _ plan: Plan, _ process: ProcessPage?, _ boxes: [Int: BlackBoxPage], _ found: FoundStamp?
    ) -> Guilt {
        let inside = boxes.filter { $0.value.state == .inPlugin }.keys.sorted()
        let suspected = inside.count == 1 ? Guilt.suspect(inside[0]) : .unknown
        guard let found else { return suspected }
        if let task = found.task, inside.contains(task) { return .task(task) }
        if let task = inside.first(where: { boxes[$0]?.thread == found.stamp.thread }) {
            return .task(task)
        }
        let addresses = [found.stamp.programCounter] + found.stamp.stack
        let count = plan.plugins.count
        if let library = addresses.lazy.compactMap({ process?.plugin(at: $0) }).first,
            (0..<count).contains(library)
        {
            return .library(library)
        }
        return inside.isEmpty ? .host : suspected
    }

    private func tell(
        _ stamp: FaultStamp?, _ exit: ChildProcess.Exit, _ memoryWasShort: Bool
    ) -> Failure {
        switch (stamp?.cause, exit) {
        case (.exit(let status), _):
            blame("called exit(\(status))", code: .executorExited)
        case (.signal(let signal), _):
            blame("crashed", cause: Self.signal(signal, stamp), code: .crash)
        case (nil, .exited(let status)):
            blame(
                "ended its process with status \(status)", code: .executorExited,
                bug: "the executor ended with status \(status) without a word")
        case (nil, .signaled(9)):
            killed(memoryWasShort)
        case (nil, .signaled(let signal)):
            blame("crashed", cause: Self.signal(signal, nil), code: .crash)
        }
    }

    /// Who is refused memory seldom says so, but dies of it: the host's own code, too.
    private mutating func tell(limitOf node: PlannedNode) {
        let limit = Quantity.text(size: node.memory ?? 0)
        if failure.kind == .bug {
            failure.code = .outOfMemory
            failure.kind = .fatal
            failure.node = node.id
        }
        failure.text += "; it may take \(limit) of memory for each task"
        failure.next = "if it needs more, raise `resources.memory` of \(node.id)"
    }

    /// From outside: nothing of ours sends this signal without a cause of its own.
    private func killed(_ memoryWasShort: Bool) -> Failure {
        let code: FailureCode = memoryWasShort ? .outOfMemory : .executorExited
        let next =
            memoryWasShort
            ? "give it more memory, or the topology less to hold"
            : "somebody killed it, or memory was short: see the kernel's log"
        let what = "was killed" + (memoryWasShort ? " for want of memory" : "")
        guard case .suspect(let task) = guilt, let box = boxes[task] else {
            return nobody(what, why: ": SIGKILL", code: code, bug: nil, next: next)
        }
        let place = TaskPlace(plan: plan, task: task, box: box)
        return Failure(
            code, node: place.node,
            "the executor \(what) while \(place.label) was in \(box.call.name): SIGKILL "
                + "(\(place.operation))\(place.records)", next: next)
    }

    /// `what` the guilty one did, and the signal or status that shows it.
    private func blame(
        _ what: String, cause: String? = nil, code: FailureCode, bug: String? = nil
    ) -> Failure {
        let why = cause.map { ": \($0)" } ?? ""
        switch guilt {
        case .task(let task), .suspect(let task):
            guard let box = boxes[task] else { preconditionFailure("BUG: guilty without a page") }
            let place = TaskPlace(plan: plan, task: task, box: box)
            let sure = if case .task = guilt { "" } else { "probably " }
            return Failure(
                code, node: place.node,
                "\(place.label) \(sure)\(what) in \(box.call.name)\(why) "
                    + "(\(place.operation))\(place.records)")
        case .library(let number):
            let plugin = plan.plugins[number]
            let users = plan.nodes.filter { $0.plugin.sha256 == plugin.sha256 }.map(\.id)
            let node = users.count == 1 ? users[0] : nil
            return Failure(
                code, node: node,
                "a thread of the plugin \(plugin.name) \(plugin.version) \(what)\(why) "
                    + "(\(TaskPlace.fileName(plugin.path)), used by \(list(users)))")
        case .host:
            return Failure(
                .invariantBroken, kind: .bug,
                "the executor \(what) in its own code, outside of every plugin\(why)",
                next: "please report it")
        case .unknown:
            let verb = code == .crash ? "crashed" : "ended"
            return nobody(verb, why: why, code: code, bug: bug, next: nil)
        }
    }

    private func nobody(
        _ what: String, why: String, code: FailureCode, bug: String?, next: String?
    ) -> Failure {
        let inside = boxes.filter { $0.value.state == .inPlugin }.keys.sorted()
        if inside.isEmpty, let bug {
            return Failure(.invariantBroken, kind: .bug, bug, next: "please report it")
        }
        let labels = inside.prefix(8).compactMap { task in
            boxes[task].map { TaskPlace(plan: plan, task: task, box: $0).label }
        }
        let who = labels.isEmpty ? "no operator was running" : "running were \(list(labels))"
        let more = inside.count > labels.count ? " and \(inside.count - labels.count) others" : ""
        return Failure(code, "the executor \(what)\(why); \(who)\(more)", next: next)
    }

    private func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    /// `SIGSEGV at 0x0`; the address only where the processor gave one.
    private static func signal(_ number: Int32, _ stamp: FaultStamp?) -> String {
        let names: [Int32: String] = [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT",
            7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM",
            15: "SIGTERM", 31: "SIGSYS",
        ]
        let name = names[number] ?? "signal \(number)"
        guard let stamp, stamp.code > 0, [4, 7, 8, 11].contains(number) else { return name }
        return "\(name) at 0x\(String(stamp.faultAddress, radix: 16))"
    }
}

/// A task as messages name it.
struct TaskPlace {
    /// `score#0`
    let label: String
    let node: String
    /// `operator fail 1.0.0, libmr_fail.so`
    let operation: String
    /// `, record 12 of lane 0`, `, records 12…267 of lane 0`, or empty.
    let records: String

    /// `box` may be hostile; node and task come from the plan alone.
    init(plan: Plan, task: Int, box: BlackBoxPage) {
        var first = 0
        var found: (node: PlannedNode, instance: Int)?
        for node in plan.nodes {
            if task < first + node.parallelism {
                found = (node, task - first)
                break
            }
            first += node.parallelism
        }
        guard let found, task >= 0 else { preconditionFailure("BUG: task \(task) of no node") }
        node = found.node.id
        label = "\(found.node.id)#\(found.instance)"
        operation = Self.called(found.node)
        if box.count > 0, box.call.isSteady {
            let last = box.sequence &+ UInt64(box.count - 1)
            let which = box.count == 1 ? "record \(last)" : "records \(box.sequence)…\(last)"
            records = ", \(which) of lane \(box.lane)"
        } else {
            records = ""
        }
    }

    /// A C function is named itself: the plugin that calls it is ours.
    private static func called(_ node: PlannedNode) -> String {
        if node.isFunction { return "C function \(node.operationName)" }
        return "operator \(node.operationName), \(fileName(node.plugin.path))"
    }

    static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
