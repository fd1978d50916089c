// SPDX-License-Identifier: Apache-2.0
// The result of counting, as text: `{"key": "the", "count": 4}`, or with `null` for records that
// have nothing to be counted under. Bytes of a key that are not UTF-8 become U+FFFD, written as
// an escape.
import MillraceSDK

extension KeyTable.Slot {
    /// One JSON object on one line.
    var row: [UInt8] {
        var row: [UInt8] = []
        row.reserveCapacity(length + 40)
        row += "{\"key\": ".utf8
        if isKeyed || length > 0 {
            row.append(UInt8(ascii: "\""))
            unsafe appendEscaped(bytes, to: &row)
            row.append(UInt8(ascii: "\""))
        } else {
            row += "null".utf8
        }
        row += ", \"count\": \(total)}".utf8
        return row
    }

    /// The header for a record of this key.
    func head(schema: UInt32) -> mr_record {
        isKeyed ? .keyed(length: length, hash: hash, schema: schema) : .unkeyed(schema: schema)
    }

    /// Writes key and value as one record; false when there is no room.
    func emit(_ value: Span<UInt8>, schema: UInt32, to output: Output) -> Bool {
        let key = unsafe Span(_unsafeElements: isKeyed ? bytes : .init(start: nil, count: 0))
        return output.emit(head(schema: schema), key: key, value: value)
    }
}

private func appendEscaped(_ bytes: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
    var parser = Unicode.UTF8.ForwardParser()
    var source = unsafe bytes.makeIterator()
    while true {
        switch unsafe parser.parseScalar(from: &source) {
        case .valid(let scalar):
            if let first = scalar.first, scalar.count == 1 {
                appendEscaped(first, to: &text)
            } else {
                text += scalar
            }
        case .error: text += "\\ufffd".utf8
        case .emptyInput: return
        }
    }
}

private func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): text += "\\\"".utf8
    case UInt8(ascii: "\\"): text += "\\\\".utf8
    case UInt8(ascii: "\n"): text += "\\n".utf8
    case UInt8(ascii: "\r"): text += "\\r".utf8
    case UInt8(ascii: "\t"): text += "\\t".utf8
    case 0..<32, 127:
        let digits = Array("0123456789abcdef".utf8)
        text += "\\u00".utf8
        text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    default: text.append(byte)
    }
}
