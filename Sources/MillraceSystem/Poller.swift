// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// Waits for the first of several descriptors. One thread waits; any thread may add, remove, wake.
package final class Poller: Sendable {
    /// What `wait` gives for a call of `wake`.
    package static let wakeToken = UInt64.max

    private let epoll: FileDescriptor
    private let waker: Bell

    package init() throws(SystemError) {
        epoll = FileDescriptor(owning: try checked(mrshim_epoll(), "epoll_create"))
        waker = try Bell()
        try add(waker.descriptor, token: Self.wakeToken)
    }

    /// Reports `token` whenever the descriptor can be read, or has ended. The descriptor must be
    /// removed before it is closed.
    package func add(_ descriptor: Int32, token: UInt64) throws(SystemError) {
        try add(descriptor, token: token, edges: false)
    }

    /// Reports `token` when something comes, once, however long it stays unread. False for what can
    /// always be read and so cannot be watched, such as a file.
    package func addEdges(of descriptor: Int32, token: UInt64) throws(SystemError) -> Bool {
        do {
            try add(descriptor, token: token, edges: true)
            return true
        } catch {
            guard error.number == EPERM else { throw error }
            return false
        }
    }

    private func add(
        _ descriptor: Int32, token: UInt64, edges: Bool
    ) throws(SystemError) {
        try checked(
            mrshim_epoll_add(epoll.number, descriptor, token, edges ? 1 : 0), "epoll_ctl",
            object: "descriptor \(descriptor)")
    }

    package func remove(_ descriptor: Int32) {
        let result = mrshim_epoll_remove(epoll.number, descriptor)
        precondition(result == 0, "BUG: descriptor \(descriptor) was not added")
    }

    /// Tokens of what is ready; empty after `milliseconds`. Below 0: no limit.
    package func wait(milliseconds: Int32) throws(SystemError) -> [UInt64] {
        var tokens = [UInt64](repeating: 0, count: 64)
        // SAFETY(tokens): the call stores at most as many as it is told.
        let result = unsafe tokens.withUnsafeMutableBufferPointer {
            unsafe mrshim_epoll_wait(
                epoll.number, $0.baseAddress, Int32($0.count), milliseconds)
        }
        let count = Int(try checked(result, "epoll_wait"))
        tokens.removeLast(tokens.count - count)
        if tokens.contains(Self.wakeToken) { drainWaker() }
        return tokens
    }

    /// Makes the running or the next `wait` return. Calls before it count once.
    package func wake() { waker.ring() }

    private func drainWaker() {
        var count: UInt64 = 0
        // SAFETY(count): eight bytes of a local.
        _ = unsafe read(waker.descriptor, &count, 8)
    }
}
