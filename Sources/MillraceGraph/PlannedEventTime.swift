// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// How the records of a source get their time. Durations in nanoseconds.
package struct PlannedEventTime: Hashable, Codable, Sendable {
    /// What a number counts since 1970.
    package enum Unit: String, Codable, Sendable {
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"

        package var nanoseconds: Int64 {
            switch self {
            case .seconds: 1_000_000_000
            case .milliseconds: 1_000_000
            case .microseconds: 1_000
            case .nanoseconds: 1
            }
        }
    }

    package static let idleAfterDefault: Int64 = 30_000_000_000
    package static let maxFutureDefault: Int64 = 600_000_000_000

    /// Path of the field that has the time; nil: the source gives it.
    package var field: String?
    package var unit = Unit.milliseconds
    package var maxDelay: Int64 = 0
    package var idleAfter = idleAfterDefault
    package var maxFuture = maxFutureDefault

    package init(field: String? = nil) { self.field = field }
}
