// SPDX-License-Identifier: Apache-2.0
import CMillraceShims

/// The processors we may use, which in a container are fewer than the machine has.
package enum CPUSet {
    private static let capacity = 8_192

    /// Their numbers, rising; never empty.
    package static func allowed() -> [Int] {
        var numbers = [Int32](repeating: 0, count: capacity)
        // SAFETY(numbers): the call stores at most as many as it is told.
        let count = unsafe numbers.withUnsafeMutableBufferPointer {
            unsafe mrshim_thread_cpus($0.baseAddress, Int32($0.count))
        }
        guard count > 0 else { return [0] }
        return numbers.prefix(Int(min(count, Int32(capacity)))).map { Int($0) }
    }
}
