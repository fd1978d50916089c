// SPDX-License-Identifier: Apache-2.0
import CMillraceExpression
import MillraceFlow

/// An expression that comes to true or false for a record. One thread at a time uses it: whoever
/// has it keeps it behind a lock.
@safe final class RecordCondition: @unchecked Sendable {
    // SAFETY(program, refused): made by init, freed by deinit; used by one thread at a time.
    private let program: OpaquePointer
    /// What it came to when it came to nothing last.
    private var refused: Int32 = 0

    /// nil: the text is no condition, or there is no memory for it.
    init?(_ text: String) {
        var fault = mrx_fault()
        guard let made = unsafe ExpressionCheck.compile(text, [.condition], &fault) else {
            return nil
        }
        unsafe program = made
    }

    deinit { unsafe mrx_release(program) }

    /// nil: it comes to nothing, as the record is no JSON or lacks a field; `refusal` says so.
    @unsafe func holds(for record: RawRecord) -> Bool? {
        // SAFETY(record): valid during the call that shows it, so during this one.
        var raw = unsafe mrx_record(
            value: record.value.baseAddress, size: UInt64(record.value.count),
            key: record.isUnkeyed ? nil : record.key.baseAddress,
            key_size: UInt64(record.key.count), time: record.eventTime ?? .min)
        var holds: Int32 = 0
        let answer = unsafe mrx_test(program, &raw, &holds)
        if answer == 0 { return holds != 0 }
        refused = answer
        return nil
    }

    /// Why it came to nothing last: `MR4003 …`.
    var refusal: String { unsafe "MR\(-refused) " + String(cString: mrx_refusal(program)) }
}
