// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceGraph

struct CFunctionReaderTests {
    private func read(_ text: String) throws(CFunctionFault) -> CFunction {
        let function = try CFunction(text)
        if let fault = function.check().first { throw fault }
        return function
    }

    /// The program without its first two words of every head line.
    private func program(_ text: String) throws(CFunctionFault) -> [String] {
        let function = try read(text)
        return function.program(library: function.library).split(separator: "\n").map(String.init)
    }

    @Test func `the shortest call has a library, a symbol and a result`() throws {
        let lines = try program("libc.so.6!abort()->void")
        #expect(
            lines == ["native 1", "library =libc.so.6", "symbol =abort", "flags", "result void"])
    }

    @Test func `every type of a scalar is read and sizes become 64 bits`() throws {
        for type in CFunction.Scalar.allCases {
            let lines = try program("./l.so!f(\(type) = $value.x) -> \(type) = $value.y")
            let name = type == .isize ? "i64" : type == .usize ? "u64" : type.rawValue
            #expect(lines[4] == "give \(name) at =$value.x")
            #expect(lines[5] == "result \(name) at =$value.y")
        }
    }

    @Test(arguments: [
        ("f64 = $value", "give f64 value"),
        ("f64 = $value.a", "give f64 at =$value.a"),
        ("f64 = $value.a[3].b", "give f64 at =$value.a[3].b"),
        ("f64 = $value[\"a b\"].c", "give f64 at =$value[\"a%20b\"].c"),
        ("f64 = $value[\"plain\"]", "give f64 at =$value.plain"),
        ("f64 = $value[\"q\\\"\"]", "give f64 at =$value[\"q\\\"\"]"),
        ("f64 = $value.1st", "give f64 at =$value[\"1st\"]"),
        ("f64 = $value.x ?? 2.5", "give f64 at =$value.x or =2.5"),
        ("i32 = $value.x ?? -1", "give i32 at =$value.x or =-1"),
        ("bool = $value.x ?? true", "give bool at =$value.x or =true"),
        ("f64 = 2.0", "give f64 number =2.0"),
        ("f64 = -.5e3", "give f64 number =-.5e3"),
        ("i8 = -128", "give i8 number =-128"),
        ("u64 = 18446744073709551615", "give u64 number =18446744073709551615"),
        ("bool = false", "give bool number =false"),
        ("usize = len($value)", "give u64 length value"),
        ("i32 = len($value.name)", "give i32 length at =$value.name"),
        ("u16 = len( $key )", "give u16 length key"),
        ("usize = len($payload)", "give u64 length payload"),
        ("i64 = $time", "give i64 time"),
        ("ptr = $value", "bytes value"),
        ("ptr = $value.name", "bytes at =$value.name"),
        ("ptr = $key", "bytes key"),
        ("ptr = $payload", "bytes payload"),
        ("ptr = state(64)", "state 64"),
        ("ptr = null", "null"),
        ("cstr = \"%.3f\\n\"", "text =%25.3f%0a"),
        ("cstr = \"\"", "text ="),
        ("cstr = $value", "string value"),
        ("cstr = $value.name", "string at =$value.name"),
        ("out f64 = $value.y", "take f64 at =$value.y"),
        ("out i32 = $value", "take i32 value"),
    ])
    func `an argument becomes a line`(argument: String, line: String) throws {
        #expect(try program("l.so!f(\(argument)) -> void")[4] == line)
        #expect(try program(" l.so ! f ( \(argument) ) -> void ")[4] == line)
    }

    @Test(arguments: [
        ("void", "void"), ("i32 = ignore", "i32 ignore"), ("f64 = ignore", "f64 ignore"),
        ("bool = filter", "bool filter"), ("i32 = filter", "i32 filter"),
        ("i32 = status", "i32 status"), ("f64 = $value", "f64 value"),
        ("u8 = $value.a.b", "u8 at =$value.a.b"), ("cstr = $value", "string value"),
        ("cstr = $value.name", "string at =$value.name"), ("ptr = ignore", "pointer"),
    ])
    func `a result becomes the last line`(result: String, line: String) throws {
        #expect(try program("l.so!f() -> \(result)").last == "result \(line)")
    }

    @Test func `a struct is a line and one for each member`() throws {
        let lines = try program(
            "l.so!f(struct{f64, i32} = {$value.x, 7}, u8 = 1) -> f64 = $value.y")
        #expect(
            Array(lines[4...]) == [
                "struct 2", "give f64 at =$value.x", "give i32 number =7", "give u8 number =1",
                "result f64 at =$value.y",
            ])
    }

    @Test func `what stands behind the dots is variadic`() throws {
        let text =
            "libc.so.6!snprintf(out ptr = buffer(64), usize = 64, cstr = \"%.3f\", ..., "
            + "f64 = $value.x) -> i32 = used"
        #expect(
            try Array(program(text)[4...]) == [
                "buffer 64", "give u64 number =64", "text =%25.3f", "variadic",
                "give f64 at =$value.x", "result i32 used",
            ])
    }

    @Test func `arrays and their number need one call for many records`() throws {
        let text =
            "./libfast.so!vscore(f64[] = $value.x, out f64[] = $value.y, usize = count) -> void "
            + "@vector @pure"
        #expect(
            try Array(program(text)[3...]) == [
                "flags pure vector", "column f64 at =$value.x", "fill f64 at =$value.y",
                "give u64 count", "result void",
            ])
    }

    @Test func `every attribute is read and the ones for the plugin are flags`() throws {
        let text =
            "l.so!f() -> cstr = $value @nonreentrant @blocking @errno @null_is_error @isolate"
        #expect(try program(text)[3] == "flags blocking errno null_is_error")
        #expect(try read(text).attributes.count == 5)
    }

    @Test func `a library with blanks stands in quotes`() throws {
        #expect(try read("\"./my lib.so\"!f() -> void").library == "./my lib.so")
    }

    @Test func `functions of libm that touch nothing are known to be pure`() throws {
        #expect(try read("libm.so.6!sqrt(f64 = $value) -> f64 = $value").isPure)
        #expect(try read("libm.so.6!sqrtf(f32 = $value) -> f32 = $value").isPure)
        #expect(try !read("libm.so.6!lgamma(f64 = $value) -> f64 = $value").isPure)
        #expect(try !read("libm.so.6!sqrt(f64 = $value) -> f64 = $value @nonreentrant").isPure)
        #expect(try !read("./libm.so.6!sqrt(f64 = $value) -> f64 = $value").isPure)
        #expect(try read("./libm.so.6!sqrt(f64 = $value) -> f64 = $value @pure").isPure)
    }

    @Test(arguments: [
        ("f64 = $value", "f64 = $value", "bytes", "text", false),
        ("f64 = $value.x", "f64 = $value", "json", "text", false),
        ("f64 = $value.x", "f64 = $value.y", "json", "json", false),
        ("f64 = 1", "f64 = $value.y", "json", "json", false),
        ("ptr = $value, usize = len($value)", "bool = filter", "bytes", "same(in)", true),
        ("ptr = $key, usize = len($key)", "i32 = status", "any", "same(in)", true),
        ("f64 = $value.x", "bool = filter", "json", "same(in)", true),
        ("out ptr = buffer(8), out usize = used", "void", "any", "bytes", false),
        ("cstr = $value", "cstr = $value", "bytes", "text", false),
    ])
    func `ports follow from what is read and set`(
        arguments: String, result: String, input: String, output: String, forwards: Bool
    ) throws {
        let text = "l.so!f(\(arguments)) -> \(result)"
        let bare = OperatorDescription(
            id: "native", version: "1.0.0", kind: .transform,
            inputs: [PortDescription(name: "in")], outputs: [PortDescription(name: "out")])
        let described = try read(text).describe(bare)
        #expect(described.inputs[0].schema == input)
        #expect(described.outputs[0].schema == output)
        #expect(described.outputs[0].forwards == forwards)
    }

    /// Text, column from 1, what the message begins with.
    static let broken: [(String, Int, String)] = [
        ("l.so!", 6, "expected the name of a C function, found the end"),
        ("l.so!1f() -> void", 6, "expected the name of a C function"),
        ("!f() -> void", 1, "expected the name of a library"),
        ("l o.so!f() -> void", 3, "expected `!` behind the library"),
        ("\"l.so!f() -> void", 1, "the text has no closing"),
        ("\"\"!f() -> void", 1, "the library has no name"),
        ("l.so!f -> void", 8, "expected `(` behind the function's name, found `-`"),
        ("l.so!f( -> void", 9, "expected a type or `out`, found `-`"),
        ("l.so!f()", 9, "expected `->` and the type of the result, found the end"),
        ("l.so!f() = void", 10, "expected `->`"),
        ("l.so!f() ->", 12, "expected the type of the result, found the end"),
        ("l.so!f() -> double = $value", 13, "`double` is no type"),
        ("l.so!f(double = $value) -> void", 8, "`double` is no type"),
        ("l.so!f(int = $value) -> void", 8, "`int` is no type"),
        ("l.so!f(f65 = $value) -> void", 8, "`f65` is no type"),
        ("l.so!f(f64 $value) -> void", 12, "expected `=`, found `$value`"),
        ("l.so!f(f64 = ) -> void", 14, "expected a number, `$value`"),
        ("l.so!f(f64 = value) -> void", 14, "expected a number, `$value`"),
        ("l.so!f(f64 = $values) -> void", 14, "expected `$value`, found `$values`"),
        ("l.so!f(f64 = $value.) -> void", 21, "expected the name of a field behind `.`"),
        ("l.so!f(f64 = $value[x]) -> void", 21, "expected an index such as `[0]`"),
        ("l.so!f(f64 = $value[-1]) -> void", 21, "expected an index such as `[0]`"),
        ("l.so!f(f64 = $value[1) -> void", 22, "expected `]`, found `)`"),
        ("l.so!f(f64 = $value[\"a]) -> void", 21, "the text has no closing"),
        ("l.so!f(f64 = $value[\"\"]) -> void", 21, "the name is empty"),
        ("l.so!f(f64 = $value ?? ) -> void", 24, "expected a number behind `??`"),
        ("l.so!f(i8 = $value ?? 200) -> void", 23, "`200` is no number that i8 holds"),
        ("l.so!f(u8 = -1) -> void", 13, "`-1` is no number that u8 holds"),
        ("l.so!f(i32 = 1.5) -> void", 14, "`1.5` is no number that i32 holds"),
        ("l.so!f(f64 = 1e999) -> void", 14, "`1e999` is no number that f64 holds"),
        ("l.so!f(f32 = 1e99) -> void", 14, "`1e99` is no number that f32 holds"),
        ("l.so!f(bool = 1) -> void", 15, "expected `true` or `false`, found `1`"),
        ("l.so!f(f64 = true) -> void", 14, "`true` is no number that f64 holds"),
        ("l.so!f(f64 = len($value)) -> void", 14, "`len` is an integer, not f64"),
        ("l.so!f(usize = len()) -> void", 20, "expected `$value`, `$key` or `$payload`"),
        ("l.so!f(u64 = $time) -> void", 14, "`$time` is an i64, not u64"),
        ("l.so!f(ptr = 5) -> void", 14, "expected `$value`, `$key`, `$payload`, `state(SIZE)`"),
        ("l.so!f(ptr = state()) -> void", 20, "expected a number of bytes"),
        ("l.so!f(ptr = state(0)) -> void", 20, "a size is at least 1"),
        ("l.so!f(out ptr = buffer(1048577)) -> void", 25, "a size is at least 1"),
        ("l.so!f(out ptr = $value) -> void", 18, "expected `buffer(SIZE)`"),
        ("l.so!f(out cstr = $value) -> void", 12, "`cstr` is no type"),
        ("l.so!f(cstr = \"a\\q\") -> void", 18, "expected one of \\n \\t \\r"),
        ("l.so!f(cstr = 5) -> void", 15, "expected a text in \"…\" or a field"),
        ("l.so!f(f64[3] = $value) -> void", 12, "expected `]`: the number of records"),
        ("l.so!f(struct{f64} = $value) -> void", 22, "expected `{` and the values"),
        ("l.so!f(struct{f64} = {1, 2}) -> void", 26, "expected `}`: the struct has 1 members"),
        ("l.so!f(struct{f64, i8} = {1}) -> void", 28, "expected `,` and 1 more values"),
        ("l.so!f(struct{ptr} = {1}) -> void", 15, "`ptr` is no type"),
        ("l.so!f(..., f64 = 1) -> void", 8, "C needs an argument before `...`"),
        ("l.so!f(i8 = 1, ..., i8 = 1, ...) -> void", 29, "`...` stands once at most"),
        ("l.so!f(i8 = 1,) -> void", 15, "expected a type or `out`, found `)`"),
        ("l.so!f(i8 = 1 i8 = 1) -> void", 15, "expected `,` or `)`, found `i8`"),
        ("l.so!f() -> f64 = filter", 19, "`filter` needs an integer, not f64"),
        ("l.so!f() -> bool = used", 20, "`used` needs an integer, not bool"),
        ("l.so!f() -> f64 = nothing", 19, "expected `$value`, `filter`"),
        ("l.so!f() -> ptr = $value", 19, "expected `ignore`"),
        ("l.so!f() -> void @pur", 18, "`@pur` is no attribute"),
        ("l.so!f() -> void @pure @pure", 24, "`@pure` appears twice"),
        ("l.so!f() -> void pure", 18, "expected an attribute"),
        // Contradictions.
        ("l.so!f(f64[] = $value.x) -> void", 8, "an array needs `@vector`"),
        ("l.so!f(i32 = count) -> void", 8, "`count` needs `@vector`"),
        ("l.so!f(f64[] = $value.x, u8 = count) -> void @vector", 26, "u8 cannot hold `count`"),
        ("l.so!f(f64[] = $value.x, f64 = $value.y) -> void @vector", 26, "`@vector` calls once"),
        ("l.so!f(f64[] = $value.x) -> f64 = $value.y @vector", 29, "one result for many"),
        ("l.so!f(i32 = 1) -> void @vector", 25, "`@vector` without an array"),
        ("l.so!f(out ptr = buffer(8)) -> void", 8, "nothing says how much of the buffer"),
        ("l.so!f(out usize = used) -> void", 8, "`used` is about a buffer"),
        ("l.so!f(out ptr = buffer(8), out usize = used) -> i32 = used", 50, "`used` is said once"),
        (
            "l.so!f(out ptr = buffer(8), out ptr = buffer(8)) -> i32 = used", 29,
            "one buffer at most"
        ),
        (
            "l.so!f(out ptr = buffer(8), out f64 = $value.x) -> i32 = used", 39,
            "the buffer is the new value"
        ),
        ("l.so!f(out f64 = $value.x) -> bool = filter", 18, "a filter passes records on"),
        ("l.so!f(out f64 = $value.x) -> f64 = $value.x", 37, "two results for $value.x"),
        ("l.so!f(out f64 = $value.x) -> f64 = $value.x.y", 37, "$value.x.y and $value.x are set"),
        ("l.so!f(out f64 = $value.x) -> f64 = $value", 37, "$value and $value.x are set"),
        ("l.so!f() -> void @pure @nonreentrant", 18, "`@pure` and `@nonreentrant`"),
        ("l.so!f(ptr = state(8)) -> void @pure", 32, "a function with `state(…)` is not pure"),
        ("l.so!f() -> void @null_is_error", 18, "`@null_is_error` is about a result"),
        ("l.so!f(f64[] = $value.x) -> void @vector @errno", 42, "`@errno` refuses one record"),
    ]

    @Test(arguments: broken)
    func `a broken call is told with its place`(text: String, column: Int, message: String) {
        let fault = #expect(throws: CFunctionFault.self) { _ = try read(text) }
        #expect(fault?.code == .signatureSyntax)
        #expect(fault?.place.offset == column - 1, "\(fault?.text ?? "")")
        #expect(fault?.text.hasPrefix(message) == true, "\(fault?.text ?? "")")
        #expect(fault?.next?.isEmpty == false)
    }

    @Test func `somebody who writes C is told what is written here`() {
        for (word, here) in [("double", "f64"), ("size_t", "usize"), ("char", "i8")] {
            let fault = #expect(throws: CFunctionFault.self) {
                _ = try read("l.so!f(\(word) = $value) -> void")
            }
            #expect(fault?.next == "write `\(here)`")
        }
    }

    @Test func `shapes that nothing can call have a code of their own`() throws {
        let many = Array(repeating: "i8 = 1", count: 65).joined(separator: ", ")
        let fields = Array(repeating: "f64", count: 9).joined(separator: ",")
        let values = Array(repeating: "1", count: 9).joined(separator: ",")
        let cases = [
            ("l.so!f(\(many)) -> void", 8 + 64 * 8, "more than 64 arguments"),
            ("l.so!f(struct{\(fields)} = {\(values)}) -> void", 8, "a struct of 72 bytes"),
            ("l.so!f(i8 = 1, ..., struct{i8} = {1}) -> void", 21, "a struct cannot be passed"),
        ]
        for (text, column, message) in cases {
            let fault = #expect(throws: CFunctionFault.self) { _ = try read(text) }
            #expect(fault?.code == .signatureShape)
            #expect(fault?.place.offset == column - 1)
            #expect(fault?.text.hasPrefix(message) == true)
        }
        let most = Array(repeating: "i8 = 1", count: 64).joined(separator: ", ")
        #expect(try read("l.so!f(\(most)) -> void").arguments.count == 64)
        #expect(CFunction.bytes(of: [member(.i8), member(.f64), member(.i16)]) == 24)
        #expect(CFunction.bytes(of: [member(.f32), member(.f32), member(.i8)]) == 12)
    }

    private func member(_ type: CFunction.Scalar) -> CFunction.Member {
        CFunction.Member(type: type, value: .count)
    }

    @Test func `whatever is written, it is read or refused within the text`() {
        var dice = Dice(state: 7)
        let whole =
            "l.so!f(struct{f64, i32} = {$value.x, 7}, ptr = state(3)) "
            + "-> cstr = $value[\"a b\"] @errno"
        let seeds = Self.broken.map(\.0) + [whole]
        for _ in 0..<20_000 {
            var text = Array(seeds[dice.roll(seeds.count)])
            for _ in 0..<(1 + dice.roll(4)) {
                let place = dice.roll(text.count + 1)
                switch dice.roll(3) {
                case 0: text.insert(Character(UnicodeScalar(UInt8(32 + dice.roll(95)))), at: place)
                case 1: if place < text.count { text.remove(at: place) }
                default: text.swapAt(dice.roll(text.count), dice.roll(text.count))
                }
                if text.isEmpty { text = ["x"] }
            }
            do throws(CFunctionFault) {
                _ = try read(String(text))
            } catch {
                #expect((0...text.count).contains(error.place.offset), "\(String(text))")
            }
        }
    }
}
