// SPDX-License-Identifier: Apache-2.0
import MillraceGraph
import Testing

@testable import MillraceHost

struct ExpressionCheckTests {
    @Test func `an expression has no fault`() {
        #expect(ExpressionCheck.fault(in: "amount > 100 and has(customer.id)") == nil)
        #expect(ExpressionCheck.fault(inPath: "customer.items[0]") == nil)
    }

    @Test func `a fault has its place, its text and what to do`() {
        #expect(
            ExpressionCheck.fault(in: "größe = 3")
                == .init(
                    offset: 8, length: 1, text: "`=` means nothing here", next: "write `==`"))
        #expect(
            ExpressionCheck.fault(inPath: "1 + 1")
                == .init(
                    offset: 0, length: 5, text: "expected a path",
                    next: "name a field, such as customer.id"))
        #expect(
            ExpressionCheck.fault(in: "")
                == .init(offset: 0, length: 0, text: "expected an expression, found nothing"))
    }
}
