// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// An event that one process tells another: whoever watches the descriptor for edges hears each
/// ring. Nobody reads it, so it may be shared by as many as like to.
@safe package final class Bell: Sendable {
    private let file: FileDescriptor

    package init() throws(SystemError) {
        file = FileDescriptor(owning: try checked(mrshim_eventfd(), "eventfd"))
    }

    package init(inherited number: Int32) throws(SystemError) {
        file = try FileDescriptor(inherited: number)
    }

    package var descriptor: Int32 { file.number }

    /// Any thread.
    package func ring() {
        var one: UInt64 = 1
        // SAFETY(one): eight bytes of a local. A full counter rings as well, so no error matters.
        _ = unsafe write(file.number, &one, 8)
    }

    /// For ever: a function to call with an argument, for code that is not Swift.
    @unsafe package func leak() -> (
        ring: @convention(c) (UnsafeMutableRawPointer?) -> Void, argument: UnsafeMutableRawPointer
    ) {
        let ring: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
            unsafe $0.map { unsafe Unmanaged<Bell>.fromOpaque($0).takeUnretainedValue().ring() }
        }
        return unsafe (ring, Unmanaged.passRetained(self).toOpaque())
    }
}
