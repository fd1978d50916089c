// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import MillraceHost
import MillraceSystem

/// Checks libraries against the rules of the ABI. Whatever a library does, it does it to a child.
package struct Kit {
    private let catalog: PluginCatalog
    private let executable: String
    private let isQuick: Bool
    private let isWanted: (Check) -> Bool

    /// `catalog` finds the plugin `conform`; `executable` has the commands `probe` and `executor`.
    package init(
        catalog: PluginCatalog, executable: String, isQuick: Bool,
        isWanted: @escaping (Check) -> Bool
    ) {
        self.catalog = catalog
        self.executable = executable
        self.isQuick = isQuick
        self.isWanted = isWanted
    }

    /// Makes every wanted check of the library, and reports each as it ends. Throws when a check
    /// cannot be made for reasons of our own.
    package func run(_ path: String, report: (CheckResult) -> Void) throws(Failure) {
        let started = MonotonicClock.now()
        let exam = try catalog.examine(path)
        let seconds = Double(MonotonicClock.now() - started) / 1e9
        for (check, outcome) in try LibraryChecks.outcomes(exam) where isWanted(check) {
            report(
                CheckResult(
                    check: check, library: exam.name, operation: nil, outcome: outcome,
                    seconds: seconds))
        }
        guard let plugin = exam.reference, case .answered(let result) = exam.verdict else { return }
        let wanted = Check.all.filter { $0.subject == .operation && isWanted($0) }
        guard !wanted.isEmpty else { return }
        let ends = try ends(of: plugin)
        let folder = try makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for operation in result.operators {
            let checks = OperatorChecks(
                rig: Rig(
                    operation, of: plugin, ends: ends, executable: executable, folder: folder),
                isQuick: isQuick)
            for check in wanted {
                let begin = MonotonicClock.now()
                let outcome = try checks.outcome(of: check)
                report(
                    CheckResult(
                        check: check, library: exam.name, operation: operation.id,
                        outcome: outcome,
                        seconds: Double(MonotonicClock.now() - begin) / 1e9))
            }
        }
    }

    /// The operators of the plugin `conform`; none while it is the one that is checked.
    private func ends(of plugin: PluginReference) throws(Failure) -> [CatalogEntry] {
        let found = try catalog.scan().entries.filter { $0.plugin.name == "conform" }
        if plugin.name == "conform" { return [] }
        guard !found.isEmpty else {
            throw Failure(
                .pluginNotFound, "the bundled plugin conform, which feeds operators, is missing",
                next: "`millrace plugin list -v` shows where it was looked for")
        }
        return found
    }

    private func makeFolder() throws(Failure) -> String {
        let base = FileManager.default.temporaryDirectory.path
        let folder = "\(base)/millrace-check-\(UUID().uuidString)"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            return folder
        } catch {
            throw Failure(.fileFailed, "\(folder): \(error)", next: "set TMPDIR to another folder")
        }
    }
}
