// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceWire
import Testing

/// What the data plane counts, the decoder of the wire must read. Shown by counting values through
/// the C function into a page, and reading that page in Swift.
struct HistogramTests {
    /// A page with these values counted in it.
    private func page(of values: [UInt64]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(MRR_PAGE))
        let aligned = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes.count, alignment: Int(MRR_ALIGNMENT))
        defer { aligned.deallocate() }
        aligned.copyBytes(from: bytes)
        for value in values { mrr_observe(OpaquePointer(aligned.baseAddress), value) }
        bytes = Array(aligned)
        return bytes
    }

    /// Both sides of every limit between buckets, and what is beyond the last.
    private static let values: [UInt64] =
        (0..<Histogram.bucketCount).flatMap { bucket in
            let lowest = Histogram.lowest(of: bucket)
            return lowest == 0 ? [lowest] : [lowest - 1, lowest, lowest + 1]
        } + [1 << 44, (1 << 44) + 1, 1 << 60, .max]

    @Test func `each value is counted in the bucket where the decoder looks for it`() throws {
        for value in Self.values {
            let histogram = try #require(Histogram(page: page(of: [value])))
            let bucket = Histogram.bucket(of: value)
            #expect(histogram.count == 1 && histogram.sum == value && histogram.max == value)
            #expect(histogram.buckets[bucket] == 1, "\(value) is not in bucket \(bucket)")
            #expect(Histogram.lowest(of: bucket) <= value)
        }
    }

    @Test func `counts, sum and the largest value add up`() throws {
        let values = Self.values.filter { $0 < 1 << 44 }
        let histogram = try #require(Histogram(page: page(of: values)))
        #expect(histogram.count == UInt64(values.count))
        #expect(histogram.sum == values.reduce(0, +))
        #expect(histogram.max == values.max())
        #expect(histogram.buckets.reduce(0, +) == UInt64(values.count))
    }

    @Test func `the sizes of C and Swift are the same`() {
        #expect(Histogram.bucketCount == Int(MRR_BUCKETS))
        #expect(Cells.pageBytes == Int(MRR_PAGE))
        #expect(Cells.metricCells == Int(MRR_METRIC_CELLS))
        #expect(Cells.histogramPages == Int(MRR_HISTOGRAM_PAGES))
    }
}
