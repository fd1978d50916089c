// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import Testing

@Suite struct LatencyTests {
    /// The bucket of a value by the definition in `mrr_pages.h`.
    private func bucket(_ value: UInt64) -> Int {
        guard value >= 8 else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        return 8 * (exponent - 2) + Int((value >> (exponent - 3)) & 7)
    }

    private func histogram(_ values: [UInt64]) -> LatencyReading {
        var reading = LatencyReading(
            count: UInt64(values.count), max: values.max() ?? 0,
            buckets: Array(repeating: 0, count: 336))
        for value in values { reading.buckets[bucket(value)] += 1 }
        return reading
    }

    @Test(arguments: [1, 7, 8, 15, 16, 100, 1000, 123_456, 3_000_000, 1 << 40] as [UInt64])
    func `a quantile is off by at most a sixteenth`(_ value: UInt64) throws {
        // A larger value beside it keeps the maximum from correcting the answer.
        let found = try #require(histogram([value, value, value << 2]).quantile(0.5))
        let error = found > value ? found - value : value - found
        #expect(error <= value / 16)
    }

    @Test func `quantiles walk up the values`() throws {
        let reading = histogram((1...1000).map { UInt64($0) * 1000 })
        let p50 = try #require(reading.quantile(0.5))
        let p99 = try #require(reading.quantile(0.99))
        #expect((468_000...532_000).contains(p50))
        #expect((928_000...1_000_000).contains(p99))
    }

    @Test func `the difference of two readings forgets what was before`() {
        let early = histogram([10, 10, 10])
        var late = early
        late.add(histogram([5000]))
        let found = late.since(early)
        #expect(found.count == 1)
        #expect(found.quantile(0.5).map { (4700...5300).contains($0) } == true)
        #expect(LatencyReading().quantile(0.5) == nil)
    }
}
