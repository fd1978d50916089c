// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery
import MillraceFlow
import MillraceWire
import Synchronization

/// Records that have killed their operator: known by the hash of their payload, taken out before
/// the operator sees them. Told when an attempt begins; nothing is added while it runs.
final class Quarantine: Sendable {
    private struct State {
        /// Why, by node.
        var records: [String: [ContentHash: String]] = [:]
        /// Nodes that get one record at a time.
        var steps: Set<String> = []
    }

    private let state = Mutex(State())

    /// Before records flow. Nodes that have some are looked at in every batch; those of `steps`
    /// get one record at a time.
    func begin(_ told: [QuarantinedRecord], steps: Set<String>, _ chains: [TaskletChain]) {
        let records = Dictionary(grouping: told, by: \.node).mapValues { records in
            Dictionary(records.map { ($0.hash, $0.reason) }) { first, _ in first }
        }
        state.withLock { $0 = State(records: records, steps: steps) }
        for member in chains.flatMap(\.members) {
            if steps.contains(member.node.id) {
                member.task.watch(.steps)
            } else if records[member.node.id] != nil {
                member.task.watch(.batches)
            }
        }
    }

    /// While records flow: the node gets whole batches again.
    func endSteps(of node: String, _ chains: [TaskletChain]) {
        let isWatched = state.withLock { state in
            state.steps.remove(node)
            return state.records[node] != nil
        }
        for member in chains.flatMap(\.members) where member.node.id == node {
            member.task.watch(isWatched ? .batches : .none)
        }
    }

    /// How many of these come before the first that is in quarantine.
    func clear(_ hashes: [ContentHash], of node: String) -> Int {
        guard let records = state.withLock({ $0.records[node] }) else { return hashes.count }
        return hashes.firstIndex { records[$0] != nil } ?? hashes.count
    }

    func isStepping(_ node: String) -> Bool { state.withLock { $0.steps.contains(node) } }

    func reason(_ hash: ContentHash, of node: String) -> String {
        state.withLock { $0.records[node]?[hash] } ?? "in quarantine"
    }
}
