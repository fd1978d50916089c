// SPDX-License-Identifier: Apache-2.0
import CMillraceShims

/// Stamps that a dying executor leaves in its black box. Layout: `mrr_pages.h`.
package enum Fault {
    /// Installs the handlers, and makes a call of `exit` by anybody else leave a stamp too.
    /// `processPage` must stay mapped for ever. Once per process.
    @unsafe package static func install(
        processPage: UnsafeMutableRawPointer, stampOffset: Int = 2_560
    ) throws(SystemError) {
        // SAFETY(processPage): the handlers keep its address; the caller keeps it mapped.
        try unsafe checked(mrshim_fault_install(processPage, stampOffset), "sigaction")
        try unsafe checked(mrshim_exit_guard(processPage), "on_exit")
    }

    /// Registers the calling thread. `*currentBox` is the black-box page of the task it runs, or
    /// nil; the variable must live as long as the thread.
    @unsafe package static func register(
        currentBox: UnsafePointer<UnsafeMutableRawPointer?>?
    ) throws(SystemError) {
        // SAFETY(currentBox): the handlers of this thread read it; the caller keeps it alive.
        try unsafe checked(mrshim_fault_thread(currentBox), "sigaltstack")
    }
}

/// The addresses of the two calls by which a loop of `CMillraceRuntime` sleeps and wakes others.
package enum Futex {
    package typealias Wait = @convention(c) (UnsafePointer<UInt32>?, UInt32, Int64) -> Int32
    package typealias Wake = @convention(c) (UnsafeMutablePointer<UInt32>?) -> Void

    @unsafe package static var wait: Wait { unsafe mrshim_futex_wait }
    @unsafe package static var wake: Wake { unsafe mrshim_futex_wake }
}
