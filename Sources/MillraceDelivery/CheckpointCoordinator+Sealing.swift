// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// From a full set of acknowledgements to a manifest.
extension CheckpointCoordinator {
    mutating func seal(
        _ epoch: Epoch, _ acks: [EpochAck], _ assignment: Assignment, _ startedAt: Int64,
        _ ending: Ending?
    ) -> [Action] {
        var manifest = Manifest(
            job: assignment.job, lineage: assignment.lineage, attempt: assignment.attempt,
            epoch: epoch, version: assignment.version, turn: assignment.turn, region: region,
            parent: handedOver.map { .init(name: $0.manifest, hash: $0.hash) })
        manifest.plugins = assignment.plugins
        manifest.nodes = assignment.nodes
        for ack in acks { manifest.add(ack) }
        let already = handedOver?.epoch ?? 0
        let oldest = rules.keep(.heldTokensAreClaimed) ? already + 1 : epoch
        manifest.tokens = acks.flatMap(\.tasks).flatMap { $0.tokens ?? [] }
            .filter { $0.epoch >= oldest }.sorted(by: Token.isBefore)
        let claim = DecisionRecord.Claim(
            region: region, epoch: epoch, attempt: assignment.attempt,
            version: assignment.version, manifest: manifest.name,
            hash: ContentHash(low: 0, high: 0), needsCommit: !manifest.tokens.isEmpty)
        barrier = .sealing(
            Sealed(claim: claim, tokens: manifest.tokens, startedAt: startedAt, ending: ending))
        return [.writeManifest(manifest)]
    }

    /// What is wrong with a full set of acknowledgements.
    static func fault(
        in acks: [EpochAck], _ assignment: Assignment, _ rules: ProtocolRules
    ) -> Failure? {
        var ledger = LaneLedger()
        var missing = Set(assignment.tasks)
        for ack in acks {
            for task in ack.tasks {
                ledger.enter(task)
                missing.remove(task.task)
                if task.tokens == nil, assignment.sinks.contains(task.task) {
                    return bug(task.task, "is a sink and named no tokens")
                }
                if task.pieces.contains(where: { Int($0.file) >= ack.files.count }) {
                    return bug(task.task, "has a piece in a file that is not listed")
                }
            }
        }
        if let task = missing.min() { return bug(task, "is in no acknowledgement") }
        return rules.keep(.ledgerIsBalanced) ? ledger.imbalance(lanes: assignment.lanes) : nil
    }

    private static func bug(_ task: TaskID, _ text: String) -> Failure {
        Failure(
            .invariantBroken, kind: .bug, node: task.node,
            "task \(task.node)#\(task.instance) \(text)")
    }
}
