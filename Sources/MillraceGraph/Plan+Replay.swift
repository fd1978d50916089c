// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Dead letters that a run gives back to a node.
package struct PlannedReplay: Hashable, Sendable {
    /// The source that gives them.
    package var source: String
    /// An absolute path.
    package var file: String
    package var node: String
    /// nil: the only one that the node has.
    package var input: String?
    /// Of the largest record, key and value.
    package var payloadBytesMax: Int

    package init(
        source: String, file: String, node: String, input: String?, payloadBytesMax: Int
    ) {
        self.source = source
        self.file = file
        self.node = node
        self.input = input
        self.payloadBytesMax = payloadBytesMax
    }
}

extension Plan {
    /// What reads letters: of the bundled plugin `io`.
    package static let replayOperation = "dlq.source"

    /// The same plan with a source for each of these, before the node that its letters go to. That
    /// node then has more than one input, so it is fused with none. Throws MR4403 where there is no
    /// such node or input, MR2307 where the arena has no room.
    package func replaying(
        _ replays: [PlannedReplay], with reader: CatalogEntry
    ) throws(Failure) -> Plan {
        var plan = self
        for edge in plan.edges.indices {
            plan.edges[edge].from += replays.count
            plan.edges[edge].to += replays.count
        }
        var sources: [PlannedNode] = []
        var edges: [PlannedEdge] = []
        for replay in replays {
            let (to, port) = try target(of: replay)
            var edge = try way(to: to, port, for: replay)
            edge.from = sources.count
            edge.to += replays.count
            edges.append(edge)
            for other in plan.edges.indices where plan.edges[other].to == edge.to {
                plan.edges[other].fused = false
            }
            sources.append(source(replay, reader, to: to, port))
        }
        plan.nodes = sources + plan.nodes
        // Behind the others: the lanes of a task keep their numbers, which its state may name.
        plan.edges += edges
        try plan.checkMemory()
        return plan
    }

    private func target(of replay: PlannedReplay) throws(Failure) -> (node: Int, port: Int) {
        let next =
            "put it back, or take the letters back with `millrace dlq replay … --cancel` "
            + "and send them to another node with --to"
        guard let to = nodes.firstIndex(where: { $0.id == replay.node }) else {
            throw Failure(
                .replayTargetGone, node: replay.node,
                "dead letters are to be given to it, and there is no such node", next: next)
        }
        let inputs = nodes[to].operation.inputs
        if let port = inputs.firstIndex(where: { $0.name == replay.input }) { return (to, port) }
        guard replay.input == nil, inputs.count == 1 else {
            let found =
                inputs.isEmpty
                ? "it is a source, which takes none"
                : replay.input.map { "it has no input `\($0)`" }
                    ?? "it is not known to which of its inputs: "
                    + inputs.map(\.name).joined(separator: ", ")
            throw Failure(
                .replayTargetGone, node: replay.node,
                "dead letters are to be given to it, and \(found)", next: next)
        }
        return (to, 0)
    }

    /// As records come to that port anyway, from one task.
    private func way(
        to: Int, _ port: Int, for replay: PlannedReplay
    ) throws(Failure) -> PlannedEdge {
        var edge = PlannedEdge(from: 0, to: to, inputPort: port, partition: .forward)
        guard nodes[to].parallelism > 1 else { return edge }
        let before = upstream(of: to, port)
        edge.partition = before?.partition ?? .roundRobin
        edge.partitioner = before?.partitioner
        guard edge.partition != .broadcast else {
            throw Failure(
                .replayTargetGone, node: replay.node,
                "dead letters are to be given to it, and each of its \(nodes[to].parallelism) "
                    + "tasks gets every record: the others have had them",
                next: "run it once with `parallelism: 1`")
        }
        return edge
    }

    /// The edge that decides which task a record comes to; nil: whichever its source has read it.
    private func upstream(of node: Int, _ port: Int?) -> PlannedEdge? {
        guard
            let edge = edges.first(where: {
                $0.to == node && (port ?? $0.inputPort) == $0.inputPort
            })
        else { return nil }
        return edge.partition == .forward ? upstream(of: edge.from, nil) : edge
    }

    private func source(
        _ replay: PlannedReplay, _ reader: CatalogEntry, to: Int, _ port: Int
    ) -> PlannedNode {
        var operation = reader.operation
        if let edge = edges.first(where: { $0.to == to && $0.inputPort == port }) {
            // So the records are of the type that they were of.
            operation.outputs[0].schema =
                nodes[edge.from].operation.outputs[edge.outputPort].schema
        }
        let blocks = 2 * (replay.payloadBytesMax / Limits.blockBytes + 1)
        return PlannedNode(
            id: replay.source, operation: operation, plugin: reader.plugin,
            config: .object([.init("path", .string(replay.file))]),
            outputMemory: UInt64(
                min(max(blocks, Limits.quotaBlocksMin), Limits.quotaBlocksMax)
                    * Limits.blockBytes))
    }

    private func checkMemory() throws(Failure) {
        let needed = nodes.reduce(UInt64(Limits.blockBytes)) {
            $0 + UInt64($1.parallelism * $1.operation.outputs.count) * $1.outputMemory
        }
        guard needed <= arenaBytes, hasRoomForCrossings else {
            throw Failure(
                .tooMuchMemory,
                "sources for the dead letters that are to be given back do not fit into the arena "
                    + "of \(Quantity.text(size: Int64(clamping: arenaBytes)))",
                next: "write a larger `arena`")
        }
    }
}
