// SPDX-License-Identifier: Apache-2.0

/// A leaky bucket in which time is kept: it fills by itself up to `burst`, and what is spent of it
/// has to come again first. Pure; all in monotonic nanoseconds.
struct Pace: Hashable, Sendable {
    let burst: Int64
    /// All time up to here is spent.
    private var spent = Int64.min

    init(burst: Int64) { self.burst = burst }

    /// What may be spent now; below 0 when too much was.
    mutating func free(now: Int64) -> Int64 {
        spent = max(spent, now - burst)
        return now - spent
    }

    /// After `free`.
    mutating func spend(_ nanoseconds: Int64) { spent += nanoseconds }

    /// When so much will be free.
    func due(_ nanoseconds: Int64) -> Int64 { spent + nanoseconds }
}
