// SPDX-License-Identifier: Apache-2.0
// What this program finds beside itself: headers, templates, build rules. Found from the program's
// own place, so a tree that was moved goes on working. There are two trees:
//
//     installed   PREFIX/bin/millrace             SDK folder: PREFIX/share/millrace
//     sources     SOURCES/.build/…/millrace       SDK folder: SOURCES/SDK
//
// Both SDK folders look the same: `templates`, `include`, `swift`, `cmake`, `plugin.mk`.
import Foundation
import MillraceCore

struct Installation: Equatable {
    /// The program itself, all links followed.
    var program: String
    /// PREFIX or SOURCES.
    var root: String
    /// What builds of plugins need. A project's `.millrace/sdk` leads here.
    var sdk: String

    /// The headers: `-I` of this.
    var include: String { sdk + "/include" }
    var templates: String { sdk + "/templates" }
    /// The bundled plugins of an installed tree; those of a build lie beside the program.
    var plugins: String { root + "/lib/millrace/plugins" }

    /// The tree of this program, or the one that `MILLRACE_HOME` names.
    static func ofThisProgram() throws(Failure) -> Installation {
        let program = try PluginOptions.executable()
        let home = ProcessInfo.processInfo.environment["MILLRACE_HOME"]
        let found = find(program: program, home: home) {
            FileManager.default.fileExists(atPath: $0)
        }
        guard let found else {
            let place = home.map { "in MILLRACE_HOME=\($0)" } ?? "above \(program)"
            throw Failure(
                .sdkMissing, "no share/millrace and no SDK folder \(place)",
                next: "set MILLRACE_HOME to the prefix Millrace is installed in, or to its sources")
        }
        return found
    }

    /// `MILLRACE_HOME` alone if it is set, else every folder above the program, the nearest first.
    static func find(
        program: String, home: String?, exists: (_ path: String) -> Bool
    ) -> Installation? {
        var roots = home.map { [$0] } ?? []
        if home == nil {
            var rest = program[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                roots.append(String(rest))
            }
        }
        for root in roots {
            for sdk in [root + "/share/millrace", root + "/SDK"] where exists(sdk + "/templates") {
                return Installation(program: program, root: root.isEmpty ? "/" : root, sdk: sdk)
            }
        }
        return nil
    }
}
