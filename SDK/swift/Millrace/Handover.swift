// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Topology {
    /// Becomes `millrace`, with this topology as its file.
    ///
    /// The arguments of the program are those of `millrace`, and its first one is the command:
    /// `check`, `show --resolved`, `run --limit 5`. Without a command it is `run`. Exit status and
    /// signals are those of `millrace`, and standard input is the job's own.
    ///
    /// `millrace` is the program that the variable `MILLRACE` names, else the one beside this
    /// program, else the first in `PATH`.
    ///
    /// A fault of the topology is told on standard error, with exit status 65. Throws when
    /// `millrace` cannot be started.
    public func main() throws -> Never {
        let text: String
        do throws(TopologyError) {
            text = try yaml
        } catch {
            tell("error: \(error)")
            exit(65)
        }
        let descriptor = try anonymousFile(text)
        let programs = candidates()
        for program in programs {
            replaceProcess(
                program, ["millrace"] + command(descriptor, CommandLine.arguments.dropFirst()))
        }
        throw TopologyError(
            "millrace cannot be started: tried \(programs.joined(separator: ", ")). "
                + "Put it into PATH, or its place into the variable MILLRACE")
    }

    /// `run /dev/fd/3 --limit 5`: the file goes right behind the command.
    private func command(_ descriptor: Int32, _ arguments: ArraySlice<String>) -> [String] {
        let file = "/dev/fd/\(descriptor)"
        guard let verb = arguments.first, !verb.hasPrefix("-") else {
            return ["run", file] + arguments
        }
        return [verb, file] + arguments.dropFirst()
    }

    private func candidates() -> [String] {
        if let given = variable("MILLRACE"), !given.isEmpty { return [given] }
        var programs: [String] = []
        if let own = ownProgram(), let slash = own.lastIndex(of: "/") {
            programs.append(own[...slash] + "millrace")
        }
        let path = variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
        programs += path.split(separator: ":").map { "\($0)/millrace" }
        return programs
    }
}

/// A file without a name that the next program inherits, and opens anew as `/dev/fd/N`.
private func anonymousFile(_ text: String) throws(TopologyError) -> Int32 {
    let folder = variable("TMPDIR") ?? "/tmp"
    let failure = TopologyError("no room for the topology's file in \(folder)")
    var path = Array("\(folder)/topology-XXXXXX".utf8CString)
    // SAFETY(path): the array's own storage, ends with a zero, used only within the closure.
    let descriptor = unsafe path.withUnsafeMutableBufferPointer { buffer -> Int32 in
        guard let name = buffer.baseAddress else { return -1 }
        let descriptor = unsafe mkstemp(name)
        if descriptor >= 0 { unsafe unlink(name) }
        return descriptor
    }
    guard descriptor >= 0 else { throw failure }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        // SAFETY(buffer): the array's own storage, read only within the closure.
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(
                descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
        }
        guard count > 0 else { throw failure }
        written += count
    }
    return descriptor
}

/// Returns only when there is no such program.
private func replaceProcess(_ program: String, _ arguments: [String]) {
    // SAFETY(arguments): copies that live until the process is replaced, or freed right below;
    // the list ends with nil.
    var words = unsafe arguments.map { unsafe strdup($0) }
    unsafe words.append(nil)
    unsafe execv(program, words)
    unsafe words.forEach { unsafe free($0) }
}

private func variable(_ name: String) -> String? {
    // SAFETY(value): copied at once; nothing here changes the environment.
    unsafe getenv(name).map { unsafe String(cString: $0) }
}

private func ownProgram() -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    // SAFETY(buffer): as long as it says, used only within the closure.
    let length = unsafe buffer.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress else { return -1 }
        return unsafe readlink(
            "/proc/self/exe", start.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return length > 0 ? String(decoding: buffer[..<length], as: UTF8.self) : nil
}

private func tell(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    // SAFETY(buffer): the array's own storage, read only within the closure.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
