// SPDX-License-Identifier: Apache-2.0
import Glibc

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
    /// False when nobody reads any more.
    @discardableResult
    package static func write(_ text: String) -> Bool { put(text, to: STDOUT_FILENO) }
}

@discardableResult
private func put(_ text: String, to descriptor: Int32) -> Bool {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
        // SAFETY(bytes): the call reads what is left of the buffer.
        let size = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(
                descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
        }
        if size < 0 && errno == EINTR { continue }
        if size <= 0 { return false }
        written += size
    }
    return true
}
