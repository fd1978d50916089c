// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Places in the record, and texts.
extension CFunctionReader {
    private static let textMax = 1024

    mutating func bytes(_ wanted: String) throws(CFunctionFault) -> CFunction.Bytes {
        if scanner.take("$key") { return .key }
        if scanner.take("$payload") { return .payload }
        return .value(try field(wanted))
    }

    mutating func field(_ wanted: String) throws(CFunctionFault) -> CFunction.Path {
        scanner.skipBlanks()
        let start = scanner.offset
        guard scanner.takeHere("$value") else { throw expected(wanted) }
        if let next = scanner.next, Self.isName(next) {
            scanner.back(to: start)
            throw expected(wanted)
        }
        var path = CFunction.Path()
        while let next = scanner.next, next == "." || next == "[" {
            scanner.advance()
            path.parts.append(next == "." ? try name() : try index())
            if path.parts.count > 32 {
                throw fault(scanner.place(from: start), "the path has more than 32 parts")
            }
        }
        path.place = scanner.place(from: start)
        return path
    }

    private mutating func name() throws(CFunctionFault) -> CFunction.Path.Part {
        let name = scanner.run { Self.isName($0) || $0 == "$" }
        if name.isEmpty { throw expected("the name of a field behind `.`") }
        return .name(name)
    }

    private mutating func index() throws(CFunctionFault) -> CFunction.Path.Part {
        scanner.skipBlanks()
        let part: CFunction.Path.Part
        if scanner.next == "\"" {
            let start = scanner.offset
            let name = try string()
            if name.isEmpty { throw fault(scanner.place(from: start), "the name is empty") }
            part = .name(name)
        } else {
            let start = scanner.offset
            let digits = scanner.run { ("0"..."9").contains($0) }
            guard let number = Int32(digits) else {
                scanner.back(to: start)
                throw expected("an index such as `[0]`, or a name such as `[\"a b\"]`")
            }
            part = .element(Int(number))
        }
        try expect("]", "`]`")
        return part
    }

    /// At its opening quote.
    mutating func string() throws(CFunctionFault) -> String {
        let start = scanner.offset
        scanner.advance()
        var text = ""
        while let next = scanner.next, next != "\"" {
            scanner.advance()
            guard next == "\\" else {
                text.append(next)
                continue
            }
            let escapes: [Character: Character] = [
                "n": "\n", "t": "\t", "r": "\r", "\"": "\"", "\\": "\\",
            ]
            guard let letter = scanner.next, let meant = escapes[letter] else {
                throw expected("one of \\n \\t \\r \\\" \\\\")
            }
            scanner.advance()
            text.append(meant)
        }
        guard scanner.takeHere("\"") else {
            throw fault(scanner.place(from: start), "the text has no closing `\"`")
        }
        guard text.utf8.count <= Self.textMax, !text.utf8.contains(0) else {
            throw fault(
                scanner.place(from: start), "a text has at most \(Self.textMax) bytes, and no NUL")
        }
        return text
    }
}
