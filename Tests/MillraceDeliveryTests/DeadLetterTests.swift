// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import MillraceDelivery

/// Dead letters as lines, and where they lie.
struct DeadLetterTests {
    private func letter(key: [UInt8]?, value: [UInt8], text: String = "no") -> DeadLetter {
        DeadLetter(
            node: "parse", instance: 2, code: "MR4001", text: text, lane: 1, sequence: .max,
            time: .min + 1, at: 5, key: key, value: value)
    }

    @Test func `a letter is one line of JSON that reads back the same`() throws {
        let values: [[UInt8]] = [
            [], Array("plain".utf8), Array("é \"\\\n\r\t\u{1} \u{7F} ☃".utf8), [0xFF], [0, 0xC3],
            Array(0...255), Array(repeating: 0xAA, count: 4),
        ]
        for value in values {
            for key in [nil, [], value] {
                let before = letter(key: key, value: value, text: "a \"b\"\nc")
                #expect(!before.json.contains(UInt8(ascii: "\n")))
                let after = try JSONDecoder().decode(DeadLetter.self, from: Data(before.json))
                #expect(after == before)
            }
        }
    }

    @Test func `the line is what is documented`() {
        var one = letter(key: nil, value: [0xFF])
        one.time = nil
        one.sequence = 7
        #expect(
            String(decoding: one.json, as: UTF8.self)
                == #"{"node":"parse","instance":2,"code":"MR4001","text":"no","lane":1,"#
                + #""sequence":7,"time":null,"at":5,"key":null,"value_base64":"/w=="}"#)
    }

    @Test(arguments: ["a", "=", "a===", "ab=c", "????", "YWI", "YWJj=YWJj"])
    func `what is no base64 is refused`(text: String) {
        #expect(Base64.decoded(text) == nil)
    }

    @Test func `base64 is that of Foundation`() {
        for count in 0..<64 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            let text = Data(bytes).base64EncodedString()
            #expect(DeadLetter.base64(bytes) == text)
            #expect(Base64.decoded(text) == bytes)
        }
    }

    @Test func `files say which attempt wrote them, and move out of the waiting ones`() {
        let name = LetterFiles.name(attempt: 12, epoch: 3, executor: 0, chance: 255)
        #expect(name == "dlq/pending/12-3-0-ff.ndjson")
        #expect(LetterFiles.isOne(name) && !LetterFiles.isOne("state/1-1-0-a.seg"))
        #expect(LetterFiles.claimed(name) == "dlq/12-3-0-ff.ndjson")
        #expect(LetterFiles.claimed("dlq/12-3-0-ff.ndjson") == "dlq/12-3-0-ff.ndjson")
        #expect(LetterFiles.attempt(of: "12-3-0-ff.ndjson") == 12)
        #expect(LetterFiles.attempt(of: "12-3-0-ff.ndjson.part") == nil)
    }

    @Test func `an allowance is of a minute that begins with the first letter`() {
        var allowance = LetterAllowance(perMinute: 2)
        let seconds: [Int64] = [0, 59, 59, 60, 119, 119]
        let taken = seconds.map { allowance.take(now: $0 * 1_000_000_000) }
        #expect(taken == [true, true, false, true, true, false])
        var none = LetterAllowance(perMinute: 0)
        let first = none.take(now: 0)
        #expect(!first)
    }
}
