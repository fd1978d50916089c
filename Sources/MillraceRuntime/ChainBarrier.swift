// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceHost

/// What a chain is at a barrier.
struct ChainSnapshot: Sendable {
    struct Member: Sendable {
        var task: TaskID
        var stateVersion: Int
        var position: TaskPosition
        var operation: OperatorSnapshot
    }

    var members: [Member]
    var received: [LaneCount]
    var sent: [LaneCount]
    var times: [LaneTime]
    /// Dead letters since the barrier before.
    var letters: [[UInt8]]
}

/// A lane by the name that it has for the life of the job.
struct NamedLane: Sendable {
    var id: LaneID
    var lane: Lane
}

/// Freezes the operators of a chain when a barrier leaves it.
final class ChainBarrier: BarrierTaker {
    private let chain: TaskletChain
    private let loop: LoopHandle
    private let checkpoints: Checkpoints

    init(_ chain: TaskletChain, loop: LoopHandle, checkpoints: Checkpoints) {
        self.chain = chain
        self.loop = loop
        self.checkpoints = checkpoints
    }

    func freeze(_ epoch: UInt64) -> Bool {
        var members: [ChainSnapshot.Member] = []
        let position = chain.handle.position
        do throws(Failure) {
            for (place, member) in chain.members.enumerated() {
                members.append(
                    ChainSnapshot.Member(
                        task: member.id, stateVersion: member.node.operation.stateVersion,
                        position: TaskPosition(
                            chain: position, place: place, task: member.task.position),
                        operation: OperatorSnapshot()))
                try member.instance.freeze(
                    epoch, whole: checkpoints.wantsWhole(member.id), on: loop,
                    into: &members[place].operation)
            }
        } catch {
            for member in members { member.operation.drop() }
            checkpoints.declined(epoch, .pluginError, error, tokensOf: members)
            return false
        }
        checkpoints.frozen(
            epoch,
            ChainSnapshot(
                members: members,
                received: chain.inputs.map { LaneCount(lane: $0.id, records: $0.lane.received) },
                sent: chain.outputs.map { LaneCount(lane: $0.id, records: $0.lane.sent) },
                times: chain.inputs.map {
                    LaneTime(
                        lane: $0.id, watermark: $0.lane.watermark, status: .init($0.lane.time))
                }, letters: chain.desk.takeLines()))
        return true
    }

    func superseded(_ epoch: UInt64) {
        checkpoints.declined(epoch, .superseded, nil, tokensOf: [])
    }
}

extension LaneTime.Status {
    init(_ activity: LaneActivity) {
        switch activity {
        case .active: self = .active
        case .idle: self = .idle
        case .lagging: self = .lagging
        }
    }

    var activity: LaneActivity {
        switch self {
        case .active: .active
        case .idle: .idle
        case .lagging: .lagging
        }
    }
}
