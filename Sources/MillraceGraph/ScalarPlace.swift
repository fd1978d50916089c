// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Places inside a text value: an expression is wrong at its fifth character, not as a whole.
extension TreeValue {
    /// The place of a part of the text, given in UTF-8 bytes of it. Exact for a word and for a
    /// scalar on one line, plain or quoted; else the place of the whole value.
    package func place(ofBytes offset: Int, length: Int) -> Mark {
        guard case .text(let text) = content, text == raw, offset >= 0, length >= 0,
            let begin = columns(before: offset, in: text)
        else { return mark }
        let end = columns(before: min(offset + length, text.utf8.count), in: text) ?? begin
        var place = mark
        place.column += begin
        place.length = max(1, end - begin)
        return place
    }

    /// The same for a part given in characters.
    func place(ofCharacters offset: Int, length: Int) -> Mark {
        guard case .text(let text) = content else { return mark }
        let before = text.prefix(offset)
        let bytes = before.utf8.count
        return place(ofBytes: bytes, length: text.dropFirst(offset).prefix(length).utf8.count)
    }

    /// Characters of the file between the value's begin and the byte `offset` of its text; nil
    /// when the text does not stand in the file as it is.
    private func columns(before offset: Int, in text: String) -> Int? {
        guard offset <= text.utf8.count else { return nil }
        if let written { return Quoted(written).characters(before: offset) }
        guard origin != .quoted, mark.length == max(1, text.count) else { return nil }
        let end = text.utf8.index(text.startIndex, offsetBy: offset)
        return text[..<end].count
    }
}

/// A quoted scalar of one line as it is written, and what its characters stand for.
struct Quoted {
    private let characters: [Character]

    /// With its quotes.
    init(_ written: String) { characters = Array(written) }

    /// Characters from the opening quote, itself included, to what stands for byte `offset`.
    func characters(before offset: Int) -> Int? {
        guard let quote = characters.first else { return nil }
        var bytes = 0
        var index = 1
        while index < characters.count, bytes < offset {
            let (taken, given) =
                quote == "\"" ? doubleQuoted(index) : singleQuoted(index, quote)
            if bytes + given > offset { break }
            bytes += given
            index += taken
        }
        return bytes <= offset && index < characters.count ? index : nil
    }

    /// Characters taken and bytes given.
    private func singleQuoted(_ index: Int, _ quote: Character) -> (Int, Int) {
        let isPair = characters[index] == quote
        return (isPair ? 2 : 1, characters[index].utf8.count)
    }

    private func doubleQuoted(_ index: Int) -> (Int, Int) {
        let character = characters[index]
        guard character == "\\", index + 1 < characters.count else {
            return (1, character.utf8.count)
        }
        let digits: Int
        switch characters[index + 1] {
        case "x": digits = 2
        case "u": digits = 4
        case "U": digits = 8
        case "N", "_": return (2, 2)
        case "L", "P": return (2, 3)
        default: return (2, 1)
        }
        let first = min(index + 2, characters.count)
        let code = characters[first..<min(first + digits, characters.count)]
        let scalar = UInt32(String(code), radix: 16).flatMap(Unicode.Scalar.init)
        return (2 + digits, scalar.map { Character($0).utf8.count } ?? 1)
    }
}
