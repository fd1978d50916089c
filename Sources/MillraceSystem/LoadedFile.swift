// SPDX-License-Identifier: Apache-2.0
import CMillraceShims

/// Which file a part of this process was loaded from, as the dynamic loader tells.
package enum LoadedFile {
    // SAFETY(text): the loader's, copied at once. Nothing behind the pointers is read.

    /// Of the library at an address; nil when it is in none.
    package static func path(at address: UnsafeRawPointer) -> String? {
        unsafe mrshim_file_of_address(address).map { unsafe String(cString: $0) }
    }

    /// Of a handle that `dlopen` gave; empty when the loader does not say.
    package static func path(ofLibrary handle: UnsafeMutableRawPointer) -> String {
        unsafe mrshim_file_of_library(handle).map { unsafe String(cString: $0) } ?? ""
    }
}
