// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// The table says what the checker does, for each key.
struct TopologyKeyTableTests {
    /// A topology with `key: value` at the key's place; `§` before the key.
    private static func topology(_ key: TopologyKey, _ value: String) -> String {
        func nest(_ names: [String], _ value: String) -> String {
            guard let name = names.first else { return value }
            let inner = nest(Array(names.dropFirst()), value)
            return names.count == 1 ? "\(name): \(inner)" : "\(name): {\(inner)}"
        }
        let names = key.path.split(separator: ".").map(String.init)
        let file = names[0] == "nodes" ? "" : "\n" + nest(names, value)
        let node = names[0] == "nodes" && names.count == 2 ? ", " + nest([names[1]], value) : ""
        var deep = names.count > 2 ? ", " + nest(Array(names.dropFirst()), value) : ""
        if !key.path.hasPrefix("nodes.") { deep = "" }
        if key.path.hasPrefix("nodes.resources") { deep += ", isolation: process" }
        let isEdge = key.path.hasPrefix("nodes.from")
        let read = "{use: \"null\", from: a"
        switch key.path {
        case "millrace": return "millrace: \(value)\nnodes:\n  a: {use: generate}\n  z: \(read)}\n"
        case "nodes": return "millrace: 1\nnodes: \(value)\n"
        case "nodes.use": return "millrace: 1\nnodes:\n  a: {use: \(value)}\n  z: \(read)}\n"
        case "nodes.from": return edge(value)
        case "nodes.from.node": return edge("{node: \(value)}")
        default: break
        }
        if isEdge {
            let members = nest(Array(names.dropFirst(2)), value)
            return edge("{node: parse, \(members)}")
        }
        return "millrace: 1\nnodes:\n  a: {use: generate\(node)\(deep)}\n  z: \(read)}\(file)\n"
    }

    private static func edge(_ from: String) -> String {
        """
        millrace: 1
        nodes:
          orders: {use: orders}
          score: {use: fraud.score, from: orders}
          parse: {use: pass, from: score.low}
          z: {use: join, from: [{node: score.high, input: right}, \(from)]}
        """
    }

    @Test(arguments: TopologyKeyTable.all.filter { !$0.isServed })
    func `a key of a later release is refused as such, whatever is in it`(_ key: TopologyKey) {
        for value in [key.example, "[1, {b: c}]"] {
            let (plan, findings) = Check.yaml(Self.topology(key, value))
            let errors = findings.filter { $0.severity == .error }.map(\.failure)
            #expect(errors.map(\.code) == [.notServed], "\(key.path) \(errors)")
            #expect(errors.first?.next?.isEmpty == false)
            #expect(plan == nil)
        }
    }

    /// Their examples name operators and nodes that are not in the sample.
    private static let elsewhere = ["plugins", "nodes", "nodes.use", "nodes.with", "nodes.from"]

    @Test(
        arguments: TopologyKeyTable.all.filter {
            $0.isServed && !elsewhere.contains($0.path)
                && !$0.path.hasPrefix("nodes.from.partition.")
        })
    func `the example of a served key is accepted`(_ key: TopologyKey) {
        let (_, findings) = Check.yaml(Self.topology(key, key.example))
        let shape = findings.filter { $0.severity == .error && $0.failure.code.rawValue < 2_300 }
        #expect(shape.isEmpty, "\(key.path): \(shape.map(\.failure))")
    }

    @Test(arguments: TopologyKeyTable.all.filter(\.isServed))
    func `the bounds of a served key are those of the checker`(_ key: TopologyKey) {
        let (good, bad): ([String], [String])
        switch key.kind {
        case .integer(let range) where key.path != "millrace", .powerOfTwo(let range):
            good = ["\(range.lowerBound)", "\(range.upperBound)"]
            bad = ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"]
        case .size(let range):
            good = ["\(range.lowerBound)", "\(range.upperBound)"]
            bad = ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"]
        case .duration(let range):
            good = ["\(range.lowerBound)ns"]
            bad = range.lowerBound > 0 ? ["\(range.lowerBound - 1)ns"] : []
        case .choice(let choices):
            good = choices.filter { $0.instead == nil }.map(\.value)
            bad = ["\(choices[0].value)x"]
        default: return
        }
        func isRefused(_ value: String) -> Bool {
            Check.yaml(Self.topology(key, value)).findings.contains {
                $0.failure.code == .outOfRange && $0.failure.text.contains(key.name)
            }
        }
        for value in good { #expect(!isRefused(value), "\(key.path): \(value)") }
        for value in bad { #expect(isRefused(value), "\(key.path): \(value)") }
    }

    @Test func `a word of a choice that is not served is refused as such`() {
        let unserved = TopologyKeyTable.all.filter(\.isServed).compactMap { key in
            guard case .choice(let choices) = key.kind else { return nil as [String]? }
            return choices.filter { $0.instead != nil }.map { "\(key.path)=\($0.value)" }
        }
        #expect(
            unserved.flatMap { $0 } == [
                "defaults.on_error=pause", "nodes.on_error=pause",
            ])
    }

    @Test func `each key is told in full`() {
        for key in TopologyKeyTable.all {
            #expect(key.doc.hasSuffix("."), "\(key.path)")
            #expect(!key.example.isEmpty && !key.kind.text.isEmpty, "\(key.path)")
            #expect(key.parent.isEmpty || TopologyKeyTable[key.parent] != nil, "\(key.path)")
            #expect(!key.required || key.defaultText == nil, "\(key.path)")
            var findings = Findings()
            #expect(YAMLReader.read(key.example, file: "e", findings: &findings) != nil)
            #expect(findings.all.isEmpty, "\(key.path)")
        }
    }

    @Test func `a key comes before what is below it`() {
        var seen: Set<String> = [""]
        for key in TopologyKeyTable.all {
            #expect(seen.contains(key.parent), "\(key.path)")
            seen.insert(key.path)
        }
    }

    @Test func `a path is found whole, by its end and by the words of the documents`() {
        func found(_ path: String) -> String? {
            guard case .found(let key) = TopologyKeyTable.lookup(path) else { return nil }
            return key.path
        }
        #expect(found("checkpoint.every") == "checkpoint.every")
        #expect(found("edge.queue") == "nodes.from.queue")
        #expect(found("node.use") == "nodes.use")
        #expect(found("max_delay") == "nodes.event_time.max_delay")
        #expect(found("window.emit.every") == "nodes.window.emit.every")
        guard case .several(let keys) = TopologyKeyTable.lookup("retry.attempts") else {
            Issue.record("two keys end in retry.attempts")
            return
        }
        #expect(keys.map(\.path) == ["defaults.retry.attempts", "nodes.retry.attempts"])
    }

    @Test(arguments: [
        ("checkpoint.evry", "checkpoint.every"), ("dead_leter", "dead_letter"),
        ("edge.partiton", "nodes.from.partition"), ("paralelism", "defaults.parallelism"),
    ])
    func `a wrong path is answered with the nearest`(_ wrong: String, _ right: String) {
        guard case .unknown(let near) = TopologyKeyTable.lookup(wrong) else {
            Issue.record("\(wrong) is no key")
            return
        }
        #expect(near.first == right)
        #expect(near.count <= 5)
    }

    @Test func `nothing near is nothing`() {
        #expect(TopologyKeyTable.lookup("xylophone") == .unknown(near: []))
    }

    @Test func `a key at the wrong place is sent to the right one`() {
        let (_, findings) = Check.yaml(
            """
            millrace: 1
            max_delay: 5s
            nodes:
              a: {use: generate, output_memory: 2MiB}
              z: {use: "null", from: {node: a, output_memory: 2MiB}}
            """)
        #expect(Check.short(findings) == ["MR2003 2:1", "MR2003 5:36"])
        #expect(
            findings.map(\.failure.next) == [
                "it is a key of another place: `nodes.event_time.max_delay`",
                "it is a key of another place: `nodes.output_memory`",
            ])
    }
}
