// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0, the form in which tools of code review take findings. One run; each code that
// occurs is a rule with its page; columns are UTF-16 units, as most viewers count; what could not
// be read is a notification of the invocation, because a result is about a text.
import MillraceCore
import MillraceGraph

extension FindingReport {
    package var sarif: JSON {
        let codes = Set(findings.map(\.failure.code)).sorted { $0.rawValue < $1.rawValue }
        let places = Dictionary(uniqueKeysWithValues: codes.enumerated().map { ($1, $0) })
        let results = findings.map { result($0, rule: places[$0.failure.code] ?? 0) }
        return .object([
            .init(
                "$schema",
                .string(
                    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
                        + "sarif-schema-2.1.0.json")),
            .init("version", .string("2.1.0")),
            .init(
                "runs",
                .array([
                    .object([
                        .init("tool", .object([.init("driver", driver(codes))])),
                        .init("columnKind", .string("utf16CodeUnits")),
                        .init("invocations", .array([invocation])),
                        .init("results", .array(results)),
                    ])
                ])),
        ])
    }

    private func driver(_ codes: [FailureCode]) -> JSON {
        .object([
            .init("name", .string("millrace")), .init("version", .string(Release.version)),
            .init("semanticVersion", .string(Release.version)),
            .init("rules", .array(codes.map(rule))),
        ])
    }

    private func rule(_ code: FailureCode) -> JSON {
        let meaning = ErrorPages.section("What it means", of: code)
        let fix = ErrorPages.section("How to fix it", of: code)
        return .object([
            .init("id", .string(code.description)),
            .init("name", .string(Self.name(ErrorPages.title(of: code)))),
            .init("shortDescription", Self.message(ErrorPages.title(of: code))),
            .init("fullDescription", Self.message(Self.filled(meaning))),
            .init(
                "help",
                .object([
                    .init("text", .string(Self.escaped(Self.filled(fix)))),
                    .init("markdown", .string(Self.escaped(ErrorPages.text(of: code)))),
                ])),
            .init("defaultConfiguration", .object([.init("level", .string("error"))])),
        ])
    }

    private var invocation: JSON {
        .object([
            .init("executionSuccessful", .bool(unread.isEmpty)),
            .init(
                "toolExecutionNotifications",
                .array(
                    unread.map { failure in
                        .object([
                            .init("descriptor", .object([.init("id", .string("\(failure.code)"))])),
                            .init("level", .string("error")),
                            .init("message", Self.message(failure.text)),
                        ])
                    })),
        ])
    }

    private func result(_ finding: Finding, rule: Int) -> JSON {
        let failure = finding.failure
        let level: String
        switch finding.severity {
        case .error: level = "error"
        case .warning: level = "warning"
        case .notice: level = "note"
        }
        let text = failure.text + (failure.next.map { "\n\($0)" } ?? "")
        return .object([
            .init("ruleId", .string(failure.code.description)),
            .init("ruleIndex", .int(Int64(rule))), .init("level", .string(level)),
            .init("message", Self.message(text)),
            .init("locations", .array(failure.mark.map { [location($0)] } ?? [])),
        ])
    }

    private func location(_ mark: Mark) -> JSON {
        let (start, end) = columns(mark)
        return .object([
            .init(
                "physicalLocation",
                .object([
                    .init(
                        "artifactLocation",
                        .object([.init("uri", .string(Self.uri(path(mark.file))))])),
                    .init(
                        "region",
                        .object([
                            .init("startLine", .int(Int64(mark.line))),
                            .init("startColumn", .int(Int64(start))),
                            .init("endColumn", .int(Int64(end))),
                        ])),
                ]))
        ])
    }

    /// Marks count characters; the same columns in UTF-16 units, the end behind the last one.
    private func columns(_ mark: Mark) -> (start: Int, end: Int) {
        let end = mark.column + max(1, mark.length)
        guard let line = sources[mark.file].flatMap({ SourceLines($0)[mark.line] }) else {
            return (mark.column, end)
        }
        // A place behind the end of the line keeps its distance from it.
        let behind = max(0, mark.column - 1 - line.count)
        let start = line.prefix(mark.column - 1).utf16.count + behind + 1
        let inside = line.dropFirst(mark.column - 1).prefix(end - mark.column)
        return (start, start + max(1, inside.utf16.count))
    }

    /// `unknown parameter` as an identifier: `UnknownParameter`.
    private static func name(_ title: String) -> String {
        title.split { !($0.isLetter || $0.isNumber) }.map { word in
            word.prefix(1).uppercased() + word.dropFirst()
        }.joined()
    }

    private static func message(_ text: String) -> JSON {
        .object([.init("text", .string(escaped(text)))])
    }

    /// Braces stand for arguments of a message unless they are doubled (SARIF 3.11.5).
    private static func escaped(_ text: String) -> String {
        text.replacing("{", with: "{{").replacing("}", with: "}}")
    }

    /// Lines of a paragraph joined: viewers break them themselves.
    private static func filled(_ text: String) -> String {
        text.split(separator: "\n\n").map { $0.replacing("\n", with: " ") }.joined(
            separator: "\n\n")
    }

    /// A relative reference, or a file URI; everything but unreserved characters and `/` is
    /// percent-encoded (RFC 3986).
    static func uri(_ path: String) -> String {
        let kept = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)
        var uri = path.hasPrefix("/") ? "file://" : ""
        for byte in path.utf8 {
            if kept.contains(byte) {
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                uri += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return uri
    }
}
