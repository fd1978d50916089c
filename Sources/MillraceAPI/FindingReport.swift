// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// What a check has found in all its files, in the forms that programs read.
package struct FindingReport: Sendable {
    package var findings: [Finding]
    /// Files that could not be read: nothing is known about them.
    package var unread: [Failure]
    /// Texts that marks point into, by the names of their files.
    package var sources: [String: String]
    /// What the sinks of a file keep of its guarantee, in the order of the files.
    private var guarantees: [(file: String, sink: DeliveryCheck.Sink, afterCrash: String)] = []
    /// Where relative paths begin: absolute ones below it are told as relative ones.
    package var folder: String

    package init(
        findings: [Finding] = [], unread: [Failure] = [], sources: [String: String] = [:],
        folder: String = ""
    ) {
        self.findings = findings
        self.unread = unread
        self.sources = sources
        self.folder = folder
    }

    /// What the sinks of a file's topology keep; nil: it is broken.
    package mutating func add(_ delivery: DeliveryCheck?, file: String) {
        guard let delivery else { return }
        guarantees += delivery.sinks.map { (file, $0, delivery.restartText) }
    }

    /// What the command ends with: of the first file that cannot be read, else of the first error;
    /// 65 for a warning when warnings count.
    package func exitCode(strict: Bool) -> Int32 {
        if let first = unread.first { return first.code.exitCode }
        if let error = findings.first(where: { $0.severity == .error }) {
            return error.failure.code.exitCode
        }
        return strict && findings.contains { $0.severity == .warning } ? 65 : 0
    }

    /// `findings`, then how many there are of each severity, then what each sink keeps, and what
    /// follows for it after a crash.
    package var json: JSON {
        let all = unread.map { Finding(.error, $0) } + findings
        let items = all.map { finding -> JSON in
            guard case .object(let members) = Problem(finding.failure).json else { return .null }
            return .object([.init("severity", .string(finding.severity.rawValue))] + members)
        }
        func count(_ severity: Finding.Severity) -> JSON {
            .int(Int64(all.filter { $0.severity == severity }.count))
        }
        return .object([
            .init("findings", .array(items)), .init("errors", count(.error)),
            .init("warnings", count(.warning)), .init("notices", count(.notice)),
            .init(
                "guarantees",
                .array(guarantees.map { Self.json($0.file, $0.sink, $0.afterCrash) })),
        ])
    }

    private static func json(
        _ file: String, _ sink: DeliveryCheck.Sink, _ afterCrash: String
    ) -> JSON {
        .object([
            .init("file", .string(file)), .init("node", .string(sink.node)),
            .init("guarantee", .string(sink.promise.rawValue)),
            .init("reason", sink.reason.map(JSON.string) ?? .null),
            .init("after_a_crash", .string(afterCrash)),
        ])
    }

    /// Commands of a GitHub workflow, which shows them at the lines they are about.
    package var githubLines: [String] {
        (unread.map { Finding(.error, $0) } + findings).map { finding in
            let failure = finding.failure
            var properties: [(String, String)] = []
            if let mark = failure.mark {
                properties.append(("file", path(mark.file)))
                properties.append(("line", String(mark.line)))
                properties.append(("col", String(mark.column)))
                properties.append(("endColumn", String(mark.column + max(1, mark.length))))
            }
            properties.append(("title", "\(failure.code) \(ErrorPages.title(of: failure.code))"))
            let text = failure.text + (failure.next.map { "\n\($0)" } ?? "")
            let head = properties.map { "\($0)=\(Self.escaped(property: $1))" }
            return "::\(finding.severity.rawValue) \(head.joined(separator: ","))"
                + "::\(Self.escaped(text))"
        }
    }

    /// As the runner decodes it: a line break would end the command. By scalars, because a
    /// carriage return and a newline are one character.
    private static func escaped(_ text: String, also more: [Unicode.Scalar: String] = [:]) -> String
    {
        let codes = more.merging(["%": "%25", "\r": "%0D", "\n": "%0A"]) { $1 }
        return text.unicodeScalars.map { codes[$0] ?? String($0) }.joined()
    }

    private static func escaped(property text: String) -> String {
        escaped(text, also: [":": "%3A", ",": "%2C"])
    }

    /// Relative to the folder where that is possible, without `./`.
    func path(_ file: String) -> String {
        var path = file[...]
        if !folder.isEmpty, path.hasPrefix(folder + "/") { path = path.dropFirst(folder.count + 1) }
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        return String(path)
    }
}
