// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What to do about a problem that the YAML parser tells in its own words.
enum SyntaxAdvice {
    /// Part of the parser's sentence, and the next step; the first that fits is given.
    private static let steps: [(part: String, next: String)] = [
        ("mapping values are not allowed", "put text with a colon in quotes"),
        ("did not find expected key", "indent it as far as the lines it belongs to"),
        ("did not find expected '-' indicator", "indent it as far as the items of its list"),
        ("did not find expected ',' or ']'", "close the bracket with `]`, or put a comma between"),
        ("did not find expected ',' or '}'", "close the brace with `}`, or put a comma between"),
        ("did not find expected node content", "put a value there, or close the bracket"),
        ("cannot start any token", "put the text in quotes"),
        ("undefined alias", "write `&NAME` before the value that `*NAME` repeats"),
        ("could not find expected ':'", "write `KEY: VALUE` with a space behind the colon"),
        ("block sequence entries are not allowed", "begin the list on a line of its own"),
        ("escape", "double the backslash, or use single quotes"),
        ("indentation indicator", "remove the digit behind `|` or `>`"),
        ("found unexpected end of stream", "close what is open: a quote, a bracket or a brace"),
        ("did not find expected <document start>", "remove what stands before it"),
        ("control characters", "remove the character"),
    ]

    /// `line` is the line that the parser complains about.
    static func next(_ problem: String, _ line: Substring?) -> String {
        let blank = line?.prefix { $0 == " " || $0 == "\t" } ?? ""
        if blank.contains("\t") { return "indent with spaces, not tabs" }
        return steps.first { problem.contains($0.part) }?.next
            ?? "put text with signs such as `: # [ { & *` in quotes"
    }
}
