// SPDX-License-Identifier: Apache-2.0
// A dead letter: a record that an operator refused, or that killed it, with the reason. It is one
// JSON object on one line, in the dead-letter files of a job and as the value of a record that
// comes out of a node's port `errors`:
//
//     node       the node that did not take it          instance   which of its tasks
//     code       MR4001                                 text       the operator's words
//     lane       input lane of the task                 sequence   position in that lane
//     input      the port it came in by, where the node has several
//     time       event time, nanoseconds since 1970, or null
//     at         when it was refused, nanoseconds since 1970
//     key        the key of the record, or null         value      what it was
//
// A key or value that is no UTF-8 stands in `key_base64` or `value_base64` instead. Members may be
// added; a reader passes over those that it does not know.
import MillraceCore

package struct DeadLetter: Hashable, Sendable {
    package var node: String
    package var instance: Int
    /// `MR4005`.
    package var code: String
    package var text: String
    package var lane: Int
    package var sequence: UInt64
    /// nil: the only one that the node has.
    package var input: String?
    package var time: Int64?
    package var at: Int64
    /// nil: the record has no key.
    package var key: [UInt8]?
    package var value: [UInt8]

    package init(
        node: String, instance: Int, code: String, text: String, lane: Int, sequence: UInt64,
        input: String? = nil, time: Int64?, at: Int64, key: [UInt8]?, value: [UInt8]
    ) {
        self.node = node
        self.instance = instance
        self.code = code
        self.text = text
        self.lane = lane
        self.sequence = sequence
        self.input = input
        self.time = time
        self.at = at
        self.key = key
        self.value = value
    }

    /// RFC 4648, padded.
    package static func base64(_ bytes: [UInt8]) -> String {
        String(decoding: Base64.encoded(bytes), as: UTF8.self)
    }

    /// The object, without an end of line.
    package var json: [UInt8] {
        var line = Line()
        line.text("node", Array(node.utf8))
        line.number("instance", instance)
        line.text("code", Array(code.utf8))
        line.text("text", Array(text.utf8))
        line.number("lane", lane)
        line.number("sequence", sequence)
        if let input { line.text("input", Array(input.utf8)) }
        line.number("time", time)
        line.number("at", at)
        if let key { line.bytes("key", key) } else { line.number("key", nil as Int?) }
        line.bytes("value", value)
        return line.end()
    }
}

/// An object being written, member by member.
private struct Line {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    mutating func end() -> [UInt8] { out + [UInt8(ascii: "}")] }

    private mutating func name(_ name: String) {
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        out += Array("\"\(name)\":".utf8)
    }

    mutating func number(_ name: String, _ value: (some BinaryInteger)?) {
        self.name(name)
        out += Array((value.map { "\($0)" } ?? "null").utf8)
    }

    /// UTF-8, or base64 under another name.
    mutating func bytes(_ name: String, _ value: [UInt8]) {
        if String(validating: value, as: UTF8.self) != nil {
            text(name, value)
        } else {
            text("\(name)_base64", Base64.encoded(value))
        }
    }

    mutating func text(_ name: String, _ value: [UInt8]) {
        self.name(name)
        out.append(UInt8(ascii: "\""))
        for byte in value {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0x0A: out += Array("\\n".utf8)
            case 0x0D: out += Array("\\r".utf8)
            case 0x09: out += Array("\\t".utf8)
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                out += Array("\\u00\(byte < 16 ? "0" : "")\(digits)".utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension DeadLetter: Decodable {
    private enum CodingKeys: String, CodingKey {
        case node, instance, code, text, lane, sequence, input, time, at, key, value
        case keyBase64 = "key_base64"
        case valueBase64 = "value_base64"
    }

    package init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: CodingKeys.self)
        func bytes(_ plain: CodingKeys, _ coded: CodingKeys) throws -> [UInt8]? {
            if let text = try object.decodeIfPresent(String.self, forKey: coded) {
                guard let bytes = Base64.decoded(text) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: coded, in: object, debugDescription: "no base64")
                }
                return bytes
            }
            return try object.decodeIfPresent(String.self, forKey: plain).map { Array($0.utf8) }
        }
        node = try object.decode(String.self, forKey: .node)
        instance = try object.decode(Int.self, forKey: .instance)
        code = try object.decode(String.self, forKey: .code)
        text = try object.decode(String.self, forKey: .text)
        lane = try object.decode(Int.self, forKey: .lane)
        sequence = try object.decode(UInt64.self, forKey: .sequence)
        input = try object.decodeIfPresent(String.self, forKey: .input)
        time = try object.decodeIfPresent(Int64.self, forKey: .time)
        at = try object.decode(Int64.self, forKey: .at)
        key = try bytes(.key, .keyBase64)
        value = try bytes(.value, .valueBase64) ?? []
    }
}
