// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A failure as a client of the API sees it: an RFC 9457 problem with our own members added.
package struct Problem: Hashable, Codable, Sendable {
    package struct Place: Hashable, Codable, Sendable {
        package var file: String
        package var line: Int
        package var column: Int
    }

    package var type: String
    package var title: String
    package var status: Int
    package var code: String
    package var detail: String
    package var `where`: Place?
    package var hint: String?
    package var node: String?

    package init(_ failure: Failure) {
        self.type = "/docs/errors/\(failure.code)"
        self.title = Problem.title(of: failure.code)
        self.status = Problem.status(of: failure.code)
        self.code = failure.code.description
        self.detail = failure.text
        self.where = failure.mark.map { Place(file: $0.file, line: $0.line, column: $0.column) }
        self.hint = failure.next
        self.node = failure.node
    }

    /// The failure a client prints; nil when the code is of a newer release.
    package var failure: Failure? {
        guard let number = Int(code.dropFirst(2)), let known = FailureCode(rawValue: number) else {
            return nil
        }
        let mark = self.where.map { Mark(file: $0.file, line: $0.line, column: $0.column) }
        return Failure(known, at: mark, node: node, detail, next: hint)
    }

    package var json: JSON {
        var members: [JSON.Member] = [
            .init("type", .string(type)), .init("title", .string(title)),
            .init("status", .int(Int64(status))), .init("code", .string(code)),
            .init("detail", .string(detail)),
        ]
        if let place = self.where {
            members.append(
                .init(
                    "where",
                    .object([
                        .init("file", .string(place.file)), .init("line", .int(Int64(place.line))),
                        .init("column", .int(Int64(place.column))),
                    ])))
        }
        if let hint { members.append(.init("hint", .string(hint))) }
        if let node { members.append(.init("node", .string(node))) }
        return .object(members)
    }

    static func status(of code: FailureCode) -> Int {
        switch code.rawValue {
        case 7004: 404
        case 1001: 404
        case 1000..<2000: 400
        case 2000..<3400: 422
        case 3401: 404
        case 3400..<3500: 409
        case 3500..<3600: 422
        case 6100..<6200, 7000..<7300, 4200..<4500: 409
        default: 500
        }
    }

    private static func title(of code: FailureCode) -> String {
        switch code.rawValue {
        case 7004, 1001: "not found"
        case 1000..<1100: "the command line is wrong"
        case 1100..<1200: "a setting is wrong"
        case 2000..<2600: "the topology is wrong"
        case 3000..<3300: "a plugin cannot be used"
        case 3300..<3400: "a plugin broke its contract"
        case 3401: "no such plugin"
        case 3400..<3500: "the installed plugins stand against it"
        case 3500..<3600: "a plugin breaks a rule"
        case 4000..<4100: "a record was refused"
        case 4100..<4200: "an operator failed"
        case 4200..<4500: "the flow is disturbed"
        case 5000..<6000: "the outside world failed"
        case 6000..<6200: "checkpoints or state stand against it"
        case 7000..<7300: "the request does not fit the state"
        default: "Millrace made a mistake"
        }
    }
}
