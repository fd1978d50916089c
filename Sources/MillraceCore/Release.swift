// SPDX-License-Identifier: Apache-2.0

/// Which Millrace this is.
package enum Release {
    package static let version = "0.1.0"
    /// The plugin interface this host serves.
    package static let abiMajor = 1
    package static let abiMinor = 0
}
