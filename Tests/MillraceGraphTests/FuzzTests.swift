// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Random damage to good topologies: whatever comes out, nothing traps, every finding has a text
/// and a place that exists, and a plan comes only without an error.
struct FuzzTests {
    @Test func `ten thousand damaged files are judged without a trap`() {
        var plans = 0
        for seed in 0..<10_000 {
            var dice = Dice(state: UInt64(seed))
            let text = damaged(Self.good, Self.pieces, &dice)
            let (plan, findings) = Check.yaml(text)
            inspect(plan, findings, lines: SourceLines(text).count, seed)
            _ = FindingText.render(findings, sources: ["t.yaml": text])
            if plan != nil { plans += 1 }
        }
        // The damage is not so great that only the reader is ever reached.
        #expect(plans > 300)
    }

    @Test func `three thousand damaged lines are judged without a trap`() {
        var plans = 0
        for seed in 0..<3_000 {
            var dice = Dice(state: UInt64(seed))
            var words = Self.line
            for _ in 0...dice.roll(4) {
                let place = dice.roll(words.count)
                switch dice.roll(4) {
                case 0: words.insert(Self.words[dice.roll(Self.words.count)], at: place)
                case 1: words[place] = Self.words[dice.roll(Self.words.count)]
                case 2: words[place] = damaged(words[place], Self.pieces, &dice)
                default: if words.count > 1 { words.remove(at: place) }
                }
            }
            let (plan, findings) = TopologyCheck.run(
                .words(words), catalog: SampleCatalog.all, environment: Check.environment,
                options: CheckOptions())
            inspect(plan, findings, lines: 1, seed)
            _ = FindingText.render(findings, sources: [OneLiner.file: OneLiner.source(words)])
            if plan != nil { plans += 1 }
        }
        #expect(plans > 50)
    }

    @Test func `two thousand damaged folders are judged without a trap`() {
        var plans = 0
        for seed in 0..<2_000 {
            var dice = Dice(state: UInt64(seed))
            let files = Self.folder.enumerated().map { number, text in
                let isDamaged = dice.roll(2) == 0
                return TopologyFile(
                    name: "\(number).yaml",
                    text: isDamaged ? damaged(text, Self.pieces, &dice) : text)
            }
            let source = TopologySource.folder(name: "f", files: files)
            let (plan, findings) = TopologyCheck.run(
                source, catalog: SampleCatalog.all, environment: Check.environment,
                options: CheckOptions(outside: Check.outside))
            let lines = files.map { SourceLines($0.text).count }.max() ?? 1
            inspect(plan, findings, lines: lines, seed)
            _ = FindingText.render(findings, sources: source.texts)
            if plan != nil { plans += 1 }
        }
        #expect(plans > 200)
    }

    /// The oracle is a search: the text has one `?`, and there the reader stops.
    @Test func `a place in a random text is found in the file`() throws {
        for seed in 0..<3_000 {
            var dice = Dice(state: UInt64(seed))
            let letters = (0..<dice.roll(12)).map { _ in
                Self.letters[dice.roll(Self.letters.count)]
            }
            let cut = dice.roll(letters.count + 1)
            let text = letters[..<cut] + ["?"] + letters[cut...]
            let style = dice.roll(3)
            let written =
                switch style {
                case 0: "'" + text.map { $0 == "'" ? "''" : $0 }.joined() + "'"
                case 1: "\"" + text.map { escaped($0, &dice) }.joined() + "\""
                default: "x" + text.filter { !"'\"\\".contains($0) }.joined() + "y"
                }
            let file = """
                millrace: 1
                nodes:
                  a: {use: generate}
                  f: {use: filter, from: a, with: {where: \(written), by: x}}
                  z: {use: "null", from: f}
                """
            let (_, findings) = Check.yaml(file)
            let failure = try #require(findings.first?.failure, "seed \(seed) \(written)")
            #expect(failure.code == .expressionSyntax, "seed \(seed) \(failure)")
            let line = SourceLines(file)[4] ?? ""
            let place = line.dropFirst((failure.mark?.column ?? 1) - 1)
            #expect(place.hasPrefix("?"), "seed \(seed) \(written) \(failure)")
        }
    }

    /// A letter as a double-quoted scalar may have it.
    private func escaped(_ letter: String, _ dice: inout Dice) -> String {
        let scalars = Array(letter.unicodeScalars)
        let must = letter == "\"" || letter == "\\"
        guard scalars.count == 1, letter != "?", must || dice.roll(2) == 0 else { return letter }
        let code = String(scalars[0].value, radix: 16)
        func hex(_ digits: Int) -> String {
            String(repeating: "0", count: digits - code.count) + code
        }
        if must, dice.roll(2) == 0 { return "\\" + letter }
        if code.count <= 2, dice.roll(2) == 0 { return "\\x" + hex(2) }
        return code.count <= 4 ? "\\u" + hex(4) : "\\U" + hex(8)
    }

    /// None joins the one before it to a single character.
    private static let letters = ["a", " ", "'", "\"", "\\", "é", "👩‍👩‍👧", "😀", "%", "ß", "=", "("]

    private static let folder = [
        """
        millrace: 1
        name: fuzz
        nodes:
          z: {use: "null", from: [b.high, {node: f, key: [a, "b.c"]}]}
        """,
        """
        # The sources.
        millrace: 1
        nodes:
          o: {use: orders}
          b: {use: fraud.score, from: o, with: {token: "${file:/secret}"}}
          c: {use: "null", from: b.low}
        """,
        """
        arena: 64MiB
        nodes:
          f:
            use: filter
            from: o
            with:
              where: "a > 1"
              by: items[0]
        """,
    ]

    private func inspect(_ plan: Plan?, _ findings: [Finding], lines: Int, _ seed: Int) {
        let hasError = findings.contains { $0.severity == .error }
        #expect(hasError == (plan == nil), "seed \(seed)")
        for finding in findings {
            let failure = finding.failure
            #expect(!failure.text.isEmpty, "seed \(seed)")
            guard let mark = failure.mark else { continue }
            // The parser may blame the line behind the last one.
            let known =
                (1...(lines + 1)).contains(mark.line) && mark.column >= 1 && mark.length >= 1
            #expect(known, "seed \(seed) \(mark)")
        }
        guard let plan else { return }
        for edge in plan.edges {
            let ordered = edge.from < edge.to
            let ports =
                plan.nodes[edge.from].operation.outputs.indices.contains(edge.outputPort)
                && plan.nodes[edge.to].operation.inputs.indices.contains(edge.inputPort)
            #expect(ordered && ports, "seed \(seed)")
        }
        #expect(Set(plan.nodes.map(\.id)).count == plan.nodes.count, "seed \(seed)")
    }

    private func damaged(_ text: String, _ pieces: [String], _ dice: inout Dice) -> String {
        var characters = Array(text)
        for _ in 0...dice.roll(3) where !characters.isEmpty {
            let place = dice.roll(characters.count)
            switch dice.roll(5) {
            case 0: characters.remove(at: place)
            case 1: characters.insert(contentsOf: pieces[dice.roll(pieces.count)], at: place)
            case 2:
                characters[place] = Self.marks[dice.roll(Self.marks.count)]
            case 3:
                let end = min(characters.count, place + dice.roll(12))
                characters.insert(
                    contentsOf: characters[place..<end], at: dice.roll(characters.count))
            default:
                characters.removeSubrange(place..<min(characters.count, place + dice.roll(20)))
            }
        }
        return String(characters)
    }

    private static let marks = Array("[]{}:,&*!|>'\"%@`#-? \n\t0az.\u{0}\u{85}é")

    private static let good = """
        millrace: 1
        name: fuzz
        plugins: [sample@^1]
        defaults: {parallelism: 2, queue: 64}
        nodes:
          a: {use: generate, with: {count: 5, rate: 1k/s, value: "${HOME}"}}
          o: {use: orders}
          b: &b
            use: fraud.score
            from: [{node: o, partition: hash, key: customer.id, queue: 128}]
            with: {threshold: 0.8, tags: [x, y], start: {at: now}, limits: {a: 1}}
            parallelism: 4
          c: {use: pass, from: [b.high, b.low, a]}
          d: {use: "null", from: {node: c, partition: {use: modulo}}}
        arena: 64MiB
        """

    private static let pieces = [
        "&x ", "*x", "*b", "<<: *b", "!!str ", "? ", ": ", "- ", "{", "}", "[", "]", "\n  ", "${",
        "}",
        "${N}", "$$", "'", "\"", "|\n", "from: c\n", "use: pass", "errors", "1e400", "0x", "-",
        "\u{FEFF}", "\u{2028}", "👩‍👩‍👧", "1h", "..", "...",
        "parallelism: 99999999999999999999",
        "---\n",
    ]

    private static let line = [
        "generate", "count=5", "name=g", "!", "[partition=hash key=id]", "pass", "name=p", "!",
        "null", "@p", "!", "pass", "!", "null",
    ]

    private static let words = [
        "!", "@p", "@g", "@p.out", "@.x", "@", "pass", "generate", "null", "orders", "fraud.score",
        "[", "]", "[]", "[x]", "[key=a,b]", "[partition={use: modulo}]", "name=x", "name=", "=",
        "x=", "with.=1", "with.count=2", "a.b.c=1", "count=[", "count={\"a\":1}", "", " ", "\n",
        "window.fixed=1m", "parallelism=2", "libm.so.6!sqrt(x)", "errors", "key=1", "pass@^1",
    ]
}
