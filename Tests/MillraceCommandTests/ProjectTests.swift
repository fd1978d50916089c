// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import Testing

@testable import millrace

@Suite struct ProjectTests {
    @Test(
        arguments: [
            ("hello", "example.hello", "hello", "Hello"),
            ("acme.json-fix", "acme.json-fix", "acme_json_fix", "AcmeJsonFix"),
            ("class", "example.class", "class_operator", "Class"),
            ("any", "example.any", "any_operator", "AnyOperator"),
            ("batch", "example.batch", "batch", "BatchOperator"),
            ("a1_b2", "example.a1_b2", "a1_b2", "A1B2"),
        ])
    func `a name gives an id, a symbol and a type that every language takes`(
        name: String, id: String, symbol: String, type: String
    ) throws {
        let names = try ProjectNames(name)
        #expect(names.id == id)
        #expect(names.symbol == symbol)
        #expect(names.type == type)
    }

    @Test(
        arguments: [
            ("Hello", "try `hello`"), ("my operator", "try `my-operator`"),
            ("9lives", "try `lives`"),
            ("../up", "try `up`"), ("a//b", "try `a-b`"), ("a..b", "try `a.b`"),
            ("x.", "try `x`"), ("größe", "try `gr-e`"), ("", nil), ("/", nil), ("-", nil),
            ("a\nb", "try `a-b`"), (String(repeating: "a", count: 57), nil),
        ])
    func `what cannot be a name is refused, with one that can be`(name: String, next: String?) {
        let failure = #expect(throws: Failure.self) { _ = try ProjectNames(name) }
        #expect(failure?.code == .badName)
        #expect(failure?.code.exitCode == 64)
        if name.count < 50 {
            #expect(failure?.next == next)
        } else {
            #expect(failure?.next == "try `\(String(repeating: "a", count: 56))`")
        }
    }

    @Test func `the SDK is found above the program, in a prefix and in the sources`() {
        func found(_ program: String, home: String? = nil, _ folders: Set<String>) -> String? {
            Installation.find(program: program, home: home) { folders.contains($0) }?.sdk
        }
        let usr: Set = ["/usr/share/millrace/templates"]
        #expect(found("/usr/bin/millrace", usr) == "/usr/share/millrace")
        #expect(
            found("/src/m/.build/x86_64/release/millrace", ["/src/m/SDK/templates"])
                == "/src/m/SDK")
        #expect(found("/millrace", ["/share/millrace/templates"]) == "/share/millrace")
        #expect(found("/opt/bin/millrace", usr) == nil)
        #expect(found("/opt/bin/millrace", home: "/usr", usr) == "/usr/share/millrace")
        // A home that is wrong is not replaced by a guess.
        #expect(found("/usr/bin/millrace", home: "/nowhere", usr) == nil)
    }

    @Test func `words are replaced, and the licence of the template goes`() throws {
        let template = ProjectTemplate(layers: [], words: ["name": "hello", "id": "a.b"])
        #expect(try template.filled("{{name}} { {x} } {{id}}}") == "hello { {x} } a.b}")
        #expect(try template.filled("{{{name}} {{ {{\"in\"}} {{") == "{hello {{ {{\"in\"}} {{")
        let failure = #expect(throws: Failure.self) { try template.filled("{{nmae}}") }
        #expect(failure?.next == "correct the template; there are {{id}} {{name}}")
        #expect(
            ProjectTemplate.withoutLicence("#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\nx\n")
                == "#!/bin/sh\nx\n")
    }

    @Test func `words are separated as a shell does, and quotes hold them together`() throws {
        #expect(
            try QuotedWords.split("a  b='c d' ! \"e 'f'\"g ''\n") == [
                "a", "b=c d", "!", "e 'f'g", "",
            ])
        #expect(try QuotedWords.split(" \t") == [])
        let failure = #expect(throws: Failure.self) { try QuotedWords.split("a ! 'b") }
        #expect(failure?.code == .oneLinerSyntax)
    }

    @Test func `a project is made whole or not at all`() throws {
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("mr-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: place) }
        let layer = place.appendingPathComponent("layer/{{name}}")
        try FileManager.default.createDirectory(at: layer, withIntermediateDirectories: true)
        try Data("// SPDX-License-Identifier: Apache-2.0\n{{name}}\n".utf8)
            .write(to: layer.appendingPathComponent("{{name}}.txt"))
        let template = ProjectTemplate(layers: [place.path + "/layer"], words: ["name": "one"])
        let project = place.path + "/project"
        try template.write(to: project)
        #expect(try String(contentsOfFile: project + "/one/one.txt", encoding: .utf8) == "one\n")

        let again = #expect(throws: Failure.self) { try template.write(to: project) }
        #expect(again?.code == .folderExists)
        let missing = ProjectTemplate(layers: [place.path + "/none"], words: [:])
        let failure = #expect(throws: Failure.self) { try missing.write(to: place.path + "/p2") }
        #expect(failure?.code == .fileFailed)
        let left = try FileManager.default.contentsOfDirectory(atPath: place.path)
        #expect(left.sorted() == ["layer", "project"])
    }
}
