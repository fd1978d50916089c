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
        help: "A folder of plugins, looked at before all others. May be given several times.")
    var folders: [String] = []

    /// The catalogue of the standard search path. Throws what the cache folder gives.
    func catalog() throws(Failure) -> PluginCatalog {
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
