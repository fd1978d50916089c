// SPDX-License-Identifier: Apache-2.0
// From what a terminal sends to keys. An escape sequence may come in pieces:
//
//     GROUND  --ESC--> ESCAPE     --other--> the key, in GROUND
//     ESCAPE  --[--> SEQUENCE     --O--> FUNCTION      --other--> nothing, GROUND
//     SEQUENCE --0x40…0x7E--> the key it names, or nothing; GROUND     --other--> stays
//     FUNCTION --any--> the key it names, or nothing; GROUND
//     any     --nothing more comes (`flush`)--> GROUND; in ESCAPE it was the key itself

/// A key that was pressed.
package enum Key: Hashable, Sendable {
    /// A printable character of ASCII.
    case character(Character)
    case up, down, left, right, home, end, pageUp, pageDown
    case enter, escape, backspace, tab
}

package struct KeyDecoder: Sendable {
    private enum State: Equatable {
        case ground, escape, function
        case sequence([UInt8])
    }

    /// Longer ones are noise.
    private static let sequenceMax = 16
    private var state = State.ground

    package init() {}

    /// True while the beginning of a sequence waits for its rest.
    package var isWaiting: Bool { state != .ground }

    package mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
        bytes.compactMap { take($0) }
    }

    /// Nothing more has come for a while: a lone ESC was the key.
    package mutating func flush() -> [Key] {
        defer { state = .ground }
        return state == .escape ? [.escape] : []
    }

    private mutating func take(_ byte: UInt8) -> Key? {
        switch state {
        case .ground:
            if byte == 0x1b {
                state = .escape
                return nil
            }
            return Self.plain(byte)
        case .escape:
            switch byte {
            case UInt8(ascii: "["): state = .sequence([])
            case UInt8(ascii: "O"): state = .function
            case 0x1b: return .escape
            default: state = .ground
            }
            return nil
        case .function:
            state = .ground
            return Self.named(byte, [])
        case .sequence(let parameters):
            guard !(0x40...0x7e).contains(byte) else {
                state = .ground
                return Self.named(byte, parameters)
            }
            state = parameters.count < Self.sequenceMax ? .sequence(parameters + [byte]) : .ground
            return nil
        }
    }

    private static func plain(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x0d, 0x0a: .enter
        case 0x09: .tab
        case 0x7f, 0x08: .backspace
        case 0x20..<0x7f: .character(Character(Unicode.Scalar(byte)))
        default: nil
        }
    }

    private static func named(_ final: UInt8, _ parameters: [UInt8]) -> Key? {
        switch final {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return .right
        case UInt8(ascii: "D"): return .left
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .end
        case UInt8(ascii: "M"): return .enter
        case UInt8(ascii: "~"):
            let number = parameters.prefix { $0 != UInt8(ascii: ";") }
            switch String(decoding: number, as: UTF8.self) {
            case "1", "7": return .home
            case "4", "8": return .end
            case "5": return .pageUp
            case "6": return .pageDown
            default: return nil
            }
        default: return nil
        }
    }
}
