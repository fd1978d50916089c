// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Sizes, types and signs, and what is said where something else stands.
extension CFunctionReader {
    mutating func size() throws(CFunctionFault) -> Int {
        try expect("(", "`(` and a number of bytes")
        scanner.skipBlanks()
        let start = scanner.offset
        let digits = scanner.run { ("0"..."9").contains($0) }
        guard let size = Int(digits), (1...CFunction.memoryMax).contains(size) else {
            if digits.isEmpty { throw expected("a number of bytes") }
            throw fault(
                scanner.place(from: start),
                "a size is at least 1 and at most \(CFunction.memoryMax), not \(digits)")
        }
        try expect(")", "`)`")
        return size
    }

    mutating func brackets() throws(CFunctionFault) -> Bool {
        guard scanner.take("[") else { return false }
        try expect("]", "`]`: the number of records is not written")
        return true
    }

    mutating func equals() throws(CFunctionFault) { try expect("=", "`=`") }

    mutating func expect(
        _ text: String, _ wanted: String
    ) throws(CFunctionFault) {
        guard scanner.take(text) else { throw expected(wanted) }
    }

    func scalar(
        _ word: String, from start: Int, _ wanted: String
    ) throws(CFunctionFault) -> CFunction.Scalar {
        if let type = CFunction.Scalar(rawValue: word) { return type }
        if word.isEmpty { throw expected(wanted) }
        throw CFunctionFault(
            .signatureSyntax, at: scanner.place(from: start), "`\(word)` is no type",
            next: CFunctionTypes.next(word))
    }

    func expected(_ wanted: String) -> CFunctionFault {
        let found = scanner.found
        return fault(found.place, "expected \(wanted), found \(found.text)")
    }

    func fault(_ place: CFunction.Place, _ text: String) -> CFunctionFault {
        CFunctionFault(
            .signatureSyntax, at: place, text,
            next: "the notation: `millrace explain MR3201`")
    }

    static func isName(_ character: Character) -> Bool {
        character == "_" || (character.isASCII && (character.isLetter || character.isNumber))
    }
}

/// What somebody who knows C may write, and what is written here.
enum CFunctionTypes {
    static func next(_ word: String) -> String {
        let here: [String: String] = [
            "double": "f64", "float": "f32", "char": "i8", "short": "i16", "int": "i32",
            "long": "i64", "unsigned": "u32", "size_t": "usize", "ssize_t": "isize",
            "int8_t": "i8", "int16_t": "i16", "int32_t": "i32", "int64_t": "i64",
            "uint8_t": "u8", "uint16_t": "u16", "uint32_t": "u32", "uint64_t": "u64",
            "_Bool": "bool", "string": "cstr", "str": "cstr", "pointer": "ptr",
        ]
        if let known = here[word] { return "write `\(known)`" }
        let all = CFunction.Scalar.allCases.map(\.rawValue) + ["ptr", "cstr", "struct", "void"]
        return Nearest.question(word, all) ?? "types: \(all.joined(separator: " "))"
    }
}
