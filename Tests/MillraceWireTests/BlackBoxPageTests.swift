// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import CMillraceRuntime
import Testing

@testable import MillraceWire

/// A page of zeroes with some numbers in it, as the C side lays them out.
struct Page {
    var bytes = [UInt8](repeating: 0, count: 4_096)

    mutating func put<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) {
            bytes.replaceSubrange(offset..<offset + $0.count, with: $0)
        }
    }

    static func box() -> Page {
        var page = Page()
        page.put(UInt32(0x5842_524D), at: 0)
        page.put(UInt32(1), at: 4)
        return page
    }
}

struct BlackBoxPageTests {
    @Test func `what C writes is what Swift reads`() throws {
        // Written through the structure of mrr_pages.h, so the two layouts cannot part.
        var box = mrr_box()
        box.magic = MRR_BOX_MAGIC
        box.version = MRR_BOX_VERSION
        box.state = UInt32(MRR_BOX_IN_PLUGIN)
        box.call = UInt32(MRR_CALL_POLL)
        box.call_start = 1_000_000_000_007
        box.calls = 21
        box.sequence = 12
        box.count = 256
        box.lane = 3
        box.epoch = 4
        box.node = 5
        box.instance = 6
        box.attempt = 7
        box.thread = 8
        box.plugin.0 = 0xaa
        box.plugin.31 = 0xbb
        box.stamp.signal = 11
        box.stamp.code = 1
        box.stamp.fault_address = 0xdead_0000
        box.stamp.program_counter = 0x7000_0000_0001
        box.stamp.thread = 8
        box.stamp.depth = 2
        box.stamp.stack.0 = 0x7000_0000_0001
        box.stamp.stack.1 = 0x7000_0000_0002
        let page = try #require(BlackBoxPage(withUnsafeBytes(of: box) { Array($0) }))
        #expect(page.state == .inPlugin && page.call == .poll)
        #expect(page.callStart == 1_000_000_000_007 && page.calls == 21)
        #expect(page.sequence == 12 && page.count == 256 && page.lane == 3 && page.epoch == 4)
        #expect(page.node == 5 && page.instance == 6 && page.attempt == 7 && page.thread == 8)
        #expect(page.plugin.first == 0xaa && page.plugin.last == 0xbb && page.plugin.count == 32)
        let stamp = try #require(page.stamp)
        #expect(stamp.cause == .signal(11) && stamp.code == 1 && stamp.thread == 8)
        #expect(stamp.faultAddress == 0xdead_0000 && stamp.programCounter == 0x7000_0000_0001)
        #expect(stamp.stack == [0x7000_0000_0001, 0x7000_0000_0002])
    }

    @Test func `the last hash of the ring is the record of the call under way`() {
        var page = Page.box()
        page.put(UInt32(MRR_BOX_IN_PLUGIN), at: 8)
        page.put(UInt32(MRR_CALL_PROCESS), at: 12)
        #expect(BlackBoxPage(page.bytes)?.stepped == nil)
        // 130 records: number 129 lies in slot 1.
        page.put(UInt64(7), at: 256 + 16)
        page.put(UInt64(9), at: 256 + 24)
        page.put(UInt64(130), at: 256 + 2_048)
        #expect(BlackBoxPage(page.bytes)?.stepped == ContentHash(low: 7, high: 9))
        page.put(UInt32(MRR_CALL_STOP), at: 12)
        #expect(BlackBoxPage(page.bytes)?.stepped == nil)
        page.put(UInt32(MRR_CALL_PROCESS), at: 12)
        page.put(UInt32(MRR_BOX_IDLE), at: 8)
        #expect(BlackBoxPage(page.bytes)?.stepped == nil)
    }

    @Test func `every state and every call of C has a name`() {
        for state in UInt32(0)...5 { #expect(BlackBoxPage.State(rawValue: state) != nil) }
        for call in UInt32(0)...19 { #expect(PluginCall(rawValue: call) != nil) }
        #expect(PluginCall.create.name == "create")
        #expect(BlackBoxPage.State.host.rawValue == UInt32(MRR_BOX_HOST))
        #expect(PluginCall.fence.rawValue == UInt32(MRR_CALL_FENCE))
        #expect(PluginCall.onWatermark.rawValue == UInt32(MRR_CALL_WATERMARK))
        #expect(PluginCall.onWatermark.name == "on_watermark")
    }

    @Test func `a page that cannot be what it says is none`() {
        #expect(BlackBoxPage([]) == nil)
        #expect(BlackBoxPage(Page().bytes) == nil)
        #expect(BlackBoxPage(Page.box().bytes) != nil)
        for (offset, value) in [(0, 0x5842_524E), (4, 2), (8, 6), (12, 20)] as [(Int, UInt32)] {
            var page = Page.box()
            page.put(value, at: offset)
            #expect(BlackBoxPage(page.bytes) == nil, "\(value) at \(offset)")
        }
        #expect(BlackBoxPage(Array(Page.box().bytes.dropLast())) == nil)
    }

    @Test func `a stamp counts only when it is complete, and its depth is cut`() throws {
        var page = Page.box()
        page.put(UInt64(0x1234), at: 2_560 + 8)
        #expect(BlackBoxPage(page.bytes)?.stamp == nil)
        page.put(UInt32(65), at: 2_560)
        #expect(BlackBoxPage(page.bytes)?.stamp == nil)
        page.put(UInt32(6), at: 2_560)
        page.put(UInt32.max, at: 2_560 + 32)
        #expect(BlackBoxPage(page.bytes)?.stamp?.stack.count == 32)
        page.put(UInt32.max, at: 2_560)
        page.put(Int32(3), at: 2_564)
        #expect(BlackBoxPage(page.bytes)?.stamp?.cause == .exit(status: 3))
    }

    @Test func `the process page gives its libraries, and drops the impossible ones`() throws {
        var page = mrr_process_page()
        page.magic = MRR_BOX_MAGIC
        page.version = MRR_BOX_VERSION
        page.state = UInt32(MRR_PROCESS_RUNNING)
        page.tasks = 9
        page.heartbeat = 77
        page.modules_used = .max
        page.modules.0 = mrr_module(first: 100, last: 200, plugin: 1)
        page.modules.1 = mrr_module(first: 300, last: 300, plugin: 2)
        page.modules.2 = mrr_module(first: 500, last: 400, plugin: 3)
        page.modules.3 = mrr_module(first: 600, last: 700, plugin: .max)
        page.modules.89 = mrr_module(first: 800, last: 801, plugin: 0)
        let read = try #require(ProcessPage(withUnsafeBytes(of: page) { Array($0) }))
        #expect(read.state == .running && read.tasks == 9 && read.heartbeat == 77)
        #expect(read.modules.map(\.addresses) == [100..<200, 800..<801])
        #expect(read.plugin(at: 199) == 1 && read.plugin(at: 200) == nil)
        #expect(read.plugin(at: 800) == 0 && read.stamp == nil)
    }

    @Test func `any bytes are read without a trap`() {
        // A plugin can write what it likes into these pages. The seed is fixed.
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        for _ in 0..<200 {
            var page = Page.box()
            for offset in stride(from: 8, to: 4_096, by: 8) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Mostly extremes: they are what arithmetic trips over.
                page.put(state >> 62 == 0 ? UInt64.max : state >> 60 == 5 ? 0 : state, at: offset)
            }
            page.put(UInt32(truncatingIfNeeded: state % 7), at: 8)
            page.put(UInt32(truncatingIfNeeded: state % 14), at: 12)
            _ = BlackBoxPage(page.bytes)
            _ = ProcessPage(page.bytes)
            let cells = CellsPage(page.bytes)
            _ = cells?.times(now: .max)
            _ = cells?.times(now: .min)
            _ = cells?.latency.quantile(0.99)
        }
    }
}
