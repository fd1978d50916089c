// SPDX-License-Identifier: Apache-2.0
import MillraceWire
import Testing

@testable import MillraceHost

struct PaceTests {
    @Test func `what was not used may be used at once, and no more than the burst`() {
        var pace = Pace(burst: 1_000)
        #expect(pace.free(now: 5_000) == 1_000)
        pace.spend(1_000)
        #expect(pace.free(now: 5_000) == 0)
        #expect(pace.free(now: 5_300) == 300)
        #expect(pace.free(now: 90_000) == 1_000)
    }

    @Test func `what was spent too much has to come again first`() {
        var pace = Pace(burst: 1_000)
        _ = pace.free(now: 10_000)
        pace.spend(5_000)
        #expect(pace.free(now: 10_000) == -4_000)
        #expect(pace.due(0) == 14_000)
        #expect(pace.free(now: 14_000) == 0)
        #expect(pace.due(100) == 14_100)
    }

    @Test func `in the long run no more is spent than time passes`() {
        var pace = Pace(burst: 1_000)
        var spent: Int64 = 0
        for now in stride(from: Int64(0), to: 1_000_000, by: 7) where pace.free(now: now) >= 50 {
            pace.spend(50)
            spent += 50
        }
        #expect(spent <= 1_001_000 && spent > 990_000)
    }
}

struct RecordFormTests {
    private func form(
        _ bytes: [UInt8], isJSON: Bool = false, asText: Bool = false, isCut: Bool = false
    ) -> TappedRecord.Form {
        TappedRecord.Form(bytes, isJSON: isJSON, asText: asText, isCut: isCut)
    }

    private func form(_ text: String, isJSON: Bool = false) -> TappedRecord.Form {
        form(Array(text.utf8), isJSON: isJSON)
    }

    @Test func `objects and arrays are JSON on one line`() {
        #expect(form(" {\n \"a\" : [1, 2.50] }\n") == .json("{\"a\":[1,2.50]}"))
        #expect(form("[]") == .json("[]"))
        #expect(form("{\"a\":1") == .text("{\"a\":1"))
        #expect(form(Array("{\"a\":1}".utf8), asText: true) == .text("{\"a\":1}"))
    }

    @Test func `other JSON is so where the port says so`() {
        #expect(form("12") == .text("12"))
        #expect(form("12", isJSON: true) == .json("12"))
        #expect(form("twelve", isJSON: true) == .text("twelve"))
        #expect(form("") == .text(""))
    }

    @Test func `what is no UTF-8 is base64`() {
        #expect(form([0xFF, 0x00]) == .base64("/wA="))
        #expect(
            form(Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8))
                == .base64("eyJhIjoiwygifQ=="))
    }

    @Test func `a text that was cut within a character ends before it`() {
        let bytes = Array("aé€😀".utf8)
        for count in 1...bytes.count {
            guard case .text(let text) = form(Array(bytes[..<count]), isCut: true) else {
                Issue.record("\(count) bytes are no text")
                continue
            }
            #expect("aé€😀".hasPrefix(text) && count - text.utf8.count < 4)
        }
        #expect(form([0xFF, 0xFE, 0xFD, 0xFC, 0xFB], isCut: true) == .base64("//79/Ps="))
        #expect(form(Array("{}".utf8), isCut: true) == .text("{}"))
    }
}
