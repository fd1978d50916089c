// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Checkpoints and restarts.
extension TopologyReader {
    mutating func checkpoints(_ value: TreeValue) -> PlannedCheckpoints {
        var found = PlannedCheckpoints()
        guard let members = shape.map(value, "checkpoint") else { return found }
        known(members, "checkpoint", "of `checkpoint`", "checkpoint")
        for member in members {
            let path = "checkpoint.\(member.name)"
            switch member.name {
            case "every": found.every = duration(member.value, path) ?? found.every
            case "timeout": found.timeout = duration(member.value, path) ?? found.timeout
            case "retain":
                let range = TopologyKeyTable.integers(path)
                found.retained =
                    shape.integer(member.value, path, range)?.value ?? found.retained
            case "guarantee":
                found.guarantee = guarantee(member.value, path) ?? found.guarantee
            case "store": found.store = store(member.value, path)
            default: break
            }
        }
        return found
    }

    mutating func restarts(_ value: TreeValue) -> PlannedRestarts {
        var found = PlannedRestarts()
        guard let members = shape.map(value, "restart") else { return found }
        known(members, "restart", "of `restart`", "restart")
        for member in members {
            switch member.name {
            case "backoff":
                let longest = TopologyKeyTable.bounds("restart.budget.per").upperBound
                if let span = shape.durations(member.value, "restart.backoff", most: longest) {
                    found.backoffLeast = span.lowerBound
                    found.backoffMost = span.upperBound
                }
            case "budget": budget(member.value, &found)
            default: break
            }
        }
        return found
    }

    private mutating func budget(_ value: TreeValue, _ found: inout PlannedRestarts) {
        let path = "restart.budget"
        guard let members = shape.map(value, path) else { return }
        known(members, path, "of `budget`", path)
        for member in members {
            let here = "\(path).\(member.name)"
            switch member.name {
            case "count":
                let range = TopologyKeyTable.integers(here)
                found.count = shape.integer(member.value, here, range)?.value ?? found.count
            case "per": found.per = duration(member.value, here) ?? found.per
            default: break
            }
        }
    }

    private mutating func duration(_ value: TreeValue, _ path: String) -> Int64? {
        shape.duration(value, path, TopologyKeyTable.bounds(path))
    }

    private mutating func guarantee(
        _ value: TreeValue, _ path: String
    ) -> PlannedCheckpoints.Guarantee? {
        guard let text = shape.text(value, path), !shape.isRefused(value, path) else { return nil }
        if let known = PlannedCheckpoints.Guarantee(rawValue: text.value) { return known }
        choice(value, path, text.value, TopologyKeyTable.choices(path).map(\.value))
        return nil
    }

    /// The path that a store is: as it is written, or what is behind `file:`. `${…}` in it have
    /// been replaced.
    private mutating func store(_ value: TreeValue, _ path: String) -> String? {
        if value.content == .unresolved { return nil }
        guard let text = shape.text(value, path) else { return nil }
        let next = "write the path of a folder, or file:///PATH"
        let scheme = String(text.value.prefix { $0 != ":" && $0 != "/" })
        guard text.value.dropFirst(scheme.count).first == ":" else {
            if !text.value.isEmpty { return text.value }
            shape.outOfRange(value.mark, path, "a folder is needed", next: next)
            return nil
        }
        var rest = text.value.dropFirst(scheme.count + 1)
        if scheme == "hdfs" || scheme == "s3" {
            shape.findings.error(
                .notServed, at: value.mark,
                "\(path): `\(scheme):` is known, but not served by this release", next: next)
            return nil
        }
        if scheme == "file", rest.hasPrefix("//") { rest = rest.dropFirst(2) }
        if scheme == "file", rest.hasPrefix("/") { return String(rest) }
        shape.outOfRange(
            value.mark, path, "`\(text.value)` is no folder of this machine", next: next)
        return nil
    }
}
