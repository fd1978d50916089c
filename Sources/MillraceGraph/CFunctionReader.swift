// SPDX-License-Identifier: Apache-2.0
// The notation for C functions; blanks may stand between any two tokens:
//
//   call      = library "!" symbol "(" [ arg { "," arg } ] ")" "->" result { attribute } ;
//   library   = { character except "!" and blanks } | string ;
//   symbol    = ( letter | "_" ) { letter | digit | "_" } ;
//   arg       = in | out | "..." ;                      (* once: what follows is variadic *)
//   in        = scalar "=" value
//             | "ptr" "=" ( bytes | "state(" int ")" | "null" )
//             | "cstr" "=" ( string | field )
//             | scalar "[]" "=" field                   (* @vector only *)
//             | "struct{" scalar { "," scalar } "}" "=" "{" value { "," value } "}" ;
//   out       = "out" ( "ptr" "=" "buffer(" int ")"     (* at most one *)
//             | scalar "=" ( "used" | field )           (* the function gets a pointer to it *)
//             | scalar "[]" "=" field ) ;               (* @vector only *)
//   result    = "void" | scalar "=" sink | "cstr" "=" field | "ptr" "=" "ignore" ;
//   sink      = field | "filter" | "status" | "used" | "ignore" ;
//   value     = number | "true" | "false" | field [ "??" number ] | "len(" bytes ")"
//             | "count" | "$time" ;
//   bytes     = "$value" [ path ] | "$key" | "$payload" ;
//   field     = "$value" [ path ] ;                     (* without path: the whole value *)
//   path      = part { part } ;
//   part      = "." name | "[" int "]" | "[" string "]" ;
//   scalar    = "bool" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "f32"
//             | "f64" | "isize" | "usize" ;
//   attribute = "@pure" | "@vector" | "@nonreentrant" | "@blocking" | "@errno"
//             | "@null_is_error" | "@isolate" ;
//
// The one reader of it. A fault is MR3201 with what was expected; a call that is well written
// and that nothing can make is for `CFunction.check`.
import MillraceCore

extension CFunction {
    /// Throws the first fault.
    package init(_ text: String) throws(CFunctionFault) {
        var reader = CFunctionReader(scanner: CFunctionScanner(text))
        self = try reader.call()
    }
}

struct CFunctionReader {
    var scanner: CFunctionScanner
    private static let textMax = 1024

    mutating func call() throws(CFunctionFault) -> CFunction {
        scanner.skipBlanks()
        var places = CFunction.Places()
        var start = scanner.offset
        let library = try library()
        places.library = scanner.place(from: start)
        try expect("!", "`!` behind the library")
        scanner.skipBlanks()
        start = scanner.offset
        let symbol = scanner.run { Self.isName($0) }
        guard let first = symbol.first, !first.isNumber else {
            scanner.back(to: start)
            throw expected("the name of a C function")
        }
        places.symbol = scanner.place(from: start)
        try expect("(", "`(` behind the function's name")
        var function = CFunction(
            library: library, symbol: symbol, arguments: [], result: .nothing, places: places)
        try arguments(into: &function)
        try expect("->", "`->` and the type of the result")
        scanner.skipBlanks()
        start = scanner.offset
        function.result = try result()
        function.places.result = scanner.place(from: start)
        try attributes(into: &function)
        return function
    }

    private mutating func library() throws(CFunctionFault) -> String {
        if scanner.next == "\"" {
            let name = try string()
            if name.isEmpty { throw fault(scanner.place(from: 0), "the library has no name") }
            return name
        }
        let name = scanner.run { $0 != "!" && !$0.isWhitespace }
        if name.isEmpty { throw expected("the name of a library") }
        return name
    }

    private mutating func arguments(into function: inout CFunction) throws(CFunctionFault) {
        if scanner.take(")") { return }
        repeat {
            scanner.skipBlanks()
            let start = scanner.offset
            if scanner.take("...") {
                if function.fixedCount != nil {
                    throw fault(scanner.place(from: start), "`...` stands once at most")
                }
                if function.arguments.isEmpty {
                    throw fault(
                        scanner.place(from: start), "C needs an argument before `...`")
                }
                function.fixedCount = function.arguments.count
                continue
            }
            let kind = try argument()
            function.arguments.append(
                CFunction.Argument(kind: kind, place: scanner.place(from: start)))
        } while scanner.take(",")
        try expect(")", "`,` or `)`")
        if function.fixedCount == function.arguments.count { function.fixedCount = nil }
    }

    private mutating func argument() throws(CFunctionFault) -> CFunction.Argument.Kind {
        scanner.skipBlanks()
        let start = scanner.offset
        let word = scanner.run { Self.isName($0) }
        switch word {
        case "out": return try output()
        case "ptr":
            try equals()
            return try pointer()
        case "cstr":
            try equals()
            scanner.skipBlanks()
            if scanner.next == "\"" { return .text(try string()) }
            return .string(try field("a text in \"…\" or a field"))
        case "struct": return .structure(try structure())
        default: break
        }
        let type = try scalar(word, from: start, "a type or `out`")
        if try brackets() {
            try equals()
            return .column(type, try field("a field"))
        }
        try equals()
        return .scalar(CFunction.Member(type: type, value: try value(type)))
    }

    private mutating func output() throws(CFunctionFault) -> CFunction.Argument.Kind {
        scanner.skipBlanks()
        let start = scanner.offset
        let word = scanner.run { Self.isName($0) }
        if word == "ptr" {
            try equals()
            guard scanner.take("buffer") else { throw expected("`buffer(SIZE)`") }
            return .buffer(try size())
        }
        let type = try scalar(word, from: start, "`ptr` or a scalar type behind `out`")
        if try brackets() {
            try equals()
            return .takeColumn(type, try field("a field"))
        }
        try equals()
        if scanner.take("used") { return .takeUsed(type) }
        return .take(type, try field("`used` or a field"))
    }

    private mutating func pointer() throws(CFunctionFault) -> CFunction.Argument.Kind {
        if scanner.take("null") { return .null }
        if scanner.take("state") { return .state(try size()) }
        return .bytes(try bytes("`$value`, `$key`, `$payload`, `state(SIZE)` or `null`"))
    }

    private mutating func structure() throws(CFunctionFault) -> [CFunction.Member] {
        try expect("{", "`{` and the types of the members")
        var types: [CFunction.Scalar] = []
        repeat {
            scanner.skipBlanks()
            let start = scanner.offset
            let word = scanner.run { Self.isName($0) }
            types.append(try scalar(word, from: start, "the type of a member"))
        } while scanner.take(",")
        try expect("}", "`,` or `}`")
        try equals()
        try expect("{", "`{` and the values of the members")
        var members: [CFunction.Member] = []
        repeat {
            scanner.skipBlanks()
            guard members.count < types.count else {
                throw expected("`}`: the struct has \(types.count) members")
            }
            let type = types[members.count]
            members.append(CFunction.Member(type: type, value: try value(type)))
        } while scanner.take(",")
        guard members.count == types.count else {
            throw expected("`,` and \(types.count - members.count) more values")
        }
        try expect("}", "`}`")
        return members
    }

    private mutating func value(_ type: CFunction.Scalar) throws(CFunctionFault) -> CFunction.Value
    {
        scanner.skipBlanks()
        let start = scanner.offset
        if scanner.take("$time") {
            guard type == .i64 || type == .isize else {
                throw fault(scanner.place(from: start), "`$time` is an i64, not \(type)")
            }
            return .time
        }
        if scanner.next == "$" {
            let path = try field("`$value`")
            guard scanner.take("??") else { return .field(path, fallback: nil) }
            return .field(path, fallback: try number(type, "a number behind `??`"))
        }
        let word = scanner.run { Self.isName($0) }
        if word == "len" || word == "count" {
            guard type.isInteger else {
                throw fault(scanner.place(from: start), "`\(word)` is an integer, not \(type)")
            }
        }
        if word == "count" { return .count }
        if word == "len" {
            try expect("(", "`(` behind `len`")
            let bytes = try bytes("`$value`, `$key` or `$payload`")
            try expect(")", "`)`")
            return .length(bytes)
        }
        scanner.back(to: start)
        let wanted = type == .bool ? "`true`, `false`" : "a number"
        return .number(try number(type, "\(wanted), `$value`, `len(…)`, `count` or `$time`"))
    }

    private mutating func number(
        _ type: CFunction.Scalar, _ wanted: String
    ) throws(CFunctionFault) -> String {
        scanner.skipBlanks()
        let start = scanner.offset
        let text = scanner.run { Self.isName($0) || $0 == "." || $0 == "-" || $0 == "+" }
        guard let first = text.first,
            first.isNumber || first == "-" || first == "." || text == "true" || text == "false"
        else {
            scanner.back(to: start)
            throw expected(wanted)
        }
        guard CFunctionNumber.fits(text, type) else {
            throw fault(
                scanner.place(from: start),
                type == .bool
                    ? "expected `true` or `false`, found `\(text)`"
                    : "`\(text)` is no number that \(type) holds")
        }
        return text
    }

    private mutating func result() throws(CFunctionFault) -> CFunction.Result {
        let start = scanner.offset
        let word = scanner.run { Self.isName($0) }
        switch word {
        case "void": return .nothing
        case "cstr":
            try equals()
            return .text(try field("a field"))
        case "ptr":
            try equals()
            guard scanner.take("ignore") else {
                throw expected("`ignore`: a pointer that is returned leads nowhere here")
            }
            return .pointer
        default: break
        }
        let type = try scalar(word, from: start, "the type of the result")
        try equals()
        scanner.skipBlanks()
        let place = scanner.offset
        if scanner.next == "$" { return .field(type, try field("`$value`")) }
        let sink = scanner.run { Self.isName($0) }
        switch sink {
        case "filter" where !type.isFloat: return .filter(type)
        case "status" where !type.isFloat: return .status(type)
        case "used" where type.isInteger: return .used(type)
        case "ignore": return .ignored(type)
        case "filter", "status", "used":
            throw fault(scanner.place(from: place), "`\(sink)` needs an integer, not \(type)")
        default:
            scanner.back(to: place)
            throw expected("`$value`, `filter`, `status`, `used` or `ignore`")
        }
    }

    private mutating func attributes(into function: inout CFunction) throws(CFunctionFault) {
        scanner.skipBlanks()
        while !scanner.isAtEnd {
            let start = scanner.offset
            guard scanner.take("@") else { throw expected("an attribute (`@pure` …) or the end") }
            let name = scanner.run { Self.isName($0) }
            let known = CFunction.Attribute.allCases.map(\.rawValue)
            guard let attribute = CFunction.Attribute(rawValue: name) else {
                throw CFunctionFault(
                    .signatureSyntax, at: scanner.place(from: start),
                    "`@\(name)` is no attribute",
                    next: Nearest.name(to: name, among: known).map { "did you mean `@\($0)`?" }
                        ?? "known: \(known.map { "@\($0)" }.joined(separator: ", "))")
            }
            guard function.attributes.insert(attribute).inserted else {
                throw fault(scanner.place(from: start), "`@\(name)` appears twice")
            }
            function.places.attributes[attribute] = scanner.place(from: start)
            scanner.skipBlanks()
        }
    }
}

/// Places in the record, texts, and small things.
extension CFunctionReader {
    private mutating func bytes(_ wanted: String) throws(CFunctionFault) -> CFunction.Bytes {
        if scanner.take("$key") { return .key }
        if scanner.take("$payload") { return .payload }
        return .value(try field(wanted))
    }

    private mutating func field(_ wanted: String) throws(CFunctionFault) -> CFunction.Path {
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
    private mutating func string() throws(CFunctionFault) -> String {
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

    private mutating func size() throws(CFunctionFault) -> Int {
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

    private mutating func brackets() throws(CFunctionFault) -> Bool {
        guard scanner.take("[") else { return false }
        try expect("]", "`]`: the number of records is not written")
        return true
    }

    private mutating func equals() throws(CFunctionFault) { try expect("=", "`=`") }

    private mutating func expect(
        _ text: String, _ wanted: String
    ) throws(CFunctionFault) {
        guard scanner.take(text) else { throw expected(wanted) }
    }

    private func scalar(
        _ word: String, from start: Int, _ wanted: String
    ) throws(CFunctionFault) -> CFunction.Scalar {
        if let type = CFunction.Scalar(rawValue: word) { return type }
        if word.isEmpty { throw expected(wanted) }
        throw CFunctionFault(
            .signatureSyntax, at: scanner.place(from: start), "`\(word)` is no type",
            next: CFunctionTypes.next(word))
    }

    private func expected(_ wanted: String) -> CFunctionFault {
        let found = scanner.found
        return fault(found.place, "expected \(wanted), found \(found.text)")
    }

    private func fault(_ place: CFunction.Place, _ text: String) -> CFunctionFault {
        CFunctionFault(
            .signatureSyntax, at: place, text,
            next: "the notation: `millrace explain MR3201`")
    }

    private static func isName(_ character: Character) -> Bool {
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
