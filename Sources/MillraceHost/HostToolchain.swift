// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// The Swift runtime of this program, and whether a plugin's runtime can live beside it.
package enum HostToolchain {
    /// The compiler of this program, as plugins name theirs.
    static var version: String {
        #if compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }

    // SAFETY(isSanitized): asks the loader for names, and calls nothing that it finds.
    /// Whether this program is instrumented: a sanitizer reserves more memory than limits allow.
    package static var isSanitized: Bool { unsafe PluginEntry.isSanitized }

    /// Throws MR3009 for a library that shares a Swift runtime of another version. A library with
    /// a runtime of its own (`swift-6.2 static`) or without one is welcome.
    package static func check(_ toolchain: String?, file: String) throws(Failure) {
        guard let toolchain, toolchain.hasPrefix("swift-"), toolchain.hasSuffix(" dynamic") else {
            return
        }
        let theirs = toolchain.dropFirst(6).dropLast(8)
        guard theirs != version, !theirs.hasPrefix(version + ".") else { return }
        throw Failure(
            .otherToolchain,
            "\(file) shares the Swift runtime \(theirs), this host was built with \(version)",
            next: "build the plugin with -static-stdlib, or with the toolchain of the host")
    }
}
