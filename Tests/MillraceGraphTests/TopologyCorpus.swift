// SPDX-License-Identifier: Apache-2.0
import Foundation
import MillraceCore
import MillraceGraph

/// The topologies in `Tests/Topologies`: `valid` gives no finding, each of `broken` gives what its
/// `.expected` file says. A case is
///
///     NAME.yaml    a file
///     NAME.words   a one-liner, a word on each line
///     NAME/        a folder
///
/// Operators are those of `SampleCatalog`. An expected file has for each finding, in order:
///
///     SEVERITY CODE LINE:COLUMN+LENGTH        in a folder FILE:LINE:COLUMN+LENGTH
///       the text
///       > the next step, if there is one
///
/// `MILLRACE_RECORD=1` writes expected files that are missing; they are then read by a person.
struct TopologyCorpus {
    struct Case: Sendable, CustomStringConvertible {
        var name: String
        var source: TopologySource
        var expected: URL
        var description: String { name }

        var check: (plan: Plan?, findings: [Finding]) {
            TopologyCheck.run(
                source, catalog: SampleCatalog.all, environment: Check.environment,
                options: CheckOptions(name: "t", outside: Check.outside))
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Topologies")

    static func cases(_ folder: String) -> [Case] {
        let place = root.appending(path: folder)
        return names(place).compactMap { name in
            guard let source = source(place.appending(path: name)) else { return nil }
            let stem = URL(filePath: name).deletingPathExtension().lastPathComponent
            return Case(
                name: name, source: source,
                expected: place.appending(path: "\(stem).expected"))
        }
    }

    private static func names(_ folder: URL) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (names ?? []).sorted()
    }

    private static func source(_ file: URL) -> TopologySource? {
        let text = try? String(contentsOf: file, encoding: .utf8)
        switch file.pathExtension {
        case "yaml": return text.map { .yaml(text: $0, file: "t.yaml") }
        case "words":
            return text.map {
                .words(
                    $0.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                        .map(String.init))
            }
        case "":
            let files = names(file).compactMap { name -> TopologyFile? in
                let text = try? String(contentsOf: file.appending(path: name), encoding: .utf8)
                return text.map { TopologyFile(name: name, text: $0) }
            }
            return .folder(name: "t", files: files)
        default: return nil
        }
    }

    /// As an expected file has it.
    static func text(_ findings: [Finding], in source: TopologySource) -> String {
        findings.map { finding in
            let failure = finding.failure
            var head = "\(finding.severity.rawValue) \(failure.code)"
            if let mark = failure.mark {
                head += " "
                if case .folder = source { head += "\(mark.file):" }
                head += "\(mark.line):\(mark.column)+\(mark.length)"
            }
            let next = failure.next.map { "  > \($0)\n" } ?? ""
            return "\(head)\n  \(failure.text)\n\(next)"
        }.joined()
    }
}
