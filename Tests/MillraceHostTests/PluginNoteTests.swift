// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire
import Testing

@testable import MillraceHost

@Suite struct PluginNoteTests {
    private static let good =
        #"{"millrace":1,"abi":"1.0","name":"a","version":"1.0.0","operators":["a.b"]}"#

    @Test func `a good note is read`() throws {
        let note = try PluginNote(Array(Self.good.utf8), file: "x")
        #expect(note.operators == ["a.b"])
        let spaced = Self.good.replacingOccurrence(of: ":", with: " :\n\t") + " \r\n"
        #expect(try PluginNote(Array(spaced.utf8), file: "x") == note)
        let more = Self.good.dropLast() + #","x":{"y":[[1.5e3,-0,true,null,"\ud83d\ude00\n"]]}}"#
        #expect(try PluginNote(Array(more.utf8), file: "x") == note)
    }

    @Test(arguments: [
        ("", "the text ends early at byte 0"),
        ("[]", "it is no JSON object"),
        ("{}", "\"millrace\" is not 1"),
        (#"{"millrace":2}"#, "\"millrace\" is not 1"),
        (#"{"millrace":1,"abi":1}"#, "\"abi\" is not a string"),
        (good + "x", "text after the value"),
        (#"{"a":1,"a":2}"#, "\"a\" comes twice"),
        (#"{"a":[[[[1]]]]}"#, "more than 4 levels"),
        (#"{"a":01}"#, "no value"),
        (#"{"a":1.}"#, "no value"),
        (#"{"a":.5}"#, "no value"),
        (#"{"a":1.e5}"#, "a bad number"),
        (#"{"a":1e999}"#, "a bad number"),
        (#"{"a":tru}"#, "an unknown word"),
        (#"{"a":"\x"}"#, "an unknown escape"),
        (#"{"a":"\ud800"}"#, "a lone surrogate"),
        (#"{"a":"\ud800 \udc00"}"#, "a lone surrogate"),
        (#"{"a":"b"#, "a string has no end"),
        ("{\"a\":\"\n\"}", "a control character"),
        (#"{"a":1,}"#, "a name is missing"),
        (#"{"a" 1}"#, "a colon is missing"),
        (#"{"a":1 "b":2}"#, "a brace is missing"),
        (#"{"a":[1 2]}"#, "a bracket is missing"),
    ])
    func `a bad note is refused with its reason`(_ text: String, _ words: String) throws {
        let failure = #expect(throws: Failure.self) {
            try PluginNote(Array(text.utf8), file: "lib.so")
        }
        #expect(failure?.code == .noteContradicts)
        #expect(failure?.text.contains(words) == true, "\(failure?.text ?? "")")
    }

    @Test func `bytes that are not UTF-8 are refused`() throws {
        #expect(throws: Failure.self) {
            try PluginNote([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d], file: "x")
        }
    }

    @Test(arguments: [
        ("\\\"name\\\":\\\"other\\\"", "says name other, its table says specimen"),
        ("\\\"version\\\":\\\"2.0.0\\\"", "says version 2.0.0"),
        ("\\\"abi\\\":\\\"1.1\\\"", "says ABI 1.1, its table says 1.0"),
        ("\\\"operators\\\":[\\\"x\\\"]", "says operators x, its table says specimen"),
        ("\\\"operators\\\":[]", "says operators none"),
        ("nonsense", "cannot be read"),
    ])
    func `a note that contradicts the tables is refused`(_ part: String, _ words: String) throws {
        let shop = try Workshop()
        var members = [
            "\\\"millrace\\\":1", "\\\"abi\\\":\\\"1.0\\\"", "\\\"name\\\":\\\"specimen\\\"",
            "\\\"version\\\":\\\"1.0.0\\\"", "\\\"operators\\\":[\\\"specimen\\\"]",
        ]
        let key = part.split(separator: ":")[0]
        members.removeAll { $0.hasPrefix(key) }
        let text = (members + [part]).joined(separator: ",")
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: ["OUTSIDE=MR_MANIFEST(\"{\(text)}\");"])
        let record = try shop.record(of: library)
        #expect(record.state == .refused)
        #expect(record.reason?.code == .noteContradicts)
        #expect(record.reason?.text.contains(words) == true, "\(record.reason?.text ?? "")")
    }
}

extension String {
    fileprivate func replacingOccurrence(of old: Character, with new: String) -> String {
        map { $0 == old ? new : String($0) }.joined()
    }
}
