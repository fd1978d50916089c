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
