// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// A thread of our own, with a name that debuggers show and, if wished, one processor.
///
/// Foreign code may block it for as long as it likes; the shared pool of Swift knows nothing of it.
package final class PinnedThread: Sendable {
    package static let stackBytesMin = 512 << 10
    package static let stackBytesMax = 8 << 20
    package static let stackBytesDefault = 1 << 20

    private let thread: pthread_t

    private final class Start: Sendable {
        let name: String
        let cpu: Int?
        let body: @Sendable () -> Void

        init(name: String, cpu: Int?, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.cpu = cpu
            self.body = body
        }
    }

    /// Starts at once. `cpu` that is not allowed is ignored: placement is a wish, work is not.
    /// Throws when the system has no thread left. The thread must be joined.
    package init(
        name: String, cpu: Int? = nil, stackBytes: Int = stackBytesDefault,
        body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let size = min(max(stackBytes, Self.stackBytesMin), Self.stackBytesMax)
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, size)
        // SAFETY(start): one reference is handed to the thread, which takes it back first thing;
        // if there is no thread, we take it back.
        let start = unsafe Unmanaged.passRetained(Start(name: name, cpu: cpu, body: body))
        var created = pthread_t()
        let error = unsafe pthread_create(
            &created, &attributes,
            { raw in
                guard let raw = unsafe raw else { preconditionFailure("BUG: thread without start") }
                let start = unsafe Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                mrshimName(start.name)
                if let cpu = start.cpu { _ = mrshim_thread_bind(Int32(cpu)) }
                start.body()
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            unsafe start.release()
            throw SystemError("pthread_create", error, object: name)
        }
        self.thread = created
    }

    /// Waits until the body has returned. Once.
    package func join() {
        let error = pthread_join(thread, nil)
        precondition(error == 0, "BUG: thread joined twice, or by itself")
    }
}

/// What the calling thread can know about itself.
package enum CurrentThread {
    /// The kernel's number, as in /proc and in the black box.
    package static var id: UInt64 { UInt64(mrshim_thread_id()) }
}

private func mrshimName(_ name: String) {
    // SAFETY(name): copied by the call.
    unsafe name.withCString { unsafe mrshim_thread_name($0) }
}
