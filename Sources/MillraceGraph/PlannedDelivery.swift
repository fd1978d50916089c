// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// When the state of a job is saved, where, and what a failure may do to its results.
package struct PlannedCheckpoints: Hashable, Codable, Sendable {
    /// What a failure may do to results; the weakest first.
    package enum Guarantee: String, Hashable, Codable, Sendable, CaseIterable {
        /// None comes twice, some may be lost: nothing is saved, and nothing is repeated.
        case atMostOnce = "at_most_once"
        /// None is lost, some may come twice.
        case atLeastOnce = "at_least_once"
        /// Each record counts once.
        case exactlyOnce = "exactly_once"
    }

    /// Nanoseconds from one checkpoint to the next.
    package var every: Int64 = 1_000_000_000
    package var guarantee = Guarantee.exactlyOnce
    /// The folder that has one for each job, a path; nil: the topology names none.
    package var store: String?
    /// Nanoseconds after which a checkpoint is given up.
    package var timeout: Int64 = 60_000_000_000
    /// Checkpoints that are kept.
    package var retained = 3

    package init() {}
}

/// What follows when an attempt fails.
package struct PlannedRestarts: Hashable, Codable, Sendable {
    /// Nanoseconds before the second restart in a row, and before the last ones.
    package var backoffLeast: Int64 = 100_000_000
    package var backoffMost: Int64 = 30_000_000_000
    /// More restarts than `count` within `per` nanoseconds restart the whole job.
    package var count = 5
    package var per: Int64 = 60_000_000_000

    package init() {}

    /// `100ms..30s`.
    package var backoffText: String {
        "\(Quantity.text(duration: backoffLeast))..\(Quantity.text(duration: backoffMost))"
    }
}
