// SPDX-License-Identifier: Apache-2.0

/// The names of the status codes that operators answer, for messages.
package enum StatusNames {
    /// `MR_E_DATA`, or the number where it has no name.
    package static func text(_ status: Int32) -> String {
        switch status {
        case 0: "MR_OK"
        case 1: "MR_AGAIN"
        case 2: "MR_DONE"
        case 3: "MR_YIELD"
        case -1: "MR_E_INTERNAL"
        case -2: "MR_E_PANIC"
        case -3: "MR_E_CONFIG"
        case -4: "MR_E_DATA"
        case -5: "MR_E_TRANSIENT"
        case -6: "MR_E_UNAVAILABLE"
        case -7: "MR_E_STATE"
        case -8: "MR_E_NOMEM"
        case -9: "MR_E_TOO_LARGE"
        case -10: "MR_E_CANCELLED"
        case -11: "MR_E_UNSUPPORTED"
        case -12: "MR_E_INVALID"
        case -13: "MR_E_IO"
        default: "status \(status)"
        }
    }
}
