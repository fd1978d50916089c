// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What a check asks of code outside this module: the one reader of expressions is C, and only a
/// process of its own may look into a library that it does not know. What is not given is not
/// checked.
package struct OutsideChecks: Sendable {
    /// A fault in a text: 0-based UTF-8 offset, length, what was expected, what to do.
    package struct TextFault: Hashable, Sendable {
        package var offset: Int
        package var length: Int
        package var text: String
        package var next: String?

        package init(offset: Int, length: Int, text: String, next: String? = nil) {
            self.offset = offset
            self.length = length
            self.text = text
            self.next = next
        }
    }

    /// Nil when the text is an expression.
    package var expression: @Sendable (String) -> TextFault? = { _ in nil }
    /// Nil when the text is the path of a field.
    package var path: @Sendable (String) -> TextFault? = { _ in nil }

    /// What is known about a C function.
    package enum FunctionFinding: Hashable, Sendable {
        /// `library` is what the dynamic loader is given for it.
        case found(library: String)
        case noLibrary(text: String, next: String)
        case noFunction(text: String, next: String)
    }

    /// Whether the library of a C function is there and has it.
    package var function: @Sendable (CFunction) -> FunctionFinding = {
        .found(library: $0.library)
    }

    package init() {}
}
