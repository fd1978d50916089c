// SPDX-License-Identifier: Apache-2.0
import CMillrace
import FoundationEssentials
import Glibc
import MillraceCore
import MillraceSystem

/// The child side of `PluginProbe`: the command `millrace probe COPY [NAME]`.
package enum ProbeEntry {
    private static let addressSpace: UInt = 4 << 30
    private static let files: UInt = 64
    /// Seconds after which the kernel ends a probe whose parent forgot it.
    private static let lifetime: UInt32 = 30

    /// Loads the library, asks it everything that can be asked without creating an operator, and
    /// answers on descriptor 3 (on standard output if that is not open). With `--functions`, it
    /// is a library that knows nothing of us, and the arguments are symbols. Never returns: what
    /// the library registered to run at exit is not run.
    package static func run(_ arguments: [String]) -> Never {
        let isFunctions = arguments.first == FunctionProbe.flag
        guard let copy = arguments.dropFirst(isFunctions ? 1 : 0).first,
            isFunctions || arguments.count <= 2
        else {
            say("usage: millrace probe LIBRARY [NAME]\n", on: STDERR_FILENO)
            _exit(64)
        }
        let answer =
            fcntl(ProbeAnswer.descriptor, F_GETFD) >= 0
            ? ProbeAnswer.descriptor : STDOUT_FILENO
        limit()
        let stage: (String) -> Void = { say("@ \($0)\n", on: answer) }
        stage(ProbeAnswer.began)
        if isFunctions {
            let symbols = Array(arguments.dropFirst(2))
            tell(FunctionProbeEntry.examine(copy, symbols, before: stage), on: answer)
        } else {
            tell(examine(copy, name: arguments.last ?? copy, before: stage), on: answer)
        }
        _exit(0)
    }

    private static func tell(_ result: some Encodable, on answer: Int32) {
        guard let data = try? JSONEncoder().encode(result) else {
            preconditionFailure("BUG: a result that cannot be encoded")
        }
        say("= " + String(decoding: data, as: UTF8.self) + "\n", on: answer)
    }

    private static func examine(
        _ copy: String, name: String, before call: (String) -> Void
    ) -> ProbeResult {
        var result = ProbeResult()
        let before = ProcessState.now()
        do throws(Failure) {
            let table = try unsafe PluginExamination.table(of: copy, name: name, before: call)
            result.name = table.name
            result.version = table.version
            result.license = table.license
            result.toolchain = table.toolchain
            result.abiVersion = table.abiVersion
            result.operators = table.operators.map(\.description)
        } catch {
            result.failure = error
        }
        result.changes = before.changes(to: ProcessState.now())
        return result
    }

    private static func limit() {
        // The parent may be gone before this call; the alarm is for that.
        try? ChildProcess.dieWithParent()
        alarm(lifetime)
        ResourceLimit.coreDump.set(0)
        ResourceLimit.files.set(files)
        if !HostToolchain.isSanitized { ResourceLimit.addressSpace.set(addressSpace) }
    }

    private static func say(_ text: String, on descriptor: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            // SAFETY(bytes): what is left of the array.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(74) }
            done += count
        }
    }
}

/// Everything a probe asks of a library.
@unsafe enum PluginExamination {
    static func table(
        of copy: String, name: String, before call: (String) -> Void
    ) throws(Failure) -> PluginTable {
        let host = unsafe ProbeHostTable.table
        call(ProbeAnswer.loading)
        let entry = try unsafe PluginEntry.find(in: copy, name: name)
        call(ProbeAnswer.entry)
        let first = unsafe entry(host)
        let second = unsafe entry(host)
        guard unsafe first == second else {
            throw DescriptorPlace(file: name).refusal(
                "the entry function returned another pointer the second time",
                next: "return a pointer to static data, always the same")
        }
        let table = try unsafe PluginTable.read(first, host: host, file: name, before: call)
        for one in table.operators {
            call("in the extension function of \(one.description.id)")
            let place = DescriptorPlace(file: name, operation: one.description.id)
            try OperatorAbilities.askUnknown(one, place)
        }
        return table
    }
}
