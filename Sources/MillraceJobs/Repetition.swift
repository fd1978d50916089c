// SPDX-License-Identifier: Apache-2.0
// Records that a sink gets once more after a failure, because it cannot take back what came after
// the checkpoint that the next attempt goes on from.
//
//     an attempt ends     what the sink had had by then is remembered
//     the next one runs   what the checkpoint knows of is taken off: the rest comes again
//
// An attempt that ends before its records flow has shown nothing: what is remembered stays.

package struct Repetition: Hashable, Sendable {
    /// Of a sink.
    package struct Count: Hashable, Sendable {
        /// Records that the checkpoint knows of.
        package var saved: UInt64 = 0
        /// Records since then.
        package var since: UInt64 = 0

        package init(saved: UInt64 = 0, since: UInt64 = 0) {
            self.saved = saved
            self.since = since
        }
    }

    package struct Records: Hashable, Sendable {
        package var node: String
        package var records: UInt64

        package init(node: String, records: UInt64) {
            self.node = node
            self.records = records
        }
    }

    private var reached: [String: UInt64] = [:]
    private var again: [String: UInt64] = [:]

    package init() {}

    /// Of the whole run, by node.
    package var total: [Records] {
        again.sorted { $0.key < $1.key }.map { Records(node: $0.key, records: $0.value) }
    }

    package mutating func attemptEnded(_ counts: [String: Count]) {
        for (node, count) in counts {
            reached[node] = max(reached[node] ?? 0, count.saved &+ count.since)
        }
    }

    /// What comes again in the attempt that runs now.
    package mutating func attemptRuns(_ counts: [String: Count]) -> [Records] {
        defer { reached = [:] }
        return counts.keys.sorted().compactMap { node in
            let (before, saved) = (reached[node] ?? 0, counts[node]?.saved ?? 0)
            guard before > saved else { return nil }
            again[node, default: 0] += before - saved
            return Records(node: node, records: before - saved)
        }
    }
}
