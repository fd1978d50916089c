// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Synchronization

/// What other threads want done, in the order they said it, for one thread that takes it.
@safe package final class Mailbox<Letter: Sendable>: @unchecked Sendable {
    // SAFETY(word): allocated by init, freed by deinit; read and written by atomic calls only.
    private let word: UnsafeMutablePointer<UInt32>
    private let letters = Mutex<[Letter]>([])

    package init() {
        unsafe word = .allocate(capacity: 1)
        unsafe word.initialize(to: 0)
    }

    deinit { unsafe word.deallocate() }

    /// Any thread.
    package func post(_ letter: Letter) {
        letters.withLock { $0.append(letter) }
        unsafe mrshim_word_raise(word)
    }

    /// The next letter; waits for it.
    package func take() -> Letter {
        while true {
            let seen = unsafe mrshim_word_look(word)
            if let letter = takeNow() { return letter }
            _ = unsafe mrshim_futex_wait(word, seen, -1)
        }
    }

    /// The next letter if one is there.
    package func takeNow() -> Letter? {
        letters.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
