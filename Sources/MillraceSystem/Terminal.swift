// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// What is known of the terminal behind a descriptor.
package enum Terminal {
    package static func isTTY(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns and rows, or nil when it is no terminal or does not say.
    package static func size(_ descriptor: Int32) -> (columns: Int, rows: Int)? {
        var size = winsize()
        // SAFETY(size): a local that the call fills.
        let result = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
        guard result == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

/// Writing for people. Whole texts in one call, so lines of two threads do not mix; what cannot be
/// written is lost, because there is nobody left to tell.
package enum StandardError {
    package static func write(_ text: String) { put(text, to: STDERR_FILENO) }
}

/// Writing data.
package enum StandardOutput {
    private static let firstRefusal = Mutex<SystemError?>(nil)

    /// False when the text is lost: nobody reads any more, or there is no room. `refusal` says why.
    @discardableResult
    package static func write(_ text: String) -> Bool {
        guard let number = put(text, to: STDOUT_FILENO) else { return true }
        let error = SystemError("write", number, object: "standard output")
        firstRefusal.withLock { $0 = $0 ?? error }
        return false
    }

    /// Why the first text that was lost is lost; nil as long as all was written.
    package static var refusal: SystemError? { firstRefusal.withLock { $0 } }
}

/// The three descriptors that every process begins with.
package enum StandardStreams {
    /// A descriptor that the caller has closed would be given to the next file that is opened, and
    /// our output would end up in it. Such a one is taken by something that reads as empty and
    /// refuses to be written. Call before any file is opened.
    package static func reserve() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // SAFETY(path): a literal; the lowest free descriptor is the one that is missing.
            _ = unsafe open("/dev/null", O_RDONLY)
        }
    }
}

/// The number of the error when not all could be written.
@discardableResult
private func put(_ text: String, to descriptor: Int32) -> Int32? {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        // SAFETY(bytes): the call reads what is left of the buffer.
        let size = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(
                descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
        }
        if size < 0 && errno == EINTR { continue }
        if size <= 0 { return size < 0 ? errno : EIO }
        written += size
    }
    return nil
}
