// SPDX-License-Identifier: Apache-2.0
// What a failure may do to the output of each sink. Three things decide:
//
//     the topology   `checkpoint.guarantee`: at most once saves nothing and repeats nothing
//     its sources    one that cannot replay loses what was under way; one whose input the host
//                    keeps in a journal loses only what never came to that
//     the sink       one without two-phase commit keeps what a failed attempt has written; what
//                    comes again, from a source or out of an operator's state, is there twice
//
// So for each sink two questions are asked, of all that leads to it: may records be lost, may they
// come twice? More than the topology asks for is not promised.
import MillraceCore

package struct DeliveryCheck: Hashable, Sendable {
    package enum Promise: String, Hashable, Codable, Sendable {
        /// Records may be lost, and others may come twice.
        case none
        case atMostOnce = "at_most_once"
        case atLeastOnce = "at_least_once"
        case exactlyOnce = "exactly_once"

        package var text: String {
            self == .none ? "without a guarantee" : rawValue.replacing("_", with: " ")
        }
    }

    package struct Sink: Hashable, Sendable {
        package var node: String
        package var promise: Promise
        /// What makes it so, in words; nil where there is nothing to tell.
        package var reason: String?
    }

    /// In the order of the plan.
    package let sinks: [Sink]
    /// Why a failed attempt cannot be repeated from a checkpoint without something missing; nil: it
    /// can. A run that nobody has given a state directory ends at its first crash then.
    package let obstacle: String?
    /// Parts that no edge connects: each goes back to a checkpoint of its own.
    let regions: Int
    /// MR2406, MR2407: what lowers the guarantee that the topology asks for.
    package let notices: [Finding]

    /// Marks are those of the `use` of nodes in `topology`.
    package init(_ plan: Plan, _ topology: Topology? = nil) {
        let wish = plan.checkpoints.guarantee
        let upstream = Self.upstream(plan)
        let sinks = plan.nodes.indices.filter { plan.nodes[$0].operation.kind == .sink }.map {
            Self.sink(plan.nodes[$0], upstream[$0], plan, wish)
        }
        self.sinks = sinks
        obstacle = Self.loss(sinks) ?? Self.forgetful(plan)
        regions = min(plan.connectedParts.nodes.count, Limits.regionsMax)
        let marks = Dictionary(
            (topology?.nodes ?? []).map { ($0.id.value, $0.use.mark) }
        ) { first, _ in first }
        notices = plan.nodes.compactMap { Self.notice($0, wish, marks[$0.id]) }
    }

    /// `out exactly once (two-phase commit), log at least once`; nil without sinks.
    package var text: String? {
        if sinks.isEmpty { return nil }
        return sinks.map { sink in
            "\(sink.node) \(sink.promise.text)" + (sink.reason.map { " (\($0))" } ?? "")
        }.joined(separator: ", ")
    }

    /// What follows when an operator crashes or hangs, where no state directory is named.
    package var restartText: String {
        if let obstacle { return "the run ends: \(obstacle)" }
        let text = "goes on from the last checkpoint"
        return regions > 1 ? "\(text), each of its \(regions) regions by itself" : text
    }

    private static func loss(_ sinks: [Sink]) -> String? {
        let losing = sinks.first { $0.promise == .none || $0.promise == .atMostOnce }
        return losing.map { $0.reason ?? "the topology asks for at_most_once" }
    }

    /// What such an operator had in memory is gone, and nobody knows whether it mattered.
    private static func forgetful(_ plan: Plan) -> String? {
        let silent = plan.nodes.first {
            $0.operation.kind == .transform && !$0.operation.keepsState
                && !$0.operation.flags.contains(.stateless)
        }
        return silent.map {
            "\($0.id) (\($0.operationName)) neither saves state nor says that it has none"
        }
    }

    /// What is to be known of all nodes from which records can reach one.
    private struct Upstream {
        /// A source gives its records again, or an operator has them in its state.
        var repeats = false
        /// Sources that lose what was under way, and those that may give more again than needed.
        var lossy: Set<Int> = []
        var loose: Set<Int> = []
        /// Sources that replay what is in their journal.
        var journaled: Set<Int> = []

        mutating func add(_ other: Upstream) {
            repeats = repeats || other.repeats
            journaled.formUnion(other.journaled)
            lossy.formUnion(other.lossy)
            loose.formUnion(other.loose)
        }

        mutating func add(_ node: PlannedNode, at place: Int) {
            guard node.operation.kind == .source else {
                repeats = repeats || node.operation.keepsState
                return
            }
            repeats = repeats || node.operation.canReplay
            if !node.operation.canReplay { lossy.insert(place) }
            if !node.operation.replaysExactly { loose.insert(place) }
            if node.operation.isJournaled { journaled.insert(place) }
        }
    }

    private static func upstream(_ plan: Plan) -> [Upstream] {
        var found = [Upstream](repeating: Upstream(), count: plan.nodes.count)
        // Nodes are in topological order: what a producer knows is complete.
        for edge in plan.edges.sorted(by: { ($0.to, $0.from) < ($1.to, $1.from) }) {
            found[edge.to].add(found[edge.from])
            found[edge.to].add(plan.nodes[edge.from], at: edge.from)
        }
        return found
    }

    private static func sink(
        _ node: PlannedNode, _ upstream: Upstream, _ plan: Plan,
        _ wish: PlannedCheckpoints.Guarantee
    ) -> Sink {
        if wish == .atMostOnce { return Sink(node: node.id, promise: .atMostOnce, reason: nil) }
        func names(_ places: Set<Int>) -> String {
            places.sorted().map { plan.nodes[$0].id }.joined(separator: ", ")
        }
        let commits = node.operation.isTwoPhase
        if !upstream.lossy.isEmpty {
            return Sink(
                node: node.id, promise: !commits && upstream.repeats ? .none : .atMostOnce,
                reason: "\(names(upstream.lossy)) cannot replay")
        }
        let journaled =
            upstream.journaled.isEmpty ? nil : "\(names(upstream.journaled)) from the journal on"
        guard commits, wish == .exactlyOnce else {
            return Sink(node: node.id, promise: .atLeastOnce, reason: journaled)
        }
        guard upstream.loose.isEmpty else {
            return Sink(
                node: node.id, promise: .atLeastOnce,
                reason: "\(names(upstream.loose)) may give records again")
        }
        return Sink(
            node: node.id, promise: .exactlyOnce,
            reason: "two-phase commit" + (journaled.map { ", \($0)" } ?? ""))
    }

    private static func notice(
        _ node: PlannedNode, _ wish: PlannedCheckpoints.Guarantee, _ mark: Mark?
    ) -> Finding? {
        switch node.operation.kind {
        case .source
        where wish != .atMostOnce && (node.operation.isJournaled || !node.operation.canReplay):
            let (lost, advice) =
                node.operation.isJournaled
                ? (
                    "what it has read is kept in the job's journal, what waits before it when the "
                        + "run ends is not", "where that counts, "
                ) : ("what is under way when an attempt fails is lost", "")
            return Finding(
                .notice,
                Failure(
                    .sourceCannotReplay, at: mark, node: node.id,
                    "\(node.id): \(node.operation.id) cannot replay: \(lost)",
                    next: "\(advice)read from something that keeps its records, such as a file"))
        case .sink where wish == .exactlyOnce && !node.operation.isTwoPhase:
            return Finding(
                .notice,
                Failure(
                    .guaranteeLowered, at: mark, node: node.id,
                    "\(node.id): \(node.operation.id) cannot take back what it has written: "
                        + "records may come twice after a failure",
                    next: "use a sink with two-phase commit, such as file.sink, or ask for "
                        + "`guarantee: at_least_once`"))
        case .source, .sink, .transform, .partitioner: return nil
        }
    }
}
