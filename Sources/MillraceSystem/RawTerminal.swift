// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// A terminal that gives us each key as it is pressed, without echo. ^C and ^Z stay signals.
///
/// What was set before is kept and put back by `leave`, also when the last reference goes. One
/// thread at a time.
package final class RawTerminal {
    private let descriptor: Int32
    private let before: termios
    private var isRaw = false

    /// Changes nothing yet. Throws what the system says of a descriptor that is no terminal.
    package init(_ descriptor: Int32) throws(SystemError) {
        self.descriptor = descriptor
        var settings = termios()
        // SAFETY(settings): a local that the call fills.
        guard unsafe tcgetattr(descriptor, &settings) == 0 else {
            throw SystemError("tcgetattr", errno, object: "terminal")
        }
        before = settings
    }

    deinit { leave() }

    /// Should the process crash, it writes `farewell` to standard output, at most 256 bytes, and
    /// puts the settings back before it dies.
    package func enter(farewell: String) throws(SystemError) {
        var settings = before
        var kept = before
        // SAFETY(farewell, kept): copied by the call.
        unsafe farewell.withCString {
            unsafe mrshim_terminal_guard(
                descriptor, STDOUT_FILENO, &kept, $0, farewell.utf8.count)
        }
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ECHONL | IEXTEN)
        // ^S would stop our drawing; a return key is to be told from a line feed.
        settings.c_iflag &= ~tcflag_t(IXON | ICRNL | INLCR | IGNCR | ISTRIP)
        try set(settings)
        isRaw = true
    }

    /// As it was. Errors have nobody to be told to: the terminal is gone.
    package func leave() {
        guard isRaw else { return }
        isRaw = false
        try? set(before)
        mrshim_terminal_release()
    }

    private func set(_ settings: termios) throws(SystemError) {
        var settings = settings
        while true {
            // SAFETY(settings): a local that the call reads.
            if unsafe tcsetattr(descriptor, TCSADRAIN, &settings) == 0 { return }
            guard errno == EINTR else {
                throw SystemError("tcsetattr", errno, object: "terminal")
            }
        }
    }

    /// What has been typed since; nil at the end of input. Waits for it, if nothing was.
    package func read() throws(SystemError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            // SAFETY(buffer): the call stores at most what it is told.
            let size = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if size < 0, errno == EINTR { continue }
            guard size >= 0 else { throw SystemError("read", errno, object: "terminal") }
            return size == 0 ? nil : Array(buffer[..<size])
        }
    }
}

extension SignalWatch {
    /// Stops this process as `signal` does by itself, if the system lets it: one of which nobody
    /// could wake us is ignored. Returns when it goes on. The signal must be among those watched.
    package static func stop(by signal: Int32) {
        var signals = sigset_t()
        // SAFETY(signals): a local that the calls fill and read.
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, signal)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // To this thread, so that it is here that it stops.
        pthread_kill(pthread_self(), signal)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
