// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceGraph

/// Does the state of a checkpoint find its place in a plan?
enum StateMapping {
    /// Throws MR2311 for state that would be lost.
    static func check(_ manifest: Manifest, plan: Plan) throws(Failure) {
        let parallelism = Dictionary(
            plan.nodes.map { ($0.id, $0.parallelism) }, uniquingKeysWith: max)
        for journal in manifest.journals where parallelism[journal.node] == nil {
            throw Failure(
                .stateLost, node: journal.node,
                "the checkpoint has a journal of `\(journal.node)`, which is not in the topology",
                next: "put the node back, or begin with another state directory")
        }
        for piece in manifest.pieces where piece.kind != .watermark {
            // Dead letters that have been replayed. What is left of others stays where it is.
            if ReplayFile.isSource(piece.task.node) { continue }
            guard let tasks = parallelism[piece.task.node] else {
                throw Failure(
                    .stateLost, node: piece.task.node,
                    "the checkpoint has state of `\(piece.task.node)`, which is not in the "
                        + "topology",
                    next: "put the node back, or begin with another state directory")
            }
            guard
                piece.keyGroup != nil || piece.kind == .position
                    || Int(piece.task.instance) < tasks
            else {
                throw Failure(
                    .stateLost, node: piece.task.node,
                    "`\(piece.task.node)` kept state in \(piece.task.instance + 1) tasks and has "
                        + "\(tasks) now", next: "keep its parallelism")
            }
        }
    }
}
