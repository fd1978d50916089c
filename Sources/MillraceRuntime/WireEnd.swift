// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceGraph

/// Where a lane leaves this executor, or comes into it: a chain of the host's own between a lane
/// and a wire.
final class WireEnd: Sendable {
    enum Direction: Sendable { case export, `import` }

    let direction: Direction
    let handle: ChainHandle
    /// The lane here, under the name that it has from task to task.
    let lane: NamedLane
    /// The node at the other end.
    let peer: String

    init(direction: Direction, handle: ChainHandle, lane: NamedLane, peer: String) {
        self.direction = direction
        self.handle = handle
        self.lane = lane
        self.peer = peer
    }

    /// The tasks of an executor count what they sent and took. The lane of an import is resumed by
    /// the task that takes from it; nobody else does it for that of an export.
    func restore(_ state: RestoredState) {
        guard direction == .export, let saved = state.lane(lane.id) else { return }
        lane.lane.resume(
            at: saved.records, watermark: saved.time?.watermark ?? .min,
            time: saved.time?.status.activity ?? .active)
    }

    /// Why it failed, in words.
    func failure() -> Failure {
        Failure(
            .wireViolated, node: peer,
            "what came from the executor of \(peer) by lane \(lane.id.edge) is no record",
            next: "the operator writes where it should not: run it with a sanitizer")
    }
}
