// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc

/// Closed until somebody opens it; whoever comes before that waits, whoever comes later passes.
@safe package final class Gate: @unchecked Sendable {
    // SAFETY(word): allocated by init, freed by deinit; read and written by atomic calls only.
    private let word: UnsafeMutablePointer<UInt32>

    package init() {
        unsafe word = .allocate(capacity: 1)
        unsafe word.initialize(to: 0)
    }

    deinit { unsafe word.deallocate() }

    /// Any thread, any number of times.
    package func open() {
        unsafe mrshim_gate_open(word)
    }

    /// Waits until it is open.
    package func pass() {
        unsafe mrshim_gate_pass(word)
    }
}
