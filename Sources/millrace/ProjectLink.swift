// SPDX-License-Identifier: Apache-2.0
// `.millrace` in a project holds what belongs to this machine and is not committed:
//
//     sdk        a link to the SDK folder of the Millrace that made it: headers, build rules
//     millrace   a link to that program
//     topology.schema.json   what editors need to know of topologies: every operator that is found,
//                            that of the project too when it has been built
//
// A Makefile that misses them calls `millrace new sdk`. A folder put there by hand stays.
import Foundation
import MillraceCore
import MillraceGraph
import MillraceSystem

enum ProjectLink {
    /// Throws `fileFailed`, `inputMissing` when there is no such project, and what the plugin cache
    /// gives.
    static func make(
        in project: String, _ installation: Installation, _ plugins: PluginOptions
    ) throws(Failure) {
        guard FileManager.default.fileExists(atPath: project) else {
            throw Failure(.inputMissing, "\(project) is no folder")
        }
        let folder = project + "/.millrace"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try link(folder + "/sdk", to: installation.sdk)
            try link(folder + "/millrace", to: installation.program)
            let text = try schema(of: project, plugins)
            try DurableFile.write(Array(text.utf8), to: folder + "/topology.schema.json")
        } catch {
            throw ProjectTemplate.failure(error, folder)
        }
    }

    private static func schema(of project: String, _ plugins: PluginOptions) throws -> String {
        let build = project + "/build"
        let own = FileManager.default.fileExists(atPath: build) ? [build] : []
        let found = try plugins.catalog().scan(extra: own)
        return TopologySchema.json(catalog: found.entries).indentedText + "\n"
    }

    /// Replaces a link in one step: two builds may do this at once.
    private static func link(_ path: String, to target: String) throws {
        let files = FileManager.default
        if files.fileExists(atPath: path), !ProjectTemplate.isLink(path) { return }
        let draft = path + ".\(getpid()).new"
        try files.createSymbolicLink(atPath: draft, withDestinationPath: target)
        guard rename(draft, path) == 0 else {
            let number = errno
            try files.removeItem(atPath: draft)
            throw NSError(domain: NSPOSIXErrorDomain, code: Int(number))
        }
    }
}
