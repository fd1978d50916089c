// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceGraph
import MillraceJobs

/// Dead letters that a run gives back to its nodes: those that `millrace dlq replay` has chosen, as
/// far as no run before has given them.
struct RunReplays {
    private let folder: String
    private let archive: LetterArchive?
    private let replays: [LetterArchive.Replay]

    /// Throws MR6002 and MR6004.
    init(_ state: RunState) throws(Failure) {
        folder = state.folder ?? ""
        archive = state.isKept ? LetterArchive(folder) : nil
        replays = try archive?.replays().filter { !$0.isDone } ?? []
    }

    /// What quarantine lets go for them.
    var released: Set<JobCoordinator.ReleasedRecord> { archive?.released(by: replays) ?? [] }

    /// The plan with their sources. Throws MR4403, MR2307, and MR2102 without the bundled plugins.
    func added(to plan: Plan, _ plugins: PluginOptions) throws(Failure) -> Plan {
        guard !replays.isEmpty else { return plan }
        let found = try plugins.catalog().scan()
        let wanted = Plan.replayOperation
        guard let reader = found.entries.first(where: { $0.operation.id == wanted }) else {
            throw Failure(
                .unknownOperator, "the operator `\(wanted)` gives dead letters back to their nodes",
                next: "install the bundled plugin `io`")
        }
        return try plan.replaying(
            replays.map { replay in
                PlannedReplay(
                    source: replay.source, file: archive?.path(of: replay) ?? "",
                    node: replay.file.node, input: replay.file.input,
                    payloadBytesMax: replay.file.payloadBytesMax)
            }, with: reader)
    }

    /// For the person in front of it, before the run.
    var notes: [String] {
        Dictionary(grouping: replays, by: \.file.node).sorted { $0.key < $1.key }.map {
            let count = $1.reduce(0) { $0 + $1.left }
            return " \(Figures.count(count, "dead letter")) given back to \($0)"
        }
    }
}
