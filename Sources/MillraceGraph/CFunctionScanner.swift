// SPDX-License-Identifier: Apache-2.0

/// Characters of a text one after the other, with where they stand.
struct CFunctionScanner {
    private let characters: [Character]
    private(set) var offset = 0

    init(_ text: String) { characters = Array(text) }

    var isAtEnd: Bool { offset == characters.count }
    var next: Character? { isAtEnd ? nil : characters[offset] }

    mutating func skipBlanks() {
        while let next, next == " " || next == "\t" || next.isNewline { offset += 1 }
    }

    /// Takes the text if it comes next, blanks before it aside.
    mutating func take(_ text: String) -> Bool {
        skipBlanks()
        return takeHere(text)
    }

    /// The same without blanks before it.
    mutating func takeHere(_ text: String) -> Bool {
        let wanted = Array(text)
        guard offset + wanted.count <= characters.count,
            characters[offset..<offset + wanted.count].elementsEqual(wanted)
        else { return false }
        offset += wanted.count
        return true
    }

    /// The longest run of such characters; may be empty.
    mutating func run(while fits: (Character) -> Bool) -> String {
        let start = offset
        while let next, fits(next) { offset += 1 }
        return String(characters[start..<offset])
    }

    mutating func advance() { offset += isAtEnd ? 0 : 1 }
    mutating func back(to place: Int) { offset = place }

    /// What lies between `start` and here.
    func place(from start: Int) -> CFunction.Place {
        CFunction.Place(offset: start, length: max(1, offset - start))
    }

    /// The word that comes next, for a message.
    var found: (text: String, place: CFunction.Place) {
        var rest = self
        rest.skipBlanks()
        let start = rest.offset
        guard let first = rest.next else {
            return ("the end", CFunction.Place(offset: characters.count, length: 1))
        }
        let word = rest.run { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" || $0 == "@" }
        if word.isEmpty { rest.advance() }
        return ("`\(word.isEmpty ? String(first) : word)`", rest.place(from: start))
    }
}
