// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceGraph
import MillraceHost
import MillraceWire

/// A chain with the operator instances behind its tasks.
final class TaskletChain: Sendable {
    /// One operator of the chain, and the partitioners that sit on its outgoing edges.
    struct Member: Sendable {
        var task: TaskHandle
        var node: PlannedNode
        var instance: OperatorInstance
        var partitioners: [Partitioner] = []

        /// As it is called for the life of the job.
        var id: TaskID { TaskID(node: node.id, instance: UInt32(instance.number)) }
    }

    struct Partitioner: Sendable {
        var chooser: PartitionerInstance
        var config: JSON
        var port: Int
        var edge: Int
    }

    let handle: ChainHandle
    let members: [Member]
    let desk: LetterDesk
    let taps = TapDesk()
    /// Lanes that its first member takes from, and that its last one writes to.
    let inputs: [NamedLane]
    let outputs: [NamedLane]

    init(
        handle: ChainHandle, members: [Member], desk: LetterDesk, inputs: [NamedLane],
        outputs: [NamedLane]
    ) {
        self.handle = handle
        self.members = members
        self.desk = desk
        self.inputs = inputs
        self.outputs = outputs
        handle.onRefusal(desk)
        handle.onTap(taps)
    }

    var isSource: Bool { members[0].node.operation.kind == .source }

    /// Any thread: the source ends at its next step; a call that waits is asked to return.
    func drain() {
        members[0].instance.cancel()
        handle.drain()
    }

    /// Any thread: the source is not asked for more; a call that waits is asked to return.
    func halt() {
        members[0].instance.cancel()
        handle.halt()
    }

    /// Creates the instances; sinks become `writer`, where there are checkpoints.
    func open(_ writer: SinkWriter?, on loop: LoopHandle) throws(Failure) {
        for member in members {
            try member.instance.create(
                member.node.config, secrets: member.node.secrets, on: loop)
            if let writer { try member.instance.openWriter(writer, on: loop) }
        }
    }

    /// False: a sink cannot now.
    func fence(on loop: LoopHandle) throws(Failure) -> Bool {
        var isDone = true
        for member in members {
            let fenced = try member.instance.fence(on: loop)
            isDone = isDone && fenced
        }
        return isDone
    }

    func restore(_ state: RestoredState, on loop: LoopHandle) throws(Failure) {
        for member in members {
            let saved = state.task(member.id)
            try member.instance.restore(
                saved.pieces, splits: state.splits(of: member.node.id), journal: saved.journal,
                stateVersion: saved.stateVersion, epoch: state.epoch, on: loop)
            try member.instance.restoreKeyed(saved.keyed)
            try member.instance.restoreTimers(saved.timers)
        }
        let positions = members.compactMap { state.task($0.id).position }
        for named in inputs {
            guard let lane = state.lane(named.id) else { continue }
            var watermark = lane.time?.watermark ?? .min
            // It ended there, and goes on here.
            if watermark == .max, state.isReopened(members[0].node.id) {
                watermark = positions.first?.chain.watermark ?? .min
            }
            named.lane.resume(
                at: lane.records, watermark: watermark,
                time: lane.time?.status.activity ?? .active)
        }
        guard let chain = TaskPosition.chain(of: positions), positions.count == members.count
        else { return }
        handle.resume(chain, members: positions.map(\.task))
    }

    func start(on loop: LoopHandle) throws(Failure) {
        for member in members {
            for partitioner in member.partitioners {
                try partitioner.chooser.open(partitioner.config, on: loop)
                partitioner.chooser.attach(
                    to: member.task, port: partitioner.port, edge: partitioner.edge)
            }
            try member.instance.start(on: loop)
        }
    }

    /// Descriptors that wake the chain's source.
    func descriptors(on loop: LoopHandle) -> [Int32] {
        members.flatMap { $0.instance.descriptors(on: loop) }
    }

    func close(on loop: LoopHandle) {
        for member in members.reversed() {
            member.instance.destroy(on: loop)
            for partitioner in member.partitioners { partitioner.chooser.close(on: loop) }
        }
    }

    /// What to tell about a call that the operator put off.
    func putOff(_ member: Int) -> LogLine {
        let member = members[member]
        let text = OperatorWords(member.task.errorText).text
        return LogLine(
            level: .warn, node: member.node.id, instance: member.instance.number,
            text: "\(member.node.operationName) cannot go on now and is tried again: "
                + (text.isEmpty ? "without a text" : text), code: .unavailable)
    }

    /// Why it failed, in words.
    func failure() -> Failure {
        if let failure = desk.failure { return failure }
        let fault = handle.fault
        let member = members[fault.member]
        if let failure = member.instance.journalFailure { return failure }
        let words = OperatorWords(member.task.errorText)
        let text = words.text
        let name = member.node.operationName
        let last = fault.sequence &+ UInt64(fault.count) &- 1
        let which = fault.count == 1 ? "record \(last)" : "records \(fault.sequence)…\(last)"
        let place = fault.count == 0 ? "" : " (\(which) of lane \(fault.lane))"
        let node = member.node.id
        switch fault.violation {
        case .none where fault.isOfRecord:
            return Failure(
                words.code ?? .recordRefused, node: node,
                "\(name) refused record \(fault.sequence + UInt64(fault.record)) of lane "
                    + "\(fault.lane): \(text.isEmpty ? "without a text" : text)",
                next: words.next
                    ?? "correct the input, or write `on_error: dead_letter` for this node")
        case .none:
            let status = StatusNames.text(fault.status)
            let isMemory = fault.isOutOfMemory
            let limit = member.node.memory.map {
                "it may take \(Quantity.text(size: $0)) for each task; if it needs more, raise "
                    + "`resources.memory` of \(node)"
            }
            return Failure(
                words.code ?? (isMemory ? .outOfMemory : .operatorFailed), node: node,
                "\(name): \(text.isEmpty ? "\(status), without a text" : text)\(place)",
                next: words.next ?? (isMemory ? limit : nil))
        case .window:
            return Failure(
                .windowViolated, node: node,
                "\(name) wrote past the window it was given\(place)",
                next: "commit no more than was reserved")
        case .declared:
            return Failure(
                .windowViolated, node: node,
                "\(name) wrote more records than its output port declares per input\(place)",
                next: "declare the true bound in max_records_per_input, or none")
        case .consumed:
            return Failure(
                .windowViolated, node: node,
                "\(name) says it consumed more records than it was given\(place)",
                next: "set `consumed` and `bad` to positions within the batch")
        case .status:
            return Failure(
                .unknownStatus, node: node,
                "\(name) answered \(StatusNames.text(fault.status)), which is not allowed here"
                    + place,
                next: "MR_AGAIN and MR_YIELD need MR_OP_RESUMABLE")
        case .wire:
            preconditionFailure("BUG: a chain of operators has no wire")
        case .staging:
            return Failure(
                .outputTooLarge, node: node,
                "\(name) wrote more than \(Limits.stagingBytes >> 20) MiB in one call\(place)",
                next: "make the operator resumable, or set a smaller batch")
        }
    }
}
