// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire

/// From a file nobody knows to a verdict: the file's properties, its note, a probe.
extension PluginCatalog {
    /// Verdicts by content. Throws MR5303 when copies cannot be written.
    func judgeAll(_ files: [PluginFile]) throws(Failure) -> [String: PluginVerdict] {
        var verdicts: [String: PluginVerdict] = [:]
        var waiting: [(file: PluginFile, object: SharedObject, note: PluginNote?)] = []
        var subjects: [PluginProbe.Subject] = []
        for file in files {
            do throws(Failure) {
                let object = try SharedObject.read(file.bytes, name: file.name)
                try object.check(name: file.name)
                var note: PluginNote?
                if let text = object.note { note = try PluginNote(text, file: file.name) }
                waiting.append((file, object, note))
            } catch {
                verdicts[file.sha256] = verdict(.refused, error, file: file.name)
            }
        }
        for one in waiting {
            subjects.append(
                PluginProbe.Subject(copy: try copies.keep(one.file), name: one.file.name))
        }
        for (one, answer) in zip(waiting, probe.run(subjects)) {
            verdicts[one.file.sha256] = judge(
                answer, file: one.file.name, object: one.object, note: one.note)
        }
        return verdicts
    }

    private func judge(
        _ answer: PluginProbe.Verdict, file: String, object: SharedObject, note: PluginNote?
    ) -> PluginVerdict {
        var judged: PluginVerdict
        switch answer {
        case .unknown(let failure):
            judged = verdict(.refused, failure, file: file)
            judged.isPassing = true
        case .died(let failure): judged = verdict(.quarantined, failure, file: file)
        case .answered(let result):
            judged = verdict(result, file: file, note: note)
        }
        if let note, judged.version.isEmpty {
            judged.name = note.name
            judged.version = note.version
            judged.abi = note.abi
        }
        if judged.claims.isEmpty { judged.claims = note?.operators ?? [] }
        judged.warnings = object.warnings
        return judged
    }

    private func verdict(
        _ result: ProbeResult, file: String, note: PluginNote?
    ) -> PluginVerdict {
        if !result.changes.isEmpty {
            let failure = Failure(
                .quarantinedBehaviour,
                "\(file) changed its process when it was loaded: "
                    + result.changes.joined(separator: ", "),
                next: "do such things in create or start; it is not loaded until the file changes")
            return named(verdict(.quarantined, failure, file: file), result)
        }
        do throws(Failure) {
            if let failure = result.failure { throw failure }
            try HostToolchain.check(result.toolchain, file: file)
            try note?.check(
                file: file, name: result.name, version: result.version,
                abiVersion: result.abiVersion, operators: result.operators.map(\.id))
        } catch {
            var judged = named(verdict(.refused, error, file: file), result)
            // Somebody may install what is missing.
            judged.isPassing = error.code == .libraryMissing
            return judged
        }
        var judged = named(verdict(.ready, nil, file: file), result)
        judged.operators = result.operators
        return judged
    }

    private func named(_ verdict: PluginVerdict, _ result: ProbeResult) -> PluginVerdict {
        var verdict = verdict
        guard !result.name.isEmpty else { return verdict }
        verdict.name = result.name
        verdict.version = result.version
        verdict.license = result.license
        verdict.toolchain = result.toolchain
        verdict.abi = PluginTable.text(result.abiVersion)
        verdict.claims = result.operators.map(\.id)
        return verdict
    }

    /// One that knows nothing but the file's name: `libdemo.so` is shown as `demo`.
    func verdict(
        _ state: PluginRecord.State, _ reason: Failure?, file: String
    ) -> PluginVerdict {
        var name = file.hasPrefix("lib") ? file.dropFirst(3) : file[...]
        if name.hasSuffix(".so") { name = name.dropLast(3) }
        return PluginVerdict(
            release: Release.version, judge: judge, state: state, reason: reason,
            name: String(name), version: "", abi: "", operators: [], claims: [],
            warnings: [],
            isPassing: false)
    }
}
