// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore
import Synchronization

/// A process that we started. Whoever holds the last reference to a living one ends it.
///
/// The child asks for its own end with ours: `ChildProcess.dieWithParent()`, its first call. That
/// signal follows the thread that called `spawn`, which therefore has to live on.
package final class ChildProcess: Sendable {
    package enum Exit: Hashable, Codable, Sendable {
        case exited(code: Int32)
        case signaled(Int32)
    }

    package struct Options: Sendable {
        package var path: String
        /// Without the name of the program.
        package var arguments: [String]
        /// `NAME=value`; nil: ours.
        package var environment: [String]?
        /// nil: ours.
        package var directory: String?
        /// Ours → the child's. 0, 1 and 2 are inherited unless they are named here.
        package var descriptors: [(from: Int32, to: Int32)]
        /// HUP, INT, QUIT and TERM, which a terminal sends to both of us, stay blocked there.
        package var blocksTerminalSignals: Bool

        package init(
            path: String, arguments: [String] = [], environment: [String]? = nil,
            directory: String? = nil, descriptors: [(from: Int32, to: Int32)] = [],
            blocksTerminalSignals: Bool = false
        ) {
            self.path = path
            self.arguments = arguments
            self.environment = environment
            self.directory = directory
            self.descriptors = descriptors
            self.blocksTerminalSignals = blocksTerminalSignals
        }
    }

    package let pid: Int32
    private let handle: FileDescriptor
    private let ended = Mutex<Exit?>(nil)

    /// Starts the program; throws what `posix_spawn` gives, for example when there is no such file.
    package init(_ options: Options) throws(SystemError) {
        let arguments = CStrings([options.path] + options.arguments)
        let environment = CStrings(options.environment ?? Self.ownEnvironment())
        pid = try Self.spawn(options, arguments, environment)
        handle = FileDescriptor(owning: try checked(mrshim_pidfd(pid), "pidfd_open"))
    }

    deinit {
        guard ended.withLock({ $0 }) == nil else { return }
        kill(SIGKILL)
        _ = wait()
    }

    /// Becomes readable when the process ends. Ours as long as this object lives.
    package var descriptor: Int32 { handle.number }

    /// How it ended, or nil while it runs. Never waits.
    package func poll() -> Exit? { reap(block: false) }

    /// Waits for the end.
    package func wait() -> Exit {
        guard let exit = reap(block: true) else { preconditionFailure("BUG: waited for nothing") }
        return exit
    }

    /// Sends a signal; nothing happens when the process has ended.
    package func kill(_ signal: Int32) {
        _ = mrshim_kill(handle.number, signal)
    }

    /// For the child itself: SIGKILL once the thread that spawned us has ended.
    package static func dieWithParent() throws(SystemError) {
        try checked(mrshim_die_with_parent(), "prctl")
    }

    /// The file of the running program.
    package static func ownExecutable() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        // SAFETY(buffer): the call writes at most `count` bytes and says how many.
        let size = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/exe", base, buffer.count)
        }
        guard size > 0 else { throw SystemError("readlink", errno, object: "/proc/self/exe") }
        return String(decoding: buffer[..<size].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func reap(block: Bool) -> Exit? {
        ended.withLock { ended in
            if let ended { return ended }
            var value: Int32 = 0
            // SAFETY(value): a local that the call fills.
            let kind = unsafe mrshim_wait(handle.number, block ? 1 : 0, &value)
            switch kind {
            case 0: return nil
            case 1: ended = .exited(code: value)
            case 2: ended = .signaled(value)
            default: preconditionFailure("BUG: somebody else waited for our child")
            }
            return ended
        }
    }

    /// Ours, as `NAME=value`.
    package static func ownEnvironment() -> [String] {
        var all: [String] = []
        // SAFETY(environ): ends with nil; nobody changes the environment after the start.
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            all.append(unsafe String(cString: entry))
            unsafe next += 1
        }
        return all
    }

    private static func spawn(
        _ options: Options, _ arguments: borrowing CStrings, _ environment: borrowing CStrings
    ) throws(SystemError) -> Int32 {
        let from = options.descriptors.map(\.from)
        let to = options.descriptors.map(\.to)
        let directory = options.directory.map { CStrings([$0]) }
        var shim = unsafe mrshim_spawn_options()
        unsafe shim.arguments = UnsafePointer(arguments.pointer)
        unsafe shim.environment = UnsafePointer(environment.pointer)
        unsafe shim.path = UnsafePointer(arguments.pointer[0])
        if let first = unsafe directory?.pointer[0] { unsafe shim.directory = UnsafePointer(first) }
        unsafe shim.descriptors = from.count
        unsafe shim.block_terminal_signals = options.blocksTerminalSignals ? 1 : 0
        // SAFETY(shim): everything it points to lives until the call is over.
        let result = unsafe from.withUnsafeBufferPointer { from in
            unsafe to.withUnsafeBufferPointer { to in
                unsafe shim.from = from.baseAddress
                unsafe shim.to = to.baseAddress
                return withExtendedLifetime(directory) { unsafe mrshim_spawn(&shim) }
            }
        }
        return try checked(result, "posix_spawn", object: options.path)
    }
}

/// Texts as C wants them: pointers, then nil. Freed with the value.
@safe private final class CStrings {
    // SAFETY(pointer): allocated by init with every text in it, freed by deinit.
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        unsafe pointer = .allocate(capacity: texts.count + 1)
        for (i, text) in texts.enumerated() { unsafe pointer[i] = strdup(text) }
        unsafe pointer[texts.count] = nil
    }

    deinit {
        for i in 0..<count { unsafe free(pointer[i]) }
        unsafe pointer.deallocate()
    }
}
