// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What is known about each code: its page in docs/errors, and what a command ends with.
package enum ErrorPages {
    package static var subjects: [Subject] {
        FailureCode.allCases.sorted { $0.rawValue < $1.rawValue }.map { code in
            Subject(.code, code.description, title: title(of: code)) { page(of: code) }
        }
    }

    /// The page as it lies in docs/errors. Every code has one: a test holds that.
    package static func text(of code: FailureCode) -> String {
        ErrorPageTexts.all[code.rawValue] ?? "# \(code) without a page"
    }

    /// The title of the page: `unknown parameter`.
    package static func title(of code: FailureCode) -> String {
        let heading = text(of: code).prefix { $0 != "\n" }
        return String(heading.dropFirst("# \(code) ".count))
    }

    /// What stands below one of the page's headings, without empty lines around it.
    package static func section(_ heading: String, of code: FailureCode) -> String {
        let lines = text(of: code).split(separator: "\n", omittingEmptySubsequences: false)
        let below = lines.drop { $0 != "## \(heading)" }.dropFirst()
        let body = below.prefix { !$0.hasPrefix("## ") }
        guard let end = body.lastIndex(where: { !$0.isEmpty }) else { return "" }
        return body[...end].drop { $0.isEmpty }.joined(separator: "\n")
    }

    /// All codes with what a command ends with, and links to their files from a folder beside.
    static var index: String {
        Markdown.table(
            ["code", "means", "exit status"],
            FailureCode.allCases.sorted { $0.rawValue < $1.rawValue }.map { code in
                ["[\(code)](../errors/\(code).md)", title(of: code), String(code.exitCode)]
            })
    }

    private static func page(of code: FailureCode) -> Subject.Page {
        let exit = ExitStatus(code.exitCode)
        let text = text(of: code)
        let heading = text.prefix { $0 != "\n" }
        let status = "Exit status \(exit.number): \(exit.meaning)."
        return Subject.Page(
            markdown: "\(heading)\n\n\(status)\n\(text.dropFirst(heading.count + 1))\n",
            json: .object([
                .init("kind", .string("code")), .init("name", .string(code.description)),
                .init("title", .string(title(of: code))), .init("exit", .int(Int64(exit.number))),
                .init("meaning", .string(section("What it means", of: code))),
                .init("fix", .string(section("How to fix it", of: code))),
                .init("example", .string(section("Example", of: code))),
            ]))
    }
}

/// What a command ends with (sysexits).
package struct ExitStatus: Sendable {
    package var number: Int
    /// One line, no full stop.
    package var meaning: String

    init(_ number: Int, _ meaning: String) {
        self.number = number
        self.meaning = meaning
    }

    /// The status of this number. A number that no command ends with is our mistake.
    package init(_ number: Int32) {
        guard let known = ExitStatus.all.first(where: { $0.number == Int(number) }) else {
            preconditionFailure("BUG: exit status \(number) has no meaning")
        }
        self = known
    }

    package static let all = [
        ExitStatus(0, "done, or fully drained"),
        ExitStatus(1, "the run failed, or a check of behaviour did"),
        ExitStatus(64, "the command line is wrong"),
        ExitStatus(65, "a topology or a plugin is invalid"),
        ExitStatus(66, "an input is missing"),
        ExitStatus(69, "a run does not answer, or not as it should"),
        ExitStatus(70, "a mistake of ours"),
        ExitStatus(71, "the system refused a thread, memory or a descriptor"),
        ExitStatus(72, "a file of the installation is missing"),
        ExitStatus(73, "an output cannot be made"),
        ExitStatus(74, "reading or writing failed"),
        ExitStatus(75, "not fully drained in time"),
        ExitStatus(78, "a setting is invalid"),
        ExitStatus(130, "ended by a second SIGINT"),
        ExitStatus(141, "the reader of standard output left"),
        ExitStatus(143, "ended by a second SIGTERM"),
    ]
}
