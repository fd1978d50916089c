// SPDX-License-Identifier: Apache-2.0
// What a host has counted, as plain numbers: the input of every view. Counters only grow; a view
// is made from two readings of the same job, and its rates are those of the time between them.
import MillraceCore

/// The counters of all tasks of a job at one instant.
package struct JobReading: Hashable, Sendable {
    /// Monotonic nanoseconds.
    package var instant: Int64
    /// In the order of the plan's task numbers.
    package var tasks: [TaskReading]

    package init(instant: Int64, tasks: [TaskReading]) {
        self.instant = instant
        self.tasks = tasks
    }

    /// Before anything ran.
    package static func zero(tasks: Int, instant: Int64) -> JobReading {
        JobReading(instant: instant, tasks: Array(repeating: TaskReading(), count: tasks))
    }
}

/// The counters of one task.
package struct TaskReading: Hashable, Sendable {
    package var recordsIn: UInt64 = 0
    package var recordsOut: UInt64 = 0
    /// Nanoseconds, the interval it is in now included.
    package var busy: UInt64 = 0
    package var blocked: UInt64 = 0
    package var starved: UInt64 = 0
    /// Records waiting in its input lanes, and how many fit.
    package var queue: UInt64 = 0
    package var queueCapacity: UInt64 = 0
    package var refused: UInt64 = 0
    package var retries: UInt64 = 0
    package var finished = false
    /// How long the call that it is in now has lasted, in nanoseconds; 0 outside of calls.
    package var callAge: Int64 = 0
    package var latency = LatencyReading()
    /// Nanoseconds since 1970; the least number: none yet, the greatest: its input is over.
    package var watermark = Int64.min
    /// Its watermark holds nobody up.
    package var isIdle = false

    package init() {}
}

/// A histogram of nanoseconds with eight buckets to a power of two, as `mrr_pages.h` defines it.
package struct LatencyReading: Hashable, Sendable {
    package var count: UInt64
    package var max: UInt64
    package var buckets: [UInt64]

    package init(count: UInt64 = 0, max: UInt64 = 0, buckets: [UInt64] = []) {
        self.count = count
        self.max = max
        self.buckets = buckets
    }

    /// What was counted between `earlier` and this one.
    package func since(_ earlier: LatencyReading) -> LatencyReading {
        guard earlier.count <= count, earlier.buckets.count <= buckets.count else { return self }
        var rest = self
        rest.count &-= earlier.count
        for (position, old) in earlier.buckets.enumerated() {
            rest.buckets[position] -= Swift.min(old, rest.buckets[position])
        }
        return rest
    }

    /// Pages of a dead executor may hold anything, so no sum may trap.
    package mutating func add(_ other: LatencyReading) {
        count &+= other.count
        max = Swift.max(max, other.max)
        if buckets.count < other.buckets.count {
            buckets += Array(repeating: 0, count: other.buckets.count - buckets.count)
        }
        for (position, value) in other.buckets.enumerated() { buckets[position] &+= value }
    }

    /// The middle of the bucket in which the share lies, in nanoseconds; nil when nothing was
    /// counted. Off by at most a sixteenth of the value.
    package func quantile(_ share: Double) -> UInt64? {
        let total = buckets.reduce(0.0) { $0 + Double($1) }
        guard total > 0 else { return nil }
        let rank = Swift.max(1, (total * share).rounded(.up))
        var seen = 0.0
        for (position, value) in buckets.enumerated() {
            seen += Double(value)
            guard seen >= rank else { continue }
            let low = LatencyReading.lowerBound(position)
            let high = LatencyReading.lowerBound(position + 1)
            let middle = low + (high - low) / 2
            return max > 0 ? Swift.min(middle, max) : middle
        }
        return max
    }

    /// The smallest value of a bucket.
    static func lowerBound(_ bucket: Int) -> UInt64 {
        guard bucket >= 16 else { return UInt64(bucket) }
        let exponent = UInt64(bucket / 8 + 2)
        return (1 << exponent) + (UInt64(bucket % 8) << (exponent - 3))
    }
}
