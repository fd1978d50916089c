// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MillraceAPI
import MillraceConformance
import MillraceCore
import MillraceScreen

struct PluginCheckCommand: ParsableCommand {
    enum Format: String, ResultFormat {
        case text, json, junit

        static var standard: Format { .text }
    }

    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check whether a plugin keeps the rules of the ABI.",
        discussion: """
            Each check runs in a process of its own, within limits of time and memory: a crash is
            a failed check. The exit status is 1 when one failed; --list says which there are.
            """)

    @Argument(help: "Libraries.", completion: .file(extensions: ["so"]))
    var libraries: [String] = []

    @Flag(help: "Only checks that failed.")
    var onlyFailed = false

    @Flag(help: "Fewer sizes and fewer records: seconds instead of a minute.")
    var quick = false

    @Option(help: ArgumentHelp("Only checks whose id matches.", valueName: "re"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No checks whose id matches.", valueName: "re"))
    var exclude: [String] = []

    @Flag(help: "Print the checks there are.")
    var list = false

    @OptionGroup var plugins: PluginOptions
    @OptionGroup var common: ResultOptions<Format>

    func validate() throws {
        if libraries.isEmpty, !list { throw ValidationError("name a library") }
    }

    func run() throws {
        let output = common.output
        let include = try include.map(PluginCheckCommand.pattern)
        let exclude = try exclude.map(PluginCheckCommand.pattern)
        func isWanted(_ check: Check) -> Bool {
            (include.isEmpty || include.contains { check.id.contains($0) })
                && !exclude.contains { check.id.contains($0) }
        }
        guard !list else { return PluginCheckCommand.tell(Check.all.filter(isWanted), output) }
        guard Check.all.contains(where: isWanted) else {
            throw Failure(.usage, "no check is left", next: "--list shows the ids there are")
        }
        let kit = Kit(
            catalog: try plugins.catalog(), executable: try PluginOptions.executable(),
            isQuick: quick, isWanted: isWanted)
        var results: [CheckResult] = []
        for library in libraries {
            try kit.run(library) { result in
                results.append(result)
                guard common.format == .text, result.hasFailed || !onlyFailed else { return }
                output.data(CheckText.line(result, output))
            }
        }
        let shown = onlyFailed ? results.filter(\.hasFailed) : results
        switch common.format {
        case .text: output.note(CheckText.summary(results, namesWarnings: onlyFailed))
        case .json: output.data(CheckText.json(shown, all: results).text)
        case .junit: output.text(CheckText.junit(shown, all: results))
        }
        if results.contains(where: \.hasFailed) { throw ExitCode(FailureCode.checkFailed.exitCode) }
    }

    private static func tell(_ checks: [Check], _ output: Output) {
        var table = TextTable([("CHECK", .left), ("OF", .left), ("WHAT IS EXPECTED", .left)])
        for check in checks {
            table.add([check.id, check.subject == .library ? "file" : "operator", check.about])
        }
        for line in table.lines { output.data(line) }
    }

    private static func pattern(_ text: String) throws(Failure) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(text)
        } catch {
            throw Failure(.usage, "`\(text)` is no regular expression", next: "such as `^data/`")
        }
    }
}

/// Results of checks as text, JSON and JUnit's XML.
enum CheckText {
    /// `failed   data/split  score  with batches of 7 records …`
    static func line(_ result: CheckResult, _ output: Output) -> String {
        let (word, ink, text) = parts(result.outcome)
        let space = String(repeating: " ", count: 9 - word.count)
        var line = (ink.map { output.word(word, $0) } ?? word) + space + result.check.id
        line += "  " + (result.operation ?? result.library)
        return text.isEmpty ? line : "\(line)  \(text)"
    }

    /// `20 passed, 1 warning (file/exports)`: those that were not printed are named.
    static func summary(_ results: [CheckResult], namesWarnings: Bool) -> String {
        let words = Dictionary(grouping: results) { parts($0.outcome).word }
        return ["passed", "warning", "failed", "skipped"].compactMap { word in
            guard let found = words[word] else { return nil }
            guard word == "warning", namesWarnings else { return "\(found.count) \(word)" }
            return "\(found.count) \(word) ("
                + found.map(\.check.id).joined(separator: ", ") + ")"
        }.joined(separator: ", ")
            + (words["failed"] == nil ? "" : "   millrace explain \(FailureCode.checkFailed)")
    }

    private static func parts(
        _ outcome: CheckResult.Outcome
    ) -> (word: String, ink: Ink?, text: String) {
        switch outcome {
        case .passed: ("passed", .good, "")
        case .warned(let text): ("warning", .doubtful, text)
        case .failed(let text): ("failed", .bad, text)
        case .skipped(let text): ("skipped", .faint, text)
        }
    }

    static func json(_ shown: [CheckResult], all: [CheckResult]) -> JSON {
        .object([
            .init(
                "items",
                .array(
                    shown.map { result in
                        let (word, _, text) = parts(result.outcome)
                        return .object([
                            .init("check", .string(result.check.id)),
                            .init("library", .string(result.library)),
                            .init("operator", result.operation.map(JSON.string) ?? .null),
                            .init("result", .string(word)), .init("text", .string(text)),
                            .init("seconds", .double((result.seconds * 1000).rounded() / 1000)),
                        ])
                    })), .init("failed", .int(Int64(all.count(where: \.hasFailed)))),
            .init("checked", .int(Int64(all.count))),
        ])
    }

    static func junit(_ shown: [CheckResult], all: [CheckResult]) -> String {
        func count(_ word: String) -> Int { all.count { parts($0.outcome).word == word } }
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<testsuite name=\"millrace plugin check\" tests=\"\(all.count)\""
        text += " failures=\"\(count("failed"))\" skipped=\"\(count("skipped"))\">\n"
        for result in shown {
            let (word, _, message) = parts(result.outcome)
            let owner = result.library + (result.operation.map { "/\($0)" } ?? "")
            text += "  <testcase classname=\"\(escaped(owner))\" name=\"\(result.check.id)\""
            text += " time=\"\(result.seconds)\""
            switch word {
            case "failed": text += "><failure message=\"\(escaped(message))\"/></testcase>\n"
            case "skipped": text += "><skipped message=\"\(escaped(message))\"/></testcase>\n"
            case "warning": text += "><system-out>\(escaped(message))</system-out></testcase>\n"
            default: text += "/>\n"
            }
        }
        return text + "</testsuite>\n"
    }

    /// What XML cannot say at all becomes `?`.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\n", "\t": out += " "
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": out += "?"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
