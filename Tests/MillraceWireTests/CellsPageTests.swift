// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import Testing

@testable import MillraceWire

struct CellsPageTests {
    @Test func `what C counts is what Swift reads`() throws {
        var cells = mrr_cells()
        cells.records_in = 1
        cells.records_out = 2
        cells.calls = 3
        cells.slow_calls = 4
        cells.unused = 5
        cells.retries = 6
        cells.time.0 = 7
        cells.time.1 = 8
        cells.time.2 = 9
        cells.since = 10
        cells.time_state = UInt32(MRR_TIME_BLOCKED)
        cells.finished = 1
        cells.queue = 11
        cells.queue_capacity = 12
        cells.watermark = -13
        cells.refused = 14
        cells.metric.63 = 15
        cells.latency.count = 1
        cells.latency.max = 8
        cells.latency.bucket.8 = 1
        let page = try #require(CellsPage(withUnsafeBytes(of: cells) { Array($0) }))
        #expect(page.recordsIn == 1 && page.recordsOut == 2 && page.calls == 3)
        #expect(page.slowCalls == 4 && page.unused == 5 && page.retries == 6)
        #expect(page.times == .init(starved: 7, busy: 8, blocked: 9))
        #expect(page.since == 10 && page.activity == .blocked && page.finished)
        #expect(page.queue == 11 && page.queueCapacity == 12 && page.watermark == -13)
        #expect(page.refused == 14 && page.metrics.last == 15 && page.metrics.count == 64)
        #expect(page.latency.count == 1 && page.latency.quantile(0.5) == 8)
        #expect(Histogram.bucketCount == Int(MRR_BUCKETS))
        #expect(Cells.histogramPages == Int(MRR_HISTOGRAM_PAGES))
    }

    @Test func `time goes on while a task is stuck`() throws {
        var page = Page()
        page.put(UInt64(100), at: 72)
        page.put(Int64(1_000), at: 88)
        page.put(UInt32(1), at: 96)
        let busy = try #require(CellsPage(page.bytes))
        #expect(busy.times(now: 1_500).busy == 600)
        #expect(busy.times(now: 900).busy == 100)
        page.put(UInt32(1), at: 100)
        #expect(CellsPage(page.bytes)?.times(now: 1_500).busy == 100)
        page.put(UInt32(3), at: 96)
        #expect(CellsPage(page.bytes)?.activity == nil)
        #expect(CellsPage().times(now: 1_500) == .init())
    }

    @Test func `buckets follow the formula of the page`() {
        #expect(
            (0..<20).map { Histogram.bucket(of: UInt64($0)) } == Array(0..<16) + [16, 16, 17, 17])
        #expect(Histogram.bucket(of: .max) == 335)
        #expect(Histogram.bucket(of: 1 << 44) == 335)
        for bucket in 0..<335 {
            let lowest = Histogram.lowest(of: bucket)
            #expect(Histogram.bucket(of: lowest) == bucket)
            #expect(Histogram.bucket(of: Histogram.lowest(of: bucket + 1) - 1) == bucket)
        }
    }

    @Test func `quantiles are at most an eighth too high, and never too low`() throws {
        var histogram = Histogram()
        let values = (1...10_000).map { UInt64($0) * 37 }
        for value in values {
            histogram.count += 1
            histogram.max = max(histogram.max, value)
            histogram.buckets[Histogram.bucket(of: value)] += 1
        }
        for share in [0.5, 0.99, 0.999] {
            let exact = values[Int(Double(values.count) * share) - 1]
            let told = try #require(histogram.quantile(share))
            #expect(told >= exact && told <= exact + exact / 8, "\(share)")
        }
        #expect(histogram.quantile(1) == 370_000)
        #expect(Histogram().quantile(0.5) == nil)
    }

    @Test func `sums of two tasks are those of their values`() {
        var a = Histogram()
        a.buckets[3] = 1
        a.max = 3
        var b = Histogram()
        b.buckets[5] = .max
        b.max = 5
        b.count = .max
        a.add(b)
        #expect(a.max == 5 && a.buckets[3] == 1 && a.quantile(0.5) == 5)
    }
}
