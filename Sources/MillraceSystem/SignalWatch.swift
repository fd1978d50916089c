// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// Signals as something to read instead of an interruption.
///
/// Has to be made on the main thread before others start: a thread that does not block the
/// signals would still die of them.
package final class SignalWatch: Sendable {
    private let file: FileDescriptor

    /// Blocks the signals in the calling thread and all that it starts from now on.
    package init(_ signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]) throws(SystemError) {
        // SAFETY(signals): read by the call.
        let result = unsafe signals.withUnsafeBufferPointer {
            unsafe mrshim_signalfd($0.baseAddress, $0.count)
        }
        file = FileDescriptor(owning: try checked(result, "signalfd"))
    }

    /// Readable while a signal waits; for a `Poller`.
    package var descriptor: Int32 { file.number }

    /// The next signal that came, nil if there is none. Never waits.
    package func next() -> Int32? {
        let signal = mrshim_signalfd_read(file.number)
        return signal > 0 ? signal : nil
    }
}
