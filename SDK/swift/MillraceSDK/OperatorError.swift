// SPDX-License-Identifier: Apache-2.0
import CMillrace

/// Why a call failed. The code decides what the host does about it; the text is for people.
/// Any other error that an operator throws counts as `.bug`.
public struct OperatorError: Error, Sendable {
    public enum Code: Sendable {
        /// The operator is wrong: it is rebuilt from the last checkpoint.
        case bug
        /// The configuration cannot work; nothing is tried again until it changes.
        case configuration
        /// Nothing happened, and the same call may work in a while (0: the host decides).
        case transient(afterMilliseconds: UInt32 = 0)
        /// Something outside is down: the task is parked.
        case unavailable
        /// A saved state or position cannot be used.
        case state
        case outOfMemory
        case tooLarge
        case cancelled
        case unsupported
        case io
    }

    public var code: Code
    public var text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    var status: mr_status {
        switch code {
        case .bug: MR_E_INTERNAL
        case .configuration: MR_E_CONFIG
        case .transient: MR_E_TRANSIENT
        case .unavailable: MR_E_UNAVAILABLE
        case .state: MR_E_STATE
        case .outOfMemory: MR_E_NOMEM
        case .tooLarge: MR_E_TOO_LARGE
        case .cancelled: MR_E_CANCELLED
        case .unsupported: MR_E_UNSUPPORTED
        case .io: MR_E_IO
        }
    }
}

/// A service of the host failed and has already said why.
struct HostRefusal: Error {
    var status: mr_status
}
