// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceAPI
import MillraceCore
import Testing

@Suite struct FiguresTests {
    @Test(
        arguments: [
            (0, "0"), (7, "7"), (999, "999"), (1000, "1 000"), (112_034, "112 034"),
            (10_000_000, "10 000 000"),
        ] as [(UInt64, String)])
    func `counts are grouped by threes`(_ value: UInt64, _ text: String) {
        #expect(Figures.count(value) == text)
    }

    @Test(
        arguments: [
            (0, "0"), (0.44, "0.4"), (9.97, "10"), (312, "312"), (999.4, "999"), (999.6, "1k"),
            (8_100, "8.1k"), (12_400, "12.4k"), (112_034, "112k"), (3_600_000, "3.6M"),
            (2.5e12, "2.5T"), (.infinity, "0"),
        ] as [(Double, String)])
    func `rates have three figures at most`(_ value: Double, _ text: String) {
        #expect(Figures.short(value) == text)
    }

    @Test(
        arguments: [
            (0, "0s"), (8.5e-7, "850ns"), (0.0031, "3.1ms"), (0.088, "88ms"), (0.000_016, "16us"),
            (4, "4s"), (12.34, "12.3s"), (59.99, "1m00s"), (130, "2m10s"),
            (3 * 3600 + 240, "3h04m"),
            (86_400 * 2 + 3600 * 5, "2d05h"),
        ] as [(Double, String)])
    func `durations have two units at most`(_ seconds: Double, _ text: String) {
        #expect(Figures.duration(seconds) == text)
    }

    @Test func `clocks, shares and sizes`() {
        #expect(Figures.clock(14.9) == "00:14")
        #expect(Figures.clock(3723) == "1:02:03")
        #expect(Figures.percent(0.914) == "91%")
        #expect(Figures.bytes(900) == "900 B")
        #expect(Figures.bytes(1536) == "1.5 KiB")
        #expect(Figures.bytes(40 << 20) == "40 MiB")
    }

    @Test(
        arguments: [
            0, 951_782_399, 951_782_400, 951_868_800, 1_709_164_800, 4_102_444_799, -1, -86_401,
        ] as [Int64])
    func `timestamps agree with Foundation, leap days included`(_ seconds: Int64) {
        let expected = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
        #expect(Timestamp.text(nanosecondsSince1970: seconds * 1_000_000_000) == expected)
    }

    @Test func `the earliest and the latest time have a text`() {
        #expect(Timestamp.text(nanosecondsSince1970: .min) == "1677-09-21T00:12:43Z")
        #expect(Timestamp.text(nanosecondsSince1970: .max) == "2262-04-11T23:47:16Z")
        #expect(Timestamp.text(nanosecondsSince1970: -1) == "1969-12-31T23:59:59Z")
    }

    @Test func `JSON text survives Foundation's reader`() throws {
        let value = JSON.object([
            .init("z", .string("a\"b\\c\n\u{1}é🙂/")), .init("a", .array([.null, .bool(true)])),
            .init("n", .int(.max)), .init("d", .double(1e-7)), .init("e", .object([])),
            .init("l", .array([])),
        ])
        #expect(value.text.hasPrefix("{\"z\":"))
        for text in [value.text, value.indentedText] {
            let back = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
            for name in ["z", "a", "n", "d"] { #expect(back[name] == value[name]) }
        }
        #expect(JSON.double(.infinity).text == "null")
    }
}
