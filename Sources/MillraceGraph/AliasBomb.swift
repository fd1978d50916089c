// SPDX-License-Identifier: Apache-2.0

/// Looks at the text of a file before it is parsed.
///
/// Aliases are expanded with a count, so an expansion bomb as a *value* ends at the limit. As a
/// *key* it would be hashed by the parser before anybody can count: twenty levels take for ever.
/// Such a file needs an alias or a bracketed key before a colon, or a `?` key, and at least 24
/// aliases (fewer cannot expand to more than 3⁸ values).
enum AliasBomb {
    static let aliasesHarmless = 24
    private static let signs = Array("*?]}".utf8)

    /// The line of the first such key when the file has enough aliases to matter.
    static func keysThatExpand(_ text: String) -> Int? {
        var aliases = 0
        var suspect: Int?
        var line = 1
        var previous = UInt8(ascii: "\n")
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            let byte = bytes[index]
            defer {
                if byte == UInt8(ascii: "\n") { line += 1 }
                previous = byte
            }
            // Nearly all bytes are none of these.
            guard Self.signs.contains(byte) else { continue }
            let begins = " \t\n\r[{,:-?".utf8.contains(previous)
            let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: "\n")
            let blank = " \t\n\r".utf8.contains(next)
            if byte == UInt8(ascii: "*"), begins, !blank {
                aliases += 1
                if colonFollows(bytes, skipName(bytes, index + 1)) { suspect = suspect ?? line }
            } else if byte == UInt8(ascii: "?"), begins, blank {
                suspect = suspect ?? line
            } else if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}"),
                colonFollows(bytes, index + 1)
            {
                suspect = suspect ?? line
            }
        }
        return aliases > aliasesHarmless ? suspect : nil
    }

    private static func skipName(_ bytes: [UInt8], _ start: Int) -> Int {
        var index = start
        while index < bytes.count, !" \t\n\r[]{},".utf8.contains(bytes[index]) { index += 1 }
        // `*a:` reads as an alias named `a:` to some and as a key to others.
        return index > start && bytes[index - 1] == UInt8(ascii: ":") ? index - 1 : index
    }

    private static func colonFollows(_ bytes: [UInt8], _ start: Int) -> Bool {
        var index = start
        while index < bytes.count, " \t\n\r".utf8.contains(bytes[index]) { index += 1 }
        return index < bytes.count && bytes[index] == UInt8(ascii: ":")
    }
}
