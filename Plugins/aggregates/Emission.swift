// SPDX-License-Identifier: Apache-2.0
// Rows that are being given out at the end of the input, in as many calls as the output needs.
import MillraceSDK

@safe struct Emission {
    // SAFETY(rows): slots of a table that gets no new key once its emission has begun.
    private var rows: [UnsafeMutablePointer<KeyTable.Slot>]?
    private var next = 0

    /// Decides what to give out, the first time it is called.
    mutating func begin(_ choose: () -> [UnsafeMutablePointer<KeyTable.Slot>]) {
        if unsafe rows == nil { unsafe rows = choose() }
    }

    /// Gives out as much as `write` takes.
    mutating func emit(_ write: (KeyTable.Slot) -> Bool) -> Stop {
        let rows = unsafe rows ?? []
        while unsafe next < rows.count {
            guard unsafe write(rows[next].pointee) else { return .again }
            next += 1
        }
        return .finished
    }
}
