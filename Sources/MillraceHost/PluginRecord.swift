// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One library that was found, and what became of it.
package struct PluginRecord: Hashable, Codable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Its operators can be used.
        case ready
        /// It breaks a rule and is not loaded.
        case refused
        /// It harmed its probe and is not loaded until it changes or somebody forgives it.
        case quarantined
    }

    package var state: State
    /// Why it is not ready.
    package var reason: Failure?
    package var path: String
    /// Lower-case hexadecimal; empty when the file could not be read.
    package var sha256: String
    /// The plugin's own name; that of the file as long as it is not known.
    package var name: String
    package var version: String
    /// `1.0`, or empty.
    package var abi: String
    package var toolchain: String?
    package var license: String?
    /// Ids of the operators it has, or says it has if it is not ready.
    package var operators: [String]
    /// Allowed, but worth telling: one sentence each, about the file.
    package var warnings: [String]

    init(_ verdict: PluginVerdict, path: String, sha256: String) {
        state = verdict.state
        reason = verdict.reason
        self.path = path
        self.sha256 = sha256
        name = verdict.name
        version = verdict.version
        abi = verdict.abi
        toolchain = verdict.toolchain
        license = verdict.license
        operators = verdict.claims
        warnings = verdict.warnings
    }
}

/// A folder where plugins are looked for.
package struct SearchFolder: Hashable, Codable, Sendable {
    package enum Origin: String, Codable, Sendable {
        case flag, variable, project, user, installation, program
    }

    package var path: String
    package var origin: Origin

    package init(path: String, origin: Origin) {
        self.path = path
        self.origin = origin
    }

    /// The folders of a command, the first one to be looked at first: `--plugin-dir`,
    /// `MILLRACE_PLUGIN_PATH`, `./plugins`, `$XDG_DATA_HOME/millrace/plugins`,
    /// `<prefix>/lib/millrace/plugins`, the folder of the program itself.
    package static func standard(
        flags: [String] = [], environment: [String: String], directory: String, executable: String
    ) -> [SearchFolder] {
        func absolute(_ path: String) -> String {
            path.hasPrefix("/") ? path : directory + "/" + path
        }
        var list = flags.map { SearchFolder(path: absolute($0), origin: .flag) }
        for part in (environment["MILLRACE_PLUGIN_PATH"] ?? "").split(separator: ":") {
            list.append(SearchFolder(path: absolute(String(part)), origin: .variable))
        }
        list.append(SearchFolder(path: directory + "/plugins", origin: .project))
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            list.append(SearchFolder(path: data + "/millrace/plugins", origin: .user))
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            list.append(
                SearchFolder(path: home + "/.local/share/millrace/plugins", origin: .user))
        }
        let own = parent(executable)
        let prefix = environment["MILLRACE_HOME"] ?? parent(own)
        list.append(SearchFolder(path: prefix + "/lib/millrace/plugins", origin: .installation))
        list.append(SearchFolder(path: own, origin: .program))
        var seen: Set<String> = []
        return list.filter { seen.insert($0.path).inserted }
    }

    private static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// What a scan of all folders gave.
package struct CatalogResult: Hashable, Sendable {
    package struct Searched: Hashable, Codable, Sendable {
        package var folder: SearchFolder
        /// Libraries in it that have the entry of a plugin.
        package var hits: Int
    }

    /// Operators of ready plugins; no id occurs twice.
    package var entries: [CatalogEntry] = []
    /// Every library found, in search order.
    package var plugins: [PluginRecord] = []
    package var searched: [Searched] = []
}
