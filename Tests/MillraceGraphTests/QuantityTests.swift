// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

struct QuantityTests {
    @Test(
        arguments: [
            ("0", 0), ("10ns", 10), ("5us", 5_000), ("5µs", 5_000), ("250ms", 250_000_000),
            ("10s", 10_000_000_000), ("1.5s", 1_500_000_000), ("1h30m", 5_400_000_000_000),
            ("2d", 172_800_000_000_000), ("1h0m1s", 3_601_000_000_000), ("0.1s", 100_000_000),
        ] as [(String, Int64)])
    func `a duration is read in nanoseconds`(_ text: String, _ nanoseconds: Int64) throws {
        #expect(try Quantity.duration(text) == nanoseconds)
    }

    @Test(
        arguments: [
            ("", Quantity.Problem.syntax), ("s", .syntax), ("-1s", .syntax), ("10", .unitMissing),
            ("1m1h", .syntax), ("1s1s", .syntax), ("10 s", .unitMissing), ("1y", .unitUnknown("y")),
            ("999999999d", .tooLarge), ("99999999999999999999s", .tooLarge), ("1.s", .syntax),
            ("1s ", .syntax),
        ] as [(String, Quantity.Problem)])
    func `what is no duration is told apart`(_ text: String, _ problem: Quantity.Problem) {
        #expect(throws: problem) { try Quantity.duration(text) }
    }

    @Test(
        arguments: [
            ("512", 512), ("0", 0), ("64KiB", 65_536), ("1GiB", 1 << 30), ("1.5MiB", 1_572_864),
            ("2TiB", 2 << 40), ("1KB", 1_000), ("3MB", 3_000_000), ("1GB", 1_000_000_000),
            ("7B", 7),
        ] as [(String, Int64)])
    func `a size is read in bytes`(_ text: String, _ bytes: Int64) throws {
        #expect(try Quantity.size(text) == bytes)
    }

    @Test(
        arguments: [
            ("", Quantity.Problem.syntax), ("1.5", .syntax), ("5Kib", .unitUnknown("Kib")),
            ("9999999TiB", .tooLarge), ("1KiB2", .syntax), ("٣KiB", .syntax),
        ] as [(String, Quantity.Problem)])
    func `what is no size is told apart`(_ text: String, _ problem: Quantity.Problem) {
        #expect(throws: problem) { try Quantity.size(text) }
    }

    @Test(
        arguments: [
            ("0", 0.0), ("1k/s", 1_000), ("200/m", 200.0 / 60), ("5M/s", 5e6), ("1G/s", 1e9),
            ("0.5/s", 0.5), ("3600/h", 1), ("86400/d", 1),
        ] as [(String, Double)])
    func `a rate is read per second`(_ text: String, _ perSecond: Double) throws {
        #expect(try Quantity.rate(text) == perSecond)
    }

    @Test(
        arguments: [
            ("5", Quantity.Problem.unitMissing), ("5/", .unitMissing), ("5/y", .unitUnknown("y")),
            ("5x/s", .unitUnknown("x")), ("/s", .syntax), ("5/s/s", .syntax),
        ] as [(String, Quantity.Problem)])
    func `what is no rate is told apart`(_ text: String, _ problem: Quantity.Problem) {
        #expect(throws: problem) { try Quantity.rate(text) }
    }

    @Test func `what is written reads back`() throws {
        var value: Int64 = 1
        while value < Int64.max / 7 {
            #expect(try Quantity.duration(Quantity.text(duration: value)) == value)
            #expect(try Quantity.size(Quantity.text(size: value)) == value)
            value = value &* 7 &+ 3
        }
        for rate in [0, 1, 0.5, 1_000, 2_500, 1e6, 1e9, 200.0 / 60] {
            #expect(try Quantity.rate(Quantity.text(rate: rate)) == rate)
        }
        #expect(Quantity.text(duration: 5_400_000_000_000) == "1h30m")
        #expect(Quantity.text(size: 65_536) == "64KiB")
        #expect(Quantity.text(rate: 200.0 / 60) == "200/m")
        #expect(Quantity.text(rate: 5e6) == "5M/s")
    }
}
