// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceGraph
import Testing

@testable import millrace

@Suite struct TopologyInputTests {
    @Test(
        arguments: [
            (["a.yaml"], true), (["a.yml"], true), (["x/y.json"], true), (["-"], true),
            (["/dev/fd/3"], true),
            (["generate"], false), (["a.yaml", "!"], false), ([], false),
            (["generate", "!", "null"], false),
        ] as [([String], Bool)])
    func `one word with the ending of a file is a file`(_ words: [String], _ isFile: Bool) {
        #expect(TopologyInput.isFile(words) == isFile)
    }

    @Test func `a missing file ends with 66`() {
        let missing = #expect(throws: Failure.self) { try TopologyInput.read(["/no/such.yaml"]) }
        #expect(missing?.code == .inputMissing)
        #expect(missing?.code.exitCode == 66)
    }

    @Test func `a folder is its YAML files in the order of their names`() throws {
        let folder = NSTemporaryDirectory() + "mr-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder + "/sub.yaml", withIntermediateDirectories: true)
        let none = #expect(throws: Failure.self) { try TopologyInput.read([folder]) }
        #expect(none?.code == .inputMissing)
        for (name, text) in [
            ("b.yaml", "b: 1"), ("a.yaml", "a: 1"), (".c.yaml", "c: 1"), ("d.yml", "d: 1"),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let files = [
            TopologyFile(name: "\(folder)/a.yaml", text: "a: 1"),
            TopologyFile(name: "\(folder)/b.yaml", text: "b: 1"),
        ]
        let input = TopologyInput.folder(name: folder, files: files)
        #expect(try TopologyInput.read([folder]) == input)
        #expect(try TopologyInput.readFile(folder + "/") == input)
        #expect(input.folder == folder)
        #expect(try TopologyInput.read([folder, "!"]) == .words([folder, "!"]))
    }

    /// Writes a file for the time of `body`.
    private func with(_ bytes: Data, _ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "mr-\(UUID().uuidString).yaml"
        try bytes.write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func `text that is not UTF-8 and files above the limit are refused`() throws {
        try with(Data([0x61, 0x0A, 0xC3, 0xA9, 0xff, 0x62])) { (path: String) throws in
            let failure = #expect(throws: Failure.self) { try TopologyInput.read([path]) }
            #expect(failure?.code == .yamlSyntax)
            #expect(failure?.mark == Mark(file: path, line: 2, column: 2))
        }
        try with(Data(repeating: 0x20, count: Limits.topologyBytesMax + 1)) {
            (path: String) throws in
            let failure = #expect(throws: Failure.self) { try TopologyInput.read([path]) }
            #expect(failure?.code == .tooLarge)
        }
        try with(Data("a: 1".utf8)) { (path: String) throws in
            #expect(try TopologyInput.read([path]) == .file(name: path, text: "a: 1"))
        }
    }

    @Test func `an environment file has names, values, quotes and comments`() throws {
        let text = "# first\nA=1\n\n  B= 2\r\nC=\"x y\"\nD='q\"'\nE=\nF=a=b\n"
        try with(Data(text.utf8)) { (path: String) throws in
            let found = try TopologyInput.variables(in: path)
            #expect(found == ["A": "1", "B": " 2", "C": "x y", "D": "q\"", "E": "", "F": "a=b"])
        }
        try with(Data("A=1\nnonsense\n".utf8)) { (path: String) throws in
            let failure = #expect(throws: Failure.self) { try TopologyInput.variables(in: path) }
            #expect(failure?.mark?.line == 2)
        }
    }
}
