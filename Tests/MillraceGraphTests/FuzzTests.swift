// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import Testing

/// Random damage to good topologies: whatever comes out, nothing traps, every finding has a text
/// and a place that exists, and a plan comes only without an error.
struct FuzzTests {
    /// SplitMix64: the seed of a failing round repeats it.
    private struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((word ^ (word >> 31)) % UInt64(sides))
        }
    }

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
