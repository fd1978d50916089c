// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The clock that no one sets: the same one for all processes of this machine since it started.
package enum MonotonicClock {
    /// Nanoseconds since the machine started. Answered in user space.
    package static func now() -> Int64 {
        var time = timespec()
        // SAFETY(time): a local that the call fills.
        let result = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        precondition(result == 0, "BUG: no monotonic clock")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The time that the calling thread has run: without what others made it wait.
package enum ThreadClock {
    /// Nanoseconds. A system call.
    package static func now() -> Int64 {
        var time = timespec()
        // SAFETY(time): a local that the call fills.
        let result = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        precondition(result == 0, "BUG: no clock of the thread")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The clock on the wall, for texts and names only: it may jump.
package enum WallClock {
    /// Nanoseconds since 1970.
    package static func now() -> Int64 {
        var time = timespec()
        // SAFETY(time): a local that the call fills.
        let result = unsafe clock_gettime(CLOCK_REALTIME, &time)
        precondition(result == 0, "BUG: no clock")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
