// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import MillraceCore
import MillraceFlow
import MillraceSystem

/// `millrace.journal/1`: the table, and whose journal a context means.
@unsafe enum HostJournal {
    // SAFETY(table): made once, never freed, never written afterwards.
    nonisolated(unsafe) static let table: UnsafePointer<mr_host_journal> = {
        let table = UnsafeMutablePointer<mr_host_journal>.allocate(capacity: 1)
        unsafe table.initialize(
            to: mr_host_journal(
                struct_size: UInt32(MemoryLayout<mr_host_journal>.size), reserved0: 0,
                open: { context, descriptor in
                    unsafe call(context) { (journal) throws(Failure) in
                        try journal.open(descriptor)
                        return MR_OK
                    }
                },
                read: { context, into, most in
                    // SAFETY(into): the operator's, for the time of the call.
                    let room = unsafe UnsafeMutableRawBufferPointer(
                        start: into, count: into == nil ? 0 : Int(clamping: most))
                    var count = 0
                    let status = unsafe call(context) { (journal) throws(Failure) in
                        count = try unsafe journal.read(room)
                        return MR_OK
                    }
                    return status == MR_OK ? Int64(count) : Int64(status.rawValue)
                },
                take: { context, most in
                    unsafe call(context) { (journal) throws(Failure) in
                        switch try journal.take(Int(clamping: most)) {
                        case .bytes: return MR_OK
                        case .nothing: return MR_AGAIN
                        case .end: return MR_DONE
                        case .unavailable(let failure):
                            unsafe say(context, MR_E_UNAVAILABLE, failure)
                            return MR_E_UNAVAILABLE
                        }
                    }
                }))
        return unsafe UnsafePointer(table)
    }()

    private static func call(
        _ context: OpaquePointer?, _ body: (IngressJournal) throws(Failure) -> mr_status
    ) -> mr_status {
        guard let context = unsafe context,
            let journal = HostServices.shared.journal(of: unsafe mrr_context_tag(context))
        else { return MR_E_UNSUPPORTED }
        do {
            return try body(journal)
        } catch {
            let isState = error.code == .stateDamaged || error.code == .stateVersion
            let status = isState ? MR_E_STATE : MR_E_IO
            unsafe say(context, status, error)
            return status
        }
    }

    private static func say(
        _ context: OpaquePointer?, _ status: mr_status, _ failure: Failure
    ) {
        let text = "\(failure.code) \(failure.text)" + (failure.next.map { "\n\($0)" } ?? "")
        unsafe text.withCString {
            unsafe mrr_host_set_error(context, status, $0, UInt64(text.utf8.count))
        }
    }
}
