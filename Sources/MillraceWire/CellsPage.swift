// SPDX-License-Identifier: Apache-2.0
// The counters of a task as others read them: pages of 4 KiB, layout `mrr_cells` of `mrr_pages.h`.
// Their writer does not stop for a reader, so two counters of one page can be a step apart.
//
// Histograms have eight buckets to a power of two: bucket(v) = v below 8, else
// 8 · (e − 2) + the three bits below the highest, with e = floor(log2 v). 336 buckets, the last
// one for everything from 2^43 · 15/8 on.

package enum Cells {
    package static let pageBytes = PageBytes.size
    package static let histogramPages = 64
    package static let metricCells = 64
    /// Inside a page, for those who look at nothing else.
    package static let recordsInOffset = 0
    package static let queueOffset = 104
    package static let quarantinedOffset = 144
    package static let restoredOffset = 152

    /// Bytes of the cells for so many tasks, with the histograms that operators make.
    package static func byteCount(tasks: Int) -> Int { (tasks + histogramPages) * pageBytes }
    package static func offset(task: Int) -> Int { task * pageBytes }
    package static func offset(histogram: Int, tasks: Int) -> Int {
        (tasks + histogram) * pageBytes
    }
}

/// One reading of the counters of a task.
package struct CellsPage: Hashable, Sendable {
    package enum Activity: UInt32, Sendable {
        case starved = 0
        case busy = 1
        case blocked = 2
    }

    /// Nanoseconds by activity.
    package struct Times: Hashable, Sendable {
        package var starved: UInt64
        package var busy: UInt64
        package var blocked: UInt64

        package init(starved: UInt64 = 0, busy: UInt64 = 0, blocked: UInt64 = 0) {
            self.starved = starved
            self.busy = busy
            self.blocked = blocked
        }
    }

    package var recordsIn: UInt64
    package var recordsOut: UInt64
    package var calls: UInt64
    package var slowCalls: UInt64
    /// Records written to ports that nobody listens to.
    package var unused: UInt64
    package var retries: UInt64
    /// Up to `since`.
    package var times: Times
    /// Monotonic nanoseconds of the last change of activity; 0 before the first.
    package var since: Int64
    /// nil: none that we know.
    package var activity: Activity?
    /// Will not be called again.
    package var finished: Bool
    package var queue: UInt64
    package var queueCapacity: UInt64
    package var watermark: Int64
    /// Its watermark holds nobody up.
    package var isIdle: Bool
    /// Records that went to the dead letters.
    package var refused: UInt64
    /// Refused records that were counted and no more.
    package var dropped: UInt64
    /// Records that it had taken, or given as a source, before this process.
    package var restored: UInt64
    package var metrics: [UInt64]
    package var latency: Histogram

    /// Before anything ran.
    package init() {
        self.init(PageBytes.zero)
    }

    /// nil: not a page.
    package init?(_ bytes: [UInt8]) {
        guard let page = PageBytes(bytes) else { return nil }
        self.init(page)
    }

    private init(_ page: PageBytes) {
        recordsIn = page.u64(Cells.recordsInOffset)
        recordsOut = page.u64(8)
        calls = page.u64(32)
        slowCalls = page.u64(40)
        unused = page.u64(48)
        retries = page.u64(56)
        times = Times(starved: page.u64(64), busy: page.u64(72), blocked: page.u64(80))
        since = page.i64(88)
        activity = Activity(rawValue: page.u32(96))
        finished = page.u32(100) != 0
        queue = page.u64(Cells.queueOffset)
        queueCapacity = page.u64(112)
        watermark = page.i64(120)
        refused = page.u64(128)
        dropped = page.u64(136)
        restored = page.u64(Cells.restoredOffset)
        isIdle = page.u32(160) != 0
        metrics = (0..<Cells.metricCells).map { page.u64(512 + 8 * $0) }
        latency = Histogram(page, at: 1_024)
    }

    /// Counts what the task did before this process, too: a transform's output is not known.
    package mutating func addRestored(isSource: Bool) {
        if isSource { recordsOut &+= restored } else { recordsIn &+= restored }
        restored = 0
    }

    /// The times up to now: a task that is stuck in one call has not added it yet.
    package func times(now: Int64) -> Times {
        guard let activity, since > 0, now > since, !finished else { return times }
        let running = UInt64(now - since)
        var times = times
        switch activity {
        case .starved: times.starved &+= running
        case .busy: times.busy &+= running
        case .blocked: times.blocked &+= running
        }
        return times
    }
}

/// Counts of values by size.
package struct Histogram: Hashable, Sendable {
    package static let bucketCount = 336

    package var count: UInt64
    package var sum: UInt64
    package var max: UInt64
    package var buckets: [UInt64]

    package init() {
        (count, sum, max) = (0, 0, 0)
        buckets = Array(repeating: 0, count: Self.bucketCount)
    }

    /// Of a page that an operator's histogram fills; nil: not a page.
    package init?(page bytes: [UInt8]) {
        guard let page = PageBytes(bytes) else { return nil }
        self.init(page, at: 0)
    }

    init(_ page: PageBytes, at offset: Int) {
        count = page.u64(offset)
        sum = page.u64(offset + 8)
        max = page.u64(offset + 16)
        buckets = (0..<Self.bucketCount).map { page.u64(offset + 24 + 8 * $0) }
    }

    package mutating func add(_ other: Histogram) {
        count &+= other.count
        sum &+= other.sum
        max = Swift.max(max, other.max)
        for (i, value) in other.buckets.enumerated() { buckets[i] &+= value }
    }

    /// A value that `share` (0…1) of all are not above; at most an eighth too high. Taken from the
    /// buckets alone, which may be a step ahead of `count`. nil: nothing was counted.
    package func quantile(_ share: Double) -> UInt64? {
        let total = buckets.reduce(0) { $0 + Double($1) }
        guard total > 0 else { return nil }
        let wanted = total * share
        var seen: Double = 0
        for (i, value) in buckets.enumerated() where value > 0 {
            seen += Double(value)
            guard seen >= wanted else { continue }
            let top = i == Self.bucketCount - 1 ? max : Self.lowest(of: i + 1) - 1
            return max > 0 ? Swift.min(top, max) : top
        }
        return max
    }

    /// The bucket of a value.
    package static func bucket(of value: UInt64) -> Int {
        guard value >= 8 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return min(8 * (exponent - 2) + Int(value >> UInt64(exponent - 3) & 7), bucketCount - 1)
    }

    /// The smallest value of a bucket.
    package static func lowest(of bucket: Int) -> UInt64 {
        guard bucket >= 8 else { return UInt64(bucket) }
        let exponent = UInt64(bucket / 8 + 2)
        return UInt64(8 + bucket % 8) << (exponent - 3)
    }
}
