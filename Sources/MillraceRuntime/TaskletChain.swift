// SPDX-License-Identifier: Apache-2.0
import MillraceCore
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
    }

    struct Partitioner: Sendable {
        var chooser: PartitionerInstance
        var config: JSON
        var port: Int
        var edge: Int
    }

    let handle: ChainHandle
    let members: [Member]

    init(handle: ChainHandle, members: [Member]) {
        self.handle = handle
        self.members = members
    }

    var isSource: Bool { members[0].node.operation.kind == .source }

    /// Any thread: the source ends at its next step; a call that waits is asked to return.
    func drain() {
        members[0].instance.cancel()
        handle.drain()
    }

    func open(on loop: LoopHandle) throws(Failure) {
        for member in members {
            try member.instance.create(
                member.node.config, secrets: member.node.secrets, on: loop)
        }
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
        let text = member.task.errorText
        return LogLine(
            level: .warn, node: member.node.id, instance: member.instance.number,
            text: "\(member.node.operation.id) cannot go on now and is tried again: "
                + (text.isEmpty ? "without a text" : text), code: .unavailable)
    }

    /// Why it failed, in words.
    func failure() -> Failure {
        let fault = handle.fault
        let member = members[fault.member]
        let text = member.task.errorText
        let name = "\(member.node.operation.id) \(member.node.operation.version)"
        let place =
            fault.count == 0
            ? ""
            : " (records \(fault.sequence)…\(fault.sequence + UInt64(fault.count) - 1)"
                + " of lane \(fault.lane))"
        let node = member.node.id
        switch fault.violation {
        case .none where fault.status == -4:
            return Failure(
                .recordRefused, node: node,
                "\(name) refused record \(fault.sequence + UInt64(fault.record)) of lane "
                    + "\(fault.lane): \(text.isEmpty ? "without a text" : text)",
                next: "correct the input, or filter such records out before this node")
        case .none:
            let status = StatusNames.text(fault.status)
            return Failure(
                .operatorFailed, node: node,
                "\(name): \(text.isEmpty ? "\(status), without a text" : text)\(place)")
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
        case .staging:
            return Failure(
                .outputTooLarge, node: node,
                "\(name) wrote more than \(Limits.stagingBytes >> 20) MiB in one call\(place)",
                next: "make the operator resumable, or set a smaller batch")
        }
    }
}
