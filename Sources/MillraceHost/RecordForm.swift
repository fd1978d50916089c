// SPDX-License-Identifier: Apache-2.0
import CMillraceExpression
import MillraceWire

extension TappedRecord.Form {
    /// How bytes of a record are shown: as JSON where they are an object or an array, or any JSON
    /// text on a port that says so; as text where they are UTF-8; else as base64. A text that was
    /// cut ends with a whole character.
    package init(_ bytes: [UInt8], isJSON: Bool, asText: Bool, isCut: Bool = false) {
        let bytes = isCut ? Self.whole(bytes) : bytes
        guard let text = String(validating: bytes, as: UTF8.self) else {
            self = .base64(of: bytes)
            return
        }
        let begins = bytes.first { !Self.spaces.contains($0) }
        let mayBe = isJSON || begins == UInt8(ascii: "{") || begins == UInt8(ascii: "[")
        if mayBe, !asText, !isCut, let compact = Self.compact(bytes) {
            self = .json(compact)
        } else {
            self = .text(text)
        }
    }

    private static let spaces = Array(" \t\r\n".utf8)

    /// Without white space between tokens, so on one line; nil: it is no JSON.
    private static func compact(_ bytes: [UInt8]) -> String? {
        var fault = unsafe mr_json_fault()
        // SAFETY(from, into): read and written by the calls, which know their sizes.
        return unsafe bytes.withUnsafeBufferPointer { from in
            guard unsafe mrx_json_check(from.baseAddress, UInt64(from.count), &fault) != 0
            else { return nil }
            let written = unsafe [UInt8](unsafeUninitializedCapacity: from.count) { into, count in
                count = unsafe Int(
                    mrx_json_compact(from.baseAddress, UInt64(from.count), into.baseAddress))
            }
            return String(decoding: written, as: UTF8.self)
        }
    }

    /// Without the beginning of a character at the end.
    private static func whole(_ bytes: [UInt8]) -> [UInt8] {
        for missing in 0...3 where missing < bytes.count {
            let shorter = bytes.dropLast(missing)
            if String(validating: shorter, as: UTF8.self) != nil { return Array(shorter) }
        }
        return bytes
    }
}
