// SPDX-License-Identifier: Apache-2.0
import Testing

/// Time, chance and waiting come through `MillraceSystem`, so that a test can replace them.
enum BannedCall {
    static let patterns: [[String]] = [
        ["Date", "("], ["Date", ".", "now"], ["Task", ".", "sleep"], ["Thread", ".", "sleep"],
        ["SystemRandomNumberGenerator"], ["ContinuousClock"], ["SuspendingClock"],
        ["sleep", "("], ["usleep", "("], ["nanosleep", "("], ["clock_gettime", "("],
        ["gettimeofday", "("], [".", "random", "("], [".", "shuffled", "("],
        ["DispatchSemaphore"],
    ]

    static func findings(_ file: SourceFile) -> [Finding] {
        guard file.target != "MillraceSystem" else { return [] }
        return patterns.flatMap { pattern in
            // A function of ours may have such a name; one of the system stands alone.
            file.tokens.lines(of: pattern, unless: pattern[0] == "." ? [] : [".", "func"]).map {
                file.finding($0, "`\(pattern.joined())` outside MillraceSystem")
            }
        }
    }

    /// `try!` and `as!` need the proof beside them: a comment on the line or right above it.
    static func unproven(_ file: SourceFile) -> [Finding] {
        [["try", "!"], ["as", "!"]].flatMap { pattern in
            file.tokens.lines(of: pattern).compactMap { line in
                let beside = file.lines[max(0, line - 2)..<line].contains { $0.contains("//") }
                return beside ? nil : file.finding(line, "`\(pattern.joined())` without its proof")
            }
        }
    }
}

struct BannedCallTests {
    private let files = Repository.files(under: "Sources/", endings: ["swift"])

    @Test func `time, chance and waiting are asked of MillraceSystem`() {
        let findings = files.flatMap(BannedCall.findings)
        findings.expectNone()
    }

    @Test func `a try or a cast that must succeed has its proof beside it`() {
        let findings = files.flatMap(BannedCall.unproven)
        findings.expectNone()
    }

    @Test func `canary: banned calls are found`() {
        for line in [
            "let now = Date()", "try await Task.sleep(for: .seconds(1))", "usleep(10)",
            "var g = SystemRandomNumberGenerator()", "let a = Int.random(in: 0..<9)",
        ] {
            let file = SourceFile(path: "Sources/MillraceJobs/A.swift", text: line)
            #expect(!BannedCall.findings(file).isEmpty, "\(line)")
            let own = SourceFile(path: "Sources/MillraceJobs/A.swift", text: "loop.sleep(10)")
            #expect(BannedCall.findings(own).isEmpty)
            let system = SourceFile(path: "Sources/MillraceSystem/A.swift", text: line)
            #expect(BannedCall.findings(system).isEmpty)
        }
        for line in ["let a = try! f()", "let b = a as! String"] {
            #expect(!BannedCall.unproven(SourceFile(path: "a.swift", text: line)).isEmpty)
            let proven = SourceFile(path: "a.swift", text: "// Checked above.\n" + line)
            #expect(BannedCall.unproven(proven).isEmpty)
        }
    }
}
