// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One thing that a check has to say about a topology.
package struct Finding: Hashable, Codable, Sendable {
    package enum Severity: String, Codable, Sendable, CaseIterable {
        /// The topology cannot run.
        case error
        /// It can, but it is probably not what was meant.
        case warning
        /// Worth knowing once.
        case notice
    }

    package var severity: Severity
    package var failure: Failure

    package init(_ severity: Severity, _ failure: Failure) {
        self.severity = severity
        self.failure = failure
    }
}

/// What the phases of a check have found so far, and which nodes are broken.
package struct Findings: Sendable {
    /// More are not shown: the first fifty explain the rest.
    package static let shownMax = 50

    package private(set) var all: [Finding] = []
    /// Ids of nodes with an error; later phases skip them.
    package private(set) var broken: Set<String> = []
    /// A value is unknown here and was only warned about: the topology can be checked, not run.
    package var incomplete = false
    /// Rounds of loops over the graph: a test holds them to its size.
    package var steps = 0

    package init() {}

    package var hasErrors: Bool { all.contains { $0.severity == .error } }

    package mutating func add(_ severity: Finding.Severity, _ failure: Failure) {
        all.append(Finding(severity, failure))
        if severity == .error, let node = failure.node { broken.insert(node) }
    }

    package mutating func error(
        _ code: FailureCode, at mark: Mark?, node: String? = nil, _ text: String,
        next: String? = nil
    ) {
        add(.error, Failure(code, at: mark, node: node, text, next: next))
    }

    package mutating func warning(
        _ code: FailureCode, at mark: Mark?, node: String? = nil, _ text: String,
        next: String? = nil
    ) {
        add(.warning, Failure(code, at: mark, node: node, text, next: next))
    }

    package mutating func notice(
        _ code: FailureCode, at mark: Mark?, node: String? = nil, _ text: String,
        next: String? = nil
    ) {
        add(.notice, Failure(code, at: mark, node: node, text, next: next))
    }

    /// By position, errors first where positions are equal; errors are kept when there are more
    /// than can be shown.
    package var sorted: [Finding] {
        let ordered = all.enumerated().sorted { left, right in
            let (a, b) = (left.element.failure.mark, right.element.failure.mark)
            if let a, let b, a != b { return a < b }
            if (a == nil) != (b == nil) { return a == nil }
            return left.offset < right.offset
        }.map(\.element)
        guard ordered.count > Self.shownMax else { return ordered }
        let errors = ordered.filter { $0.severity == .error }.count
        var room = max(0, Self.shownMax - errors)
        var shown: [Finding] = []
        for finding in ordered where shown.count < Self.shownMax {
            if finding.severity != .error {
                if room == 0 { continue }
                room -= 1
            }
            shown.append(finding)
        }
        return shown
    }
}
