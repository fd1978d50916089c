// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Handlers of all signals.
package struct SignalHandlers: Hashable, Sendable {
    private struct Action: Hashable {
        var handler: UInt
        var flags: Int32
    }

    private var actions: [Action] = []

    package static func now() -> SignalHandlers {
        var list = SignalHandlers()
        for number in 1...Int32(64) {
            var action = sigaction()
            // SAFETY(action): the call only writes it; signals of the C library itself fail and
            // leave zeros.
            _ = unsafe sigaction(number, nil, &action)
            let handler = unsafe unsafeBitCast(action.__sigaction_handler, to: UInt.self)
            list.actions.append(Action(handler: handler, flags: action.sa_flags))
        }
        return list
    }

    package func changed(to other: SignalHandlers) -> [Int32] {
        zip(actions, other.actions).enumerated().compactMap { i, pair in
            pair.0 == pair.1 ? nil : Int32(i + 1)
        }
    }
}

/// A descriptor and the file behind it. The name is not compared: somebody else may rename or
/// remove the file meanwhile.
private struct OpenFile: Hashable {
    let number: Int32
    let name: String
    private let device: UInt64
    private let inode: UInt64

    init?(_ number: Int32, name: String) {
        var status = stat()
        // SAFETY(status): a local that the call fills.
        guard unsafe fstat(number, &status) == 0 else { return nil }
        self.number = number
        self.name = name
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    static func == (a: OpenFile, b: OpenFile) -> Bool {
        (a.number, a.device, a.inode) == (b.number, b.device, b.inode)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// What a library must leave as it was: everything that belongs to the whole process.
struct ProcessState {
    private var threads = 0
    private var files: Set<OpenFile> = []
    private var signals = SignalHandlers.now()
    private var blockedSignals: [UInt8] = []
    private var directory = ""
    private var mask: mode_t = 0
    private var locale = ""
    private var environment: Set<String> = []
    private var arithmetic: [UInt32] = []

    static func now() -> ProcessState {
        var state = ProcessState()
        state.threads = FolderListing.names("/proc/self/task").count
        for name in FolderListing.names("/proc/self/fd") {
            guard let target = FolderListing.linkTarget("/proc/self/fd/\(name)") else { continue }
            // The listing itself was one of them.
            if target.hasSuffix("/fd"), target.hasPrefix("/proc/") { continue }
            guard let number = Int32(name), let file = OpenFile(number, name: target) else {
                continue
            }
            state.files.insert(file)
        }
        var set = sigset_t()
        // SAFETY(set): a local that the call fills.
        _ = unsafe pthread_sigmask(SIG_BLOCK, nil, &set)
        state.blockedSignals = unsafe withUnsafeBytes(of: &set) { unsafe Array($0) }
        state.directory = FolderListing.linkTarget("/proc/self/cwd") ?? ""
        state.mask = umask(0)
        _ = umask(state.mask)
        // SAFETY(locale, environment): texts of the C library, copied at once; only this thread
        // runs code that could change them.
        if let name = unsafe setlocale(LC_ALL, nil) {
            state.locale = unsafe String(cString: name)
        }
        state.environment = Set(Self.variables())
        state.arithmetic = Self.floatingPoint()
        return state
    }

    /// One sentence for each thing that is different; empty when all is as before.
    func changes(to other: ProcessState) -> [String] {
        var list: [String] = []
        if other.threads > threads {
            list.append("it started \(other.threads - threads) thread(s)")
        }
        for file in other.files.subtracting(files).sorted(by: { $0.number < $1.number }) {
            list.append("it left the descriptor \(file.number) (\(file.name)) open")
        }
        for file in files.subtracting(other.files).sorted(by: { $0.number < $1.number }) {
            list.append("it closed the descriptor \(file.number) (\(file.name))")
        }
        for signal in signals.changed(to: other.signals) {
            list.append("it changed the handler of \(SignalName.text(signal))")
        }
        if blockedSignals != other.blockedSignals { list.append("it changed the signal mask") }
        if directory != other.directory {
            list.append("it changed the working directory to \(other.directory)")
        }
        if mask != other.mask {
            list.append("it changed the umask to 0\(String(other.mask, radix: 8))")
        }
        if locale != other.locale { list.append("it changed the locale to \(other.locale)") }
        if environment != other.environment {
            let names = environment.symmetricDifference(other.environment)
                .compactMap { $0.split(separator: "=").first.map(String.init) }
            list.append(
                "it changed the environment (\(Set(names).sorted().joined(separator: " ")))")
        }
        if arithmetic != other.arithmetic {
            list.append("it changed the rounding or flush-to-zero mode of floating point")
        }
        return list
    }

    private static func variables() -> [String] {
        var all: [String] = []
        // SAFETY(environ): ends with nil.
        guard var next = unsafe Optional(environ) else { return [] }
        while let entry = unsafe next.pointee {
            all.append(unsafe String(cString: entry))
            unsafe next += 1
        }
        return all
    }

    private static func floatingPoint() -> [UInt32] {
        var list = [UInt32(bitPattern: fegetround())]
        #if arch(x86_64)
            var environment = fenv_t()
            // SAFETY(environment): a local that the call fills.
            _ = unsafe fegetenv(&environment)
            // The low six bits are flags of what has happened.
            list.append(environment.__mxcsr & ~0x3f)
        #endif
        return list
    }
}

/// Names of signals for people.
package enum SignalName {
    /// `SIGSEGV`, or `signal 34`.
    package static func text(_ number: Int32) -> String {
        let names: [Int32: String] = [
            SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL",
            SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
            SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1", SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2",
            SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGCHLD: "SIGCHLD",
            SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS", SIGPROF: "SIGPROF",
        ]
        return names[number] ?? "signal \(number)"
    }
}
