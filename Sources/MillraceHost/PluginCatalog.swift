// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire

/// Finds plugins, judges those it does not know, and lists the operators of the good ones.
///
/// A file that was judged before costs one `stat`; an unknown one is read, checked, copied and
/// probed. Order decides: of two libraries with the same content the first is listed, of two with
/// the same name or operator the second is refused (MR3102).
package struct PluginCatalog: Sendable {
    let probe: PluginProbe
    let judge: PluginFile.Identity?
    let copies: PluginCopies
    private let searchPath: [SearchFolder]

    /// `executable` has the command `probe`; `cacheDirectory` is made if needed. Throws MR5303.
    package init(
        executable: String, cacheDirectory: String, searchPath: [SearchFolder],
        probeNanoseconds: Int64 = Limits.probeNanoseconds
    ) throws(Failure) {
        probe = PluginProbe(executable: executable, limitNanoseconds: probeNanoseconds)
        judge = PluginFile.identity(of: executable)
        copies = try PluginCopies(folder: cacheDirectory)
        self.searchPath = searchPath
    }

    /// The same without a search path: it finds what it is given, and nothing else.
    var alone: PluginCatalog {
        PluginCatalog(probe: probe, judge: judge, copies: copies, searchPath: [])
    }

    private init(
        probe: PluginProbe, judge: PluginFile.Identity?, copies: PluginCopies,
        searchPath: [SearchFolder]
    ) {
        self.probe = probe
        self.judge = judge
        self.copies = copies
        self.searchPath = searchPath
    }

    /// A library to be looked at, and what is known about it at some point of the scan.
    private struct Finding {
        var path: String
        /// Somebody put it into a folder for plugins, or named the file itself.
        var isMeant: Bool
        /// Position in the search path; nil: named by `extra`.
        var folder: Int?
        var sha256 = ""
        var verdict: PluginVerdict?
    }

    /// `extra` are files or folders that come before the search path. Throws MR5303 when the cache
    /// cannot be used; what is wrong with a plugin is in its record.
    package func scan(extra: [String] = []) throws(Failure) -> CatalogResult {
        let registry = PluginRegistry.load(copies.folder)
        var findings = candidates(extra)
        var files: [String: PluginRegistry.KnownFile] = [:]
        var unknown: [PluginFile] = []
        for i in findings.indices {
            let path = findings[i].path
            if let sha256 = registry.content(of: path),
                let verdict = usable(registry.verdicts[sha256], sha256)
            {
                findings[i].sha256 = sha256
                findings[i].verdict = verdict
                continue
            }
            do throws(Failure) {
                let file = try PluginFile.read(path)
                findings[i].sha256 = file.sha256
                findings[i].verdict = usable(registry.verdicts[file.sha256], file.sha256)
                files[path] = PluginRegistry.KnownFile(file)
                guard findings[i].verdict == nil else { continue }
                if !unknown.contains(where: { $0.sha256 == file.sha256 }) { unknown.append(file) }
            } catch {
                findings[i].verdict = verdict(.refused, error, file: PluginFile.name(of: path))
            }
        }
        let judged = try judgeAll(unknown)
        if !files.isEmpty {
            try PluginRegistry.update(copies) { registry in
                registry.files.merge(files) { $1 }
                registry.verdicts.merge(judged.filter { !$0.value.isPassing }) { $1 }
            }
        }
        for i in findings.indices where findings[i].verdict == nil {
            findings[i].verdict = judged[findings[i].sha256]
        }
        return assemble(findings)
    }

    /// Forgets the quarantine of a plugin: its name, its file's name or path, or the beginning of
    /// its SHA-256. Throws MR3401 when there is none.
    package func unquarantine(_ name: String) throws(Failure) {
        var forgotten = false
        var known: Set<String> = []
        try PluginRegistry.update(copies) { registry in
            let path = FolderListing.absolute(name)
            let wanted = registry.files.filter {
                $0.key == path || PluginFile.name(of: $0.key) == name
            }
            let contents = Set(wanted.values.map(\.sha256))
            for (sha256, verdict) in registry.verdicts where verdict.state == .quarantined {
                known.insert(verdict.name)
                let isPrefix = name.utf8.count >= 6 && sha256.hasPrefix(name)
                guard verdict.name == name || contents.contains(sha256) || isPrefix else {
                    continue
                }
                registry.verdicts[sha256] = nil
                forgotten = true
            }
        }
        guard forgotten else {
            throw Failure(
                .pluginNotFound, "no quarantined plugin is called \(name)",
                next: Nearest.question(name, known.sorted())
                    ?? "`millrace plugin list` shows them with their reasons")
        }
    }

    /// A verdict of the registry that still holds, with its copy in place.
    private func usable(_ verdict: PluginVerdict?, _ sha256: String) -> PluginVerdict? {
        guard let verdict, verdict.release == Release.version else { return nil }
        if verdict.state != .ready { return verdict.judge == judge ? verdict : nil }
        return PluginFile.identity(of: copies.path(of: sha256)) == nil ? nil : verdict
    }

    private func candidates(_ extra: [String]) -> [Finding] {
        var list: [Finding] = []
        func add(folder: String, number: Int?, isMeant: Bool) {
            for name in FolderListing.names(folder) where name.hasSuffix(".so") {
                if !isMeant, !name.hasPrefix("lib") { continue }
                let path = FolderListing.absolute("\(folder)/\(name)")
                list.append(Finding(path: path, isMeant: isMeant, folder: number))
            }
        }
        for path in extra.map(FolderListing.absolute) {
            if FolderListing.isFolder(path) {
                add(folder: path, number: nil, isMeant: true)
            } else {
                list.append(Finding(path: path, isMeant: true, folder: nil))
            }
        }
        for (i, folder) in searchPath.enumerated() {
            add(folder: folder.path, number: i, isMeant: folder.origin != .program)
        }
        var seen: Set<String> = []
        return list.filter { seen.insert($0.path).inserted }
    }

    /// Records in search order; the first of a content, a name or an operator id wins.
    private func assemble(_ findings: [Finding]) -> CatalogResult {
        var result = CatalogResult()
        var hits = [Int](repeating: 0, count: searchPath.count)
        var contents: Set<String> = []
        var owners = Owners()
        for finding in findings {
            guard let verdict = finding.verdict else { continue }
            // What lies beside the program by chance is not worth a word.
            if !finding.isMeant, verdict.reason?.code == .noEntry { continue }
            if let folder = finding.folder { hits[folder] += 1 }
            guard finding.sha256.isEmpty || contents.insert(finding.sha256).inserted else {
                continue
            }
            var record = PluginRecord(verdict, path: finding.path, sha256: finding.sha256)
            if record.state == .ready, let conflict = owners.conflict(of: record) {
                record.state = .refused
                record.reason = conflict
            }
            if record.state == .ready {
                owners.add(record)
                let plugin = PluginReference(
                    name: record.name, version: record.version, sha256: record.sha256,
                    path: record.path, copy: copies.path(of: record.sha256))
                result.entries += verdict.operators.map {
                    CatalogEntry(operation: $0, plugin: plugin)
                }
            }
            result.plugins.append(record)
        }
        result.searched = zip(searchPath, hits).map {
            CatalogResult.Searched(folder: $0, hits: $1)
        }
        return result
    }
}

/// Who has a name first.
private struct Owners {
    private var plugins: [String: PluginRecord] = [:]
    private var operators: [String: PluginRecord] = [:]

    mutating func add(_ record: PluginRecord) {
        plugins[record.name] = record
        for id in record.operators { operators[id] = record }
    }

    func conflict(of record: PluginRecord) -> Failure? {
        if let other = plugins[record.name] {
            return Failure(
                .duplicateOperator,
                "\(record.name) \(other.version) was found first, at \(other.path)",
                next: "remove one of the two; the search order is in `millrace plugin list -v`")
        }
        for id in record.operators {
            guard let other = operators[id] else { continue }
            return Failure(
                .duplicateOperator,
                "its operator \(id) is also in \(other.name), found first at \(other.path)",
                next: "remove one of the two, or give its operators other ids")
        }
        return nil
    }
}
