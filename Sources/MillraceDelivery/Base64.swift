// SPDX-License-Identifier: Apache-2.0

/// RFC 4648, section 4: the usual alphabet, padded.
enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")

    static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for place in 0..<3 {
                let at = start + place
                bits = bits << 8 | (at < bytes.count ? UInt32(bytes[at]) : 0)
            }
            for place in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * place) & 63)]
                out.append(place <= group.count ? digit : padding)
            }
        }
        return out
    }

    /// nil: it is not of this form.
    static func decoded(_ text: String) -> [UInt8]? {
        let text = Array(text.utf8)
        guard text.count % 4 == 0 else { return nil }
        let padded = text.reversed().prefix { $0 == padding }.count
        guard padded <= 2 else { return nil }
        var out: [UInt8] = []
        var bits: UInt32 = 0
        for (at, character) in text.enumerated() {
            let isPadding = at >= text.count - padded
            guard let digit = isPadding ? 0 : digits.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(digit)
            guard at % 4 == 3 else { continue }
            out += [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
            bits = 0
        }
        out.removeLast(padded)
        return out
    }
}
