// SPDX-License-Identifier: Apache-2.0
import CMillraceExpression
import MillraceGraph

/// The one reader of expressions, for those who check texts before anything runs.
package enum ExpressionCheck {
    struct Form: OptionSet {
        let rawValue: UInt32
        static let path = Form(rawValue: UInt32(MR_EXPRESSION_PATH))
        static let condition = Form(rawValue: UInt32(MR_EXPRESSION_CONDITION))
    }

    /// What is wrong with a text that shall be an expression; nil: nothing.
    package static func fault(in text: String) -> OutsideChecks.TextFault? {
        fault(in: text, [])
    }

    /// What is wrong with a text that shall name a field, such as `customer.items[0]`.
    package static func fault(inPath text: String) -> OutsideChecks.TextFault? {
        fault(in: text, .path)
    }

    /// What is wrong with a text that shall come to true or false.
    package static func fault(inCondition text: String) -> OutsideChecks.TextFault? {
        fault(in: text, .condition)
    }

    /// The caller releases what it gets; nil: the fault says why there is nothing.
    @unsafe static func compile(
        _ text: String, _ form: Form, _ fault: inout mrx_fault
    ) -> OpaquePointer? {
        var text = text
        // SAFETY(bytes): copied by the call.
        return text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe mrx_compile($0.baseAddress, UInt64($0.count), form.rawValue, &fault)
            }
        }
    }

    private static func fault(in text: String, _ form: Form) -> OutsideChecks.TextFault? {
        var fault = mrx_fault()
        // SAFETY(program): made and freed here.
        if let program = unsafe compile(text, form, &fault) {
            unsafe mrx_release(program)
            return nil
        }
        let next = Self.text(fault.next)
        return OutsideChecks.TextFault(
            offset: Int(fault.at), length: Int(fault.length), text: Self.text(fault.text),
            next: next.isEmpty ? nil : next)
    }

    // SAFETY(text): a C array inside of the fault, read while it is borrowed.
    private static func text<Characters>(_ characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
