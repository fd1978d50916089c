// SPDX-License-Identifier: Apache-2.0

/// Chance: for names that nobody else has, and for delays that differ. Nothing is decided by it.
package enum Entropy {
    package static func number() -> UInt64 { UInt64.random(in: .min ... .max) }
}
