// SPDX-License-Identifier: Apache-2.0
// What sinks have hidden beside their outputs and no run will commit any more, because the only one
// that could is dead. The names of such files are made of the job's lineage, 128 random bits: see
// staged.h of `file.sink`. So nothing of another job can be meant.
//
//     outputs     in the job's folder: the folders that sinks write to, one a line
import Foundation
import MillraceCore
import MillraceDelivery
import MillraceGraph
import MillraceSystem

package enum StagedFiles {
    private static let listName = "outputs"
    private static let suffix = ".staged"

    /// Notes in the job's folder where the sinks of the plan may hide something. What cannot be
    /// noted is not found later.
    package static func note(_ plan: Plan, in folder: String, workingFolder: String) {
        let text = folders(of: plan, workingFolder: workingFolder).joined(separator: "\n")
        _ = try? StateFolder(existing: folder, isDurable: false).create(listName, Array(text.utf8))
    }

    /// Removes what the dead job of the folder has hidden.
    package static func remove(of folder: String) {
        let job = StateFolder(existing: folder)
        guard let list = try? job.read(listName), let log = try? JobStore.log(of: job),
            let lineage = log.lineage
        else { return }
        let mark = ".\(Savepoint.hex(lineage.high))\(Savepoint.hex(lineage.low))-"
        for line in String(decoding: list, as: UTF8.self).split(separator: "\n") {
            let output = String(line)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
            for name in names
            where name.hasPrefix(".") && name.hasSuffix(suffix) && name.contains(mark) {
                try? StateFolder(existing: output).remove(name)
            }
        }
    }

    /// The folders of all paths that sinks with two-phase commit may have among their parameters:
    /// the last ones that do not depend on the time.
    static func folders(of plan: Plan, workingFolder: String) -> [String] {
        var found: Set<String> = []
        for node in plan.nodes where node.operation.isTwoPhase {
            guard case .object(let members) = node.config else { continue }
            for member in members where !node.secrets.contains(member.name) {
                guard case .string(let value) = member.value, !value.contains("\n") else {
                    continue
                }
                let path = value.hasPrefix("/") ? value : "\(workingFolder)/\(value)"
                let fixed = path.prefix { $0 != "%" }
                guard let slash = fixed.lastIndex(of: "/") else { continue }
                found.insert(slash == fixed.startIndex ? "/" : String(fixed[..<slash]))
            }
        }
        return found.sorted()
    }
}
