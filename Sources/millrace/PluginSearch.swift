// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import MillraceCore
import MillraceHost
import MillraceSystem

/// Where a command finds plugins.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugin-dir"),
        help: ArgumentHelp(
            "Plugins looked at before all others. May be given several times.",
            valueName: "folder"),
        completion: .directory)
    var folders: [String] = []

    /// The catalogue of the search path. Throws MR1004 for a folder that was named and cannot be
    /// read, and what the cache folder gives. One of `MILLRACE_PLUGIN_PATH` is only told: it is
    /// often set for all commands, long before.
    func catalog() throws(Failure) -> PluginCatalog {
        for folder in folders {
            guard let reason = PluginOptions.complaint(folder) else { continue }
            throw Failure(
                .inputMissing, "--plugin-dir \(folder): \(reason)",
                next: "name a folder with plugins in it")
        }
        let named = ProcessInfo.processInfo.environment["MILLRACE_PLUGIN_PATH"] ?? ""
        for folder in named.split(separator: ":").map(String.init) {
            guard let reason = PluginOptions.complaint(folder) else { continue }
            StandardError.write(
                "warning \(FailureCode.inputMissing)  MILLRACE_PLUGIN_PATH names \(folder): "
                    + reason + "\n")
        }
        return try PluginOptions.catalog(folders)
    }

    /// Why there can be no plugins in a folder; nil when there can.
    private static func complaint(_ folder: String) -> String? {
        do {
            _ = try FileManager.default.contentsOfDirectory(atPath: folder)
            return nil
        } catch {
            var isFolder = ObjCBool(false)
            let exists = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder)
            if !exists { return "there is no such folder" }
            return isFolder.boolValue ? "it cannot be read" : "it is no folder"
        }
    }

    static func catalog(_ folders: [String]) throws(Failure) -> PluginCatalog {
        let executable = try PluginOptions.executable()
        let variables = ProcessInfo.processInfo.environment
        let search = SearchFolder.standard(
            flags: folders, environment: variables,
            directory: FileManager.default.currentDirectoryPath, executable: executable)
        return try PluginCatalog(
            executable: executable,
            cacheDirectory: PluginCopies.standardFolder(environment: variables), searchPath: search)
    }

    /// The file of this program: executors and probes are started from it.
    static func executable() throws(Failure) -> String {
        do {
            return try ChildProcess.ownExecutable()
        } catch {
            throw error.failure(.invariantBroken, next: "mount /proc")
        }
    }
}
