// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceHost
import MillraceWire

/// The checks that need no operator: file, load, descriptor. From an exam to an outcome of each.
enum LibraryChecks {
    typealias Outcome = CheckResult.Outcome

    private static let order = Check.all.filter { $0.subject == .library }

    /// One outcome per check of libraries, in their order. Throws the failure of a probe that could
    /// not be made: nothing is known then.
    static func outcomes(_ exam: PluginExam) throws(Failure) -> [(Check, Outcome)] {
        var found: [Check: Outcome] = [:]
        file(exam, &found)
        var blocker: Check? = found.keys.first { isBlocking($0, found) }
        if let verdict = exam.verdict {
            switch verdict {
            case .unknown(let failure): throw failure
            case .died(let failure):
                found[.libraries] = .passed
                found[.survives] = .failed(text(failure))
                blocker = .survives
            case .answered(let result):
                answered(result, exam, &found)
                blocker = order.first { isBlocking($0, found) }
            }
        }
        return order.map { check in
            (check, found[check] ?? .skipped(blocker.map { "\($0.id) failed" } ?? "not reached"))
        }
    }

    private static func isBlocking(_ check: Check, _ found: [Check: Outcome]) -> Bool {
        if case .failed = found[check] { return true }
        return false
    }

    private static func text(_ failure: Failure) -> String {
        "\(failure.code)  \(failure.text)" + (failure.next.map { "; \($0)" } ?? "")
    }

    // MARK: - the file

    private static func file(_ exam: PluginExam, _ found: inout [Check: Outcome]) {
        guard let object = exam.object else {
            found[.readable] = .failed(exam.unreadable.map(text) ?? "it cannot be read")
            return
        }
        found[.readable] = .passed
        func judge(_ check: Check, _ isBad: Bool, _ text: String, isWarning: Bool = false) {
            found[check] = !isBad ? .passed : isWarning ? .warned(text) : .failed(text)
        }
        judge(.library, object.isProgram, "it is a program; link it with -shared")
        let other = object.entries.first { $0 != SharedObject.entry }
        judge(
            .entry, !object.entries.contains(SharedObject.entry),
            other.map { "it exports \($0), this host speaks version 1" }
                ?? "it does not export \(SharedObject.entry)")
        judge(
            .exports, object.otherExports > 0,
            "it exports \(object.otherExports) symbols besides its entry; use a version script",
            isWarning: true)
        judge(
            .stack, object.executableStack,
            "link with -z noexecstack; assembler files need a .note.GNU-stack section")
        judge(.relocations, object.textRelocations, "compile every object with -fPIC")
        judge(
            .storage, object.staticTLS,
            "static storage runs out late in the life of a process; use the default TLS model")
        let folders = object.searchFolders.filter { $0 != "$ORIGIN" && $0 != "${ORIGIN}" }
        judge(
            .searchPath, !folders.isEmpty,
            "it looks for libraries in \(folders.joined(separator: ", "))", isWarning: true)
        judge(
            .unique, object.uniqueSymbols > 0,
            "\(object.uniqueSymbols) GNU-unique symbols; compile with -fno-gnu-unique",
            isWarning: true)
        if let failure = exam.unreadableNote {
            found[.note] = .failed(text(failure))
        } else {
            // No warning: nothing depends on it, and Swift has no macro that makes one.
            found[.note] =
                object.note == nil
                ? .skipped("it has none, which only listings would use (MR_MANIFEST)") : .passed
        }
    }

    // MARK: - what the probe said

    private static func answered(
        _ result: ProbeResult, _ exam: PluginExam, _ found: inout [Check: Outcome]
    ) {
        let stages: [Check] = [.libraries, .survives, .version, .rules, .ids]
        let culprit = result.failure.map { stage(of: $0.code) }
        for check in stages {
            if check == culprit, let failure = result.failure {
                found[check] = .failed(text(failure))
                break
            }
            found[check] = .passed
        }
        // It was in the process, whatever its tables say.
        if culprit != .libraries {
            found[.process] =
                result.changes.isEmpty
                ? .passed : .failed("MR3008  " + result.changes.joined(separator: ", "))
        }
        guard result.failure == nil else { return }
        found[.toolchain] = outcome { () throws(Failure) in
            try HostToolchain.check(result.toolchain, file: exam.name)
        }
        guard let note = exam.note else {
            found[.truth] = .skipped("there is no note that can be read")
            return
        }
        found[.truth] = outcome { () throws(Failure) in
            try note.check(
                file: exam.name, name: result.name, version: result.version,
                abiVersion: result.abiVersion, operators: result.operators.map(\.id))
        }
    }

    private static func stage(of code: FailureCode) -> Check {
        switch code {
        case .libraryMissing, .wrongFile: .libraries
        case .abiVersion, .unknownNeed: .version
        case .duplicateOperator: .ids
        default: .rules
        }
    }

    private static func outcome(_ body: () throws(Failure) -> Void) -> Outcome {
        do throws(Failure) {
            try body()
            return .passed
        } catch {
            return .failed(text(error))
        }
    }
}
