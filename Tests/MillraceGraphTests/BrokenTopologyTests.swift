// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceGraph
import Testing

/// Topologies with one fault each, or some: what is said, where it points and what to do.
struct BrokenTopologyTests {
    private static let broken = TopologyCorpus.cases("broken")
    private static let records = ProcessInfo.processInfo.environment["MILLRACE_RECORD"] == "1"

    @Test(arguments: broken)
    func `a broken topology gives what its expected file says`(_ one: TopologyCorpus.Case) throws {
        let (plan, findings) = one.check
        let found = TopologyCorpus.text(findings, in: one.source)
        if Self.records, !FileManager.default.fileExists(atPath: one.expected.path) {
            try found.write(to: one.expected, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: one.expected, encoding: .utf8)
        let shown = FindingText.render(findings, sources: one.source.texts)
        #expect(found == expected, "\(shown)")
        #expect(!findings.isEmpty)
        #expect((plan == nil) == findings.contains { $0.severity == .error })
        for finding in findings { inspect(finding, one.source) }
    }

    /// A place that exists, a text that is one sentence, and no control character in either.
    private func inspect(_ finding: Finding, _ source: TopologySource) {
        let failure = finding.failure
        #expect(!failure.text.isEmpty && !failure.text.hasSuffix("."), "\(failure)")
        for text in [failure.text, failure.next ?? ""] {
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(failure)")
        }
        guard let mark = failure.mark else { return }
        guard let text = source.texts[mark.file] else {
            Issue.record("\(mark.file) is no file of the topology")
            return
        }
        let line = SourceLines(text)[mark.line]
        #expect(mark.column + mark.length - 1 <= max(1, (line?.count ?? 0) + 1), "\(failure)")
    }

    @Test(arguments: TopologyCorpus.cases("valid"))
    func `a good topology gives a plan and no finding`(_ one: TopologyCorpus.Case) {
        let (plan, findings) = one.check
        #expect(findings.isEmpty, "\(FindingText.render(findings, sources: one.source.texts))")
        #expect(plan != nil)
    }

    /// What this release gives when it runs, or not at all yet.
    private static let notByCheck: Set<FailureCode> = [
        .notLive, .configurationRefused, .sourceCannotReplay,
        .guaranteeLowered, .stateLost, .regionsJoined,
    ]

    @Test func `every code of files, nodes, wiring and one-liners is in the corpus`() {
        var missing = Set(FailureCode.allCases.filter { (2_000..<2_600).contains($0.rawValue) })
        missing.subtract(Self.notByCheck)
        for one in Self.broken {
            for finding in one.check.findings { missing.remove(finding.failure.code) }
        }
        #expect(missing.isEmpty, "\(missing.sorted { $0.rawValue < $1.rawValue })")
        #expect(Self.broken.count > 120)
    }

    @Test func `an expected file without its topology is an error`() throws {
        let folder = TopologyCorpus.root.appending(path: "broken")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let expected = files.filter { $0.hasSuffix(".expected") }.sorted()
        #expect(expected == Self.broken.map(\.expected.lastPathComponent).sorted())
    }

    @Test func `at most fifty findings are shown, errors before all`() {
        let keys = (0..<80).map { "k\($0): 1\n" }.joined()
        let (_, findings) = Check.yaml("millrace: 1\nnodes:\n  a: {use: generate}\n\(keys)")
        #expect(findings.count == 50)
        #expect(findings.allSatisfy { $0.severity == .error })
    }
}
