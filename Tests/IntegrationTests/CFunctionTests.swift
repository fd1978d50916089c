// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// C functions in topologies: of the libraries of the system, and of one that is built here.
@Suite struct CFunctionTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "NativeTests")

    /// `./libsample.so` of `Tests/NativeTests/SOURCE.c`.
    private func library(_ source: String = "sample", _ flags: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["cc", "-w", "-O1", "-shared", "-fPIC"] + flags + [
                Self.sources.appending(path: "\(source).c").path, "-lm", "-o",
                sandbox.folder.appending(path: "lib\(source).so").path,
            ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Runs functions over lines of text, one after the other.
    private func lines(
        _ functions: String..., of input: String, more: [String] = []
    ) throws -> Running.Result {
        let file = try sandbox.file("in.txt", input)
        var words = ["run", "-q", "file.source", "path=\(file)", "!", "lines"]
        for function in functions { words += ["!", function, "on_error=fail"] + more }
        return try sandbox.start(words + ["!", "stdout"]).end()
    }

    /// The same over lines of JSON.
    private func json(_ functions: String..., of input: String) throws -> Running.Result {
        let file = try sandbox.file("in.ndjson", input)
        var words = ["run", "-q", "file.source", "path=\(file)", "!", "lines", "!", "json.decode"]
        for function in functions { words += ["!", function, "on_error=fail"] }
        return try sandbox.start(words + ["!", "stdout"]).end()
    }

    @Test func `square roots are those of awk`() throws {
        let numbers = (0..<2000).map { "\(Double($0 * $0 % 977) * 1.25 / Double($0 + 1))" }
        let file = try sandbox.file("n.txt", numbers.joined(separator: "\n") + "\n")
        let result = try lines(
            "libm.so.6!sqrt(f64 = $value) -> f64 = $value", of: numbers.joined(separator: "\n"))
        #expect(result.code == 0, "\(result.err)")
        let awk = Process()
        let pipe = Pipe()
        awk.executableURL = URL(filePath: "/usr/bin/env")
        awk.arguments = ["awk", "{printf \"%.17g\\n\", sqrt($1)}", file]
        awk.standardOutput = pipe
        try awk.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let expected = text.split(separator: "\n").map { Double($0) }
        #expect(expected.count == 2000)
        #expect(result.lines.map { Double($0) } == expected)
        // Each as short as Swift writes it, whose numbers have a fraction.
        let shortest = result.lines.compactMap { Double($0) }.map {
            "\($0)".hasSuffix(".0") ? String("\($0)".dropLast(2)) : "\($0)"
        }
        #expect(result.lines.map(String.init) == shortest)
    }

    @Test(arguments: [
        ("libc.so.6!strlen(cstr = $value) -> usize = $value", "hello", "5"),
        (
            "libz.so.1!crc32(u64 = 0, ptr = $value, u32 = len($value)) -> u64 = $value", "abc",
            "891568578"
        ),
        ("libc.so.6!atoi(cstr = $value) -> i32 = $value", "-42 bottles", "-42"),
        ("libm.so.6!pow(f64 = $value, f64 = 0.5) -> f64 = $value", "2", "1.4142135623730951"),
        ("libm.so.6!sqrtf(f32 = $value) -> f32 = $value", "2", "1.4142135"),
        (
            "libc.so.6!labs(i64 = $value) -> i64 = $value", " -9223372036854775807\r",
            "9223372036854775807"
        ),
        ("libm.so.6!sqrt(f64 = $value) -> f64 = $value", "-1", "-nan"),
        ("libm.so.6!log(f64 = $value) -> f64 = $value", "0", "-inf"),
        ("libm.so.6!fabs(f64 = $value ?? 1.5) -> f64 = $value", "no number", "1.5"),
        (
            "libc.so.6!snprintf(out ptr = buffer(32), usize = 32, cstr = \"<%s %.2f %d>\", ..., "
                + "cstr = $value, f32 = 0.5, i8 = -3) -> i32 = used", "x", "<x 0.50 -3>"
        ),
        ("libc.so.6!toupper(i32 = 107) -> i32 = ignore", "as it was", "as it was"),
        ("libc.so.6!strerror(i32 = 2) -> cstr = $value", "x", "No such file or directory"),
    ])
    func `functions of the system work on text`(
        function: String, input: String, output: String
    ) throws {
        let result = try lines(function, of: input)
        #expect(result.code == 0, "\(result.err)")
        let shown = result.out == "nan\n" ? "-nan\n" : result.out
        #expect(shown == output + "\n")
    }

    @Test func `fields are read and set and nothing else changes`() throws {
        let input = #"{ "x" : 2, "big":12345678901234567890, "o": {"a": [1, 2]} , "s":"\u00e4" }"#
        let result = try json(
            "libm.so.6!pow(f64 = $value.x, f64 = $value.o.a[1]) -> f64 = $value.o.a[0]",
            "libm.so.6!sqrt(f64 = $value.x) -> f64 = $value.new.deep[\"a b\"]",
            "libm.so.6!modf(f64 = 2.5, out f64 = $value.o.whole) -> f64 = $value.x",
            "libc.so.6!strlen(cstr = $value.s) -> usize = $value.bytes", of: input)
        #expect(result.code == 0, "\(result.err)")
        let expected =
            #"{ "x" : 0.5, "big":12345678901234567890, "o": {"a": [4, 2],"whole":2} , "#
            + #""s":"\u00e4","new":{"deep":{"a b":1.4142135623730951}},"bytes":2 }"#
        #expect(result.out == expected + "\n")
    }

    @Test func `two results that share a new object are put into one`() throws {
        let result = try json(
            "libm.so.6!modf(f64 = $value.x, out f64 = $value.r.whole) -> f64 = $value.r.rest",
            of: "{\"x\":3.25}\n{\"x\":-1.5,\"r\":{}}")
        #expect(
            result.out == """
                {"x":3.25,"r":{"whole":3,"rest":0.25}}
                {"x":-1.5,"r":{"whole":-1,"rest":-0.5}}

                """)
    }

    /// Function, record, what the refusal says.
    static let refused: [(String, String, String)] = [
        ("f(f64 = $value.x) -> f64 = $value.y", #"{"y":1}"#, "$value.x: there is no such field"),
        ("f(f64 = $value.x) -> f64 = $value.y", #"{"x":null}"#, "$value.x: it is null"),
        (
            "f(f64 = $value.x) -> f64 = $value.y", #"{"x":"2"}"#,
            "expected a number, found \"\"2\"\""
        ),
        ("byte(i8 = $value.x) -> i8 = $value.y", #"{"x":128}"#, "\"128\" does not fit into i8"),
        ("byte(i8 = $value.x) -> i8 = $value.y", #"{"x":1.5}"#, "\"1.5\" does not fit into i8"),
        ("large(u64 = $value.x) -> u64 = $value.y", #"{"x":-1}"#, "\"-1\" does not fit into u64"),
        ("flips(bool = $value.x) -> bool = $value.y", #"{"x":1}"#, "expected true or false"),
        ("f(f64 = $value.x) -> f64 = $value.y.z", #"{"x":1,"y":5}"#, "$value.y is no JSON object"),
        ("f(f64 = $value.x) -> f64 = $value.l[3]", #"{"x":1,"l":[]}"#, "there is no $value.l[3]"),
        ("f(f64 = 1) -> f64 = $value.y", "[1]", "is no JSON object"),
        ("strlen(cstr = $value.s) -> usize = $value.n", #"{"s":"a\u0000b"}"#, "has a NUL in it"),
        ("log(f64 = 0) -> f64 = $value.y", "{}", "JSON has no number for -inf"),
        ("sets_errno(i32 = 2) -> i32 = ignore @errno", "{}", "No such file or directory"),
        ("sets_errno(i32 = 7) -> i32 = status", "{}", "sets_errno returned 7"),
        ("name_of(i32 = 9) -> cstr = $value.n @null_is_error", "{}", "name_of returned NULL"),
        ("name_of(i32 = 3) -> cstr = $value.n", "{}", "a text that is not UTF-8"),
        (
            "says(i32 = 9, out ptr = buffer(8)) -> i32 = used", "{}",
            "used 9 bytes of its buffer of 8"
        ),
        ("says(i32 = -1, out ptr = buffer(8)) -> i32 = used", "{}", "used -1 bytes"),
    ]

    @Test(arguments: refused)
    func `a record that does not fit is refused with the reason`(
        function: String, record: String, says: String
    ) throws {
        try library()
        let name = function.prefix { $0 != "(" }
        let system = ["f": "fabs", "strlen": "strlen", "log": "log"]
        let place = system[String(name)].map { "libm.so.6!\($0)" }
        let call = (place ?? "./libsample.so!\(name)") + function.dropFirst(name.count)
        let result = try json(call.replacing("m.so.6!strlen", with: "c.so.6!strlen"), of: record)
        #expect(result.code == 1)
        #expect(result.err.contains("error MR4005"), "\(result.err)")
        #expect(result.err.contains(says), "\(result.err)")
        #expect(result.err.contains("refused record 0"), "\(result.err)")
    }

    @Test func `records before a refused one come out`() throws {
        let input = "1\n4\nfour\n9\n"
        let result = try lines("libm.so.6!sqrt(f64 = $value) -> f64 = $value", of: input)
        #expect(result.code == 1)
        #expect(result.err.contains("refused record 2"), "\(result.err)")
        #expect(result.err.contains("expected a number, found \"four\""), "\(result.err)")
    }

    /// Function, record, what comes out.
    static let kept: [(String, String, String)] = [
        (
            "distance(struct{f64,f64} = {$value.x, $value.y}, struct{f64,f64} = {0, 1})"
                + " -> f64 = $value.d",
            #"{"x":3,"y":5}"#, #"{"x":3,"y":5,"d":25}"#
        ),
        (
            "describe(struct{i8,f32,u64} = {$value.k, 0.5, 7}, i32 = 10) -> i64 = $value.d",
            #"{"k":-2}"#, #"{"k":-2,"d":-1994993}"#
        ),
        (
            "mix(bool = true, i8 = -1, u8 = 200, i16 = -300, u16 = 60000, i32 = -70000, "
                + "u32 = 4000000000, i64 = $value.h, u64 = 5, f32 = 0.25, f64 = $value.k)"
                + " -> f64 = $value.sum",
            #"{"h":-9,"k":0.5}"#, #"{"h":-9,"k":0.5,"sum":3999989896.75}"#
        ),
        (
            "name_of(i32 = $value.n) -> cstr = $value.name", #"{"n":1}"#,
            #"{"n":1,"name":"one \"1\""}"#
        ),
        (
            "name_of(i32 = $value.n) -> cstr = $value.name", #"{"n":2}"#,
            #"{"n":2,"name":"two\u000a"}"#
        ),
        (
            "name_of(i32 = $value.n) -> cstr = $value.name", #"{"n":9,"name":"x"}"#,
            #"{"n":9,"name":null}"#
        ),
        (
            "large(u64 = $value.n) -> u64 = $value.n", #"{"n":18446744073709551615}"#,
            #"{"n":18446744073709551615}"#
        ),
        ("narrow(f32 = $value.n) -> f32 = $value.n", #"{"n":0.1}"#, #"{"n":0.1}"#),
        ("flips(bool = $value.b) -> bool = $value.b", #"{"b":true}"#, #"{"b":false}"#),
        ("byte(i8 = $value.b ?? 5) -> i8 = $value.b", #"{"b":1000}"#, #"{"b":5}"#),
        ("sets_errno(i32 = 0) -> i32 = status", #"{"a":1}"#, #"{"a":1}"#),
    ]

    @Test(arguments: kept)
    func `values of every type go in and come out`(
        function: String, record: String, output: String
    ) throws {
        try library()
        let result = try json("./libsample.so!\(function)", of: record)
        #expect(result.code == 0, "\(result.err)")
        #expect(result.out == output + "\n")
    }

    @Test func `a filter passes on what the function wants`() throws {
        try library()
        let input = (0..<1000).map { "\($0 % 3 == 0 ? "k" : "n")\($0)" }
        let result = try lines(
            "./libsample.so!keep(ptr = $value, usize = len($value)) -> bool = filter",
            of: input.joined(separator: "\n"))
        #expect(result.code == 0, "\(result.err)")
        #expect(result.lines.map(String.init) == input.filter { $0.hasPrefix("k") })
    }

    @Test func `a buffer is the new value as far as it is used`() throws {
        try library()
        let call =
            "./libsample.so!tokenize(ptr = $value, usize = len($value), out ptr = buffer(64), "
            + "out usize = used) -> i32 = status"
        #expect(try lines(call, of: "two words\n\nthree").out == "TWO,WORDS\n\nTHREE\n")
        let long = String(repeating: "a", count: 61)
        #expect(try lines(call, of: long).err.contains("tokenize returned -1"))
    }

    @Test func `state is kept from record to record`() throws {
        try library()
        let result = try json(
            "./libsample.so!accumulate(ptr = state(8), f64 = $value.x) -> f64 = $value.total",
            of: (1...300).map { "{\"x\":\($0)}" }.joined(separator: "\n"))
        #expect(result.code == 0, "\(result.err)")
        let totals = result.lines.map { $0.split(separator: ":").last ?? "" }
        #expect(totals.map(String.init) == (1...300).map { "\($0 * ($0 + 1) / 2)}" })
    }

    @Test func `arrays are filled once for many records`() throws {
        try library()
        let call =
            "./libsample.so!scale_many(f64[] = $value.x, out f64[] = $value.y, i32 = count) "
            + "-> void @vector @pure"
        let records = (0..<1000).map { "{\"x\":\($0)}" }
        let result = try json(call, of: records.joined(separator: "\n"))
        #expect(result.code == 0, "\(result.err)")
        #expect(
            result.lines.map(String.init) == (0..<1000).map { "{\"x\":\($0),\"y\":\($0 * 2)}" })
        let broken = try json(call, of: "{\"x\":1}\n{\"x\":2}\n{\"x\":\"3\"}\n{\"x\":4}")
        #expect(broken.err.contains("refused record 2"), "\(broken.err)")
    }

    @Test func `one call at a time unless it is pure`() throws {
        try library()
        func most(_ attribute: String) throws -> Int {
            let result = try sandbox.run(
                "run", "-q", "--threads", "4", "generate", "count=2000", "value=x", "!",
                "[partition=round_robin queue=8]",
                "./libsample.so!alone() -> i32 = $value\(attribute)", "parallelism=4", "!",
                "stdout")
            #expect(result.code == 0, "\(result.err)")
            #expect(result.lines.count == 2000)
            return result.lines.compactMap { Int($0) }.max() ?? 0
        }
        #expect(try most("") == 1)
        #expect(try most(" @pure") > 1)
    }

    @Test(arguments: [
        ("crashes(f64 = $value) -> f64 = $value", "MR4101", "SIGSEGV at 0x10"),
        ("ends() -> void", "MR4107", "exit(3)"),
        ("writes_beyond(out ptr = buffer(8), out usize = used) -> void", "MR4106", "beyond its"),
        ("writes_far_beyond(out ptr = buffer(8), out usize = used) -> void", "MR4101", "SIGSEGV"),
        ("rounds(f64 = $value) -> f64 = $value", "MR4106", "changed how floating point rounds"),
    ])
    func `what a function breaks is told with its name`(
        function: String, code: String, says: String
    ) throws {
        try library()
        let result = try lines("./libsample.so!\(function)", of: "1\n2\n3\n")
        #expect(result.code != 0)
        let name = function.prefix { $0 != "(" }
        #expect(result.err.contains("error \(code)"), "\(result.err)")
        #expect(result.err.contains("./libsample.so!\(name)"), "\(result.err)")
        #expect(result.err.contains(says), "\(result.err)")
        #expect(result.err.contains(" \(name)"), "\(result.err)")
    }

    @Test func `a library is looked for beside its topology`() throws {
        try library()
        let file = try sandbox.file(
            "t.yaml",
            """
            millrace: 1
            nodes:
              a: {use: generate, with: {count: 2, value: k}}
              b: {use: "./libsample.so!keep(ptr = $value, usize = 1) -> bool = filter", from: a}
              z: {use: stdout, from: b}
            """)
        let running = try sandbox.start(["run", "-q", file])
        #expect(running.end().out == "k\nk\n")
    }

    @Test func `what a library lacks is told at its place`() throws {
        try library()
        func check(_ function: String) throws -> String {
            let file = try sandbox.file(
                "t.yaml",
                "millrace: 1\nnodes:\n  a: {use: generate}\n  b: {use: \(function), from: a}\n"
                    + "  z: {use: \"null\", from: b}\n")
            let result = try sandbox.run("check", file)
            #expect(result.code == 65)
            return result.out
        }
        let library = try check("libnothere.so.9!f() -> void")
        #expect(library.contains("t.yaml:4:12  error MR3202  libnothere.so.9: cannot open"))
        let symbol = try check("./libsample.so!kep() -> void")
        #expect(symbol.contains("t.yaml:4:27  error MR3203  ./libsample.so has no function `kep`"))
        #expect(symbol.contains("did you mean `keep`?"))
        let data = try check("./libsample.so!sample_data() -> void")
        #expect(data.contains("MR3203  `sample_data` of ./libsample.so is data"))
        let text = try check("./t.yaml!f() -> void")
        #expect(text.contains("MR3202  ./t.yaml: "))
    }

    @Test(arguments: [
        ("CRASHES", "crashed with SIGSEGV"), ("EXITS", "ended its process with exit(0)"),
        ("SLEEPS", "did not return within 5s"),
    ])
    func `a library that kills who loads it does not kill the command`(
        how: String, says: String
    ) throws {
        try library("hostile", "-D\(how)")
        let result = try sandbox.run(
            "run", "generate", "!", "./libhostile.so!harmless(i32 = 1) -> i32 = ignore", "!",
            "null")
        #expect(result.code == 65)
        #expect(result.err.contains("error MR3202"), "\(result.err)")
        #expect(result.err.contains(says), "\(result.err)")
    }

    @Test func `types of ports follow from the call`() throws {
        let result = try sandbox.run(
            "run", "generate", "!", "lines", "!", "libm.so.6!sqrt(f64 = $value.x) -> f64 = $value",
            "!", "null")
        #expect(result.code == 65)
        #expect(result.err.contains("lines.out gives text, sqrt.in takes json"), "\(result.err)")
        #expect(result.err.contains("put `json.decode` between them"), "\(result.err)")
    }

    @Test(arguments: [
        ("./libsample.so!keep(ptr = $value, usize = 1) -> bool = filter", "", 2),
        ("./libsample.so!keep(ptr = $value, usize = 1) -> bool = filter", "isolation=executor", 1),
        ("libm.so.6!sqrt(f64 = $value) -> f64 = $value", "", 1),
        ("libm.so.6!sqrt(f64 = $value) -> f64 = $value @isolate", "", 2),
    ])
    func `only a function that is not known has a process of its own`(
        function: String, setting: String, processes: Int
    ) throws {
        try library()
        let settings = setting.isEmpty ? [] : [setting]
        let running = try sandbox.start(
            ["run", "generate", "rate=1000/s", "value=4", "!", function] + settings
                + ["!", "file.sink", "path=out.txt"])
        _ = try running.waitForError("watch:")
        #expect(running.executors().count == processes)
        running.signal(SIGTERM)
        #expect(running.end().code == 0)
    }
}
