// SPDX-License-Identifier: Apache-2.0
import MillraceDelivery
import MillraceGraph

/// Bytes of records for people: on one line, and without what a terminal would obey.
enum ShownText {
    /// What is no text as base64. `most` characters.
    static func line(_ bytes: [UInt8], most: Int = .max) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return line(base64: DeadLetter.base64(bytes), most: most)
        }
        return line(text, most: most)
    }

    static func line(base64: String, most: Int = .max) -> String { cut("base64 \(base64)", most) }

    static func line(_ text: String, most: Int = .max) -> String {
        let marked = String(text.map { $0.isNewline || $0 < " " ? "␤" : $0 })
        return cut(DisplayWidth.shown(marked), most)
    }

    private static func cut(_ text: String, _ most: Int) -> String {
        text.count <= most ? text : "\(text.prefix(most - 1))…"
    }
}
