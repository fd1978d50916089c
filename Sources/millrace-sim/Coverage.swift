// SPDX-License-Identifier: Apache-2.0
import MillraceDelivery

/// Which transitions of which machine a run of many seeds has been through.
struct Coverage {
    enum Machine: Int, CaseIterable { case log, barrier, commit, region }

    private static let width = 16
    private var counts: [Int] = Array(
        repeating: 0, count: Machine.allCases.count * Self.width * Self.width)

    mutating func saw(_ machine: Machine, _ from: Int, _ to: Int) {
        counts[(machine.rawValue * Self.width + from) * Self.width + to] += 1
    }

    mutating func add(_ other: Coverage) {
        for at in counts.indices { counts[at] += other.counts[at] }
    }

    /// A line for each machine, then its transitions with how often they were taken.
    var text: String {
        Machine.allCases.map { machine in
            let names = Self.names(machine)
            var lines: [String] = []
            var seen: Set<Int> = []
            for from in names.indices {
                for to in names.indices where from != to {
                    let count = counts[(machine.rawValue * Self.width + from) * Self.width + to]
                    guard count > 0 else { continue }
                    seen.formUnion([from, to])
                    lines.append("    \(names[from]) → \(names[to])  \(count)")
                }
            }
            let missing = names.indices.filter { !seen.contains($0) }.map { names[$0] }
            let gap = missing.isEmpty ? "" : "; never seen: \(missing.joined(separator: ", "))"
            let head = "  \(machine): \(seen.count) of \(names.count) states\(gap)"
            return ([head] + lines).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private static func names(_ machine: Machine) -> [String] {
        switch machine {
        case .log: DecisionLog.Phase.allCases.map { "\($0)" }
        case .barrier: CheckpointCoordinator.BarrierPhase.allCases.map { "\($0)" }
        case .commit: CheckpointCoordinator.CommitPhase.allCases.map { "\($0)" }
        case .region: JobLifecycle.Phase.allCases.map { "\($0)" }
        }
    }
}
