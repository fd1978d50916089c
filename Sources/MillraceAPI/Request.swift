// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// One question to a host, whatever carried it here.
package struct Request: Hashable, Sendable {
    package enum Verb: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var verb: Verb
    /// Segments of the path, without the query; percent signs are left alone, for ids need none.
    package var path: [String]
    package var query: [String: String]
    package var body: JSON

    /// Splits `path?name=value&…`; escapes in values are resolved. Empty segments are dropped, so a
    /// slash at the end is harmless.
    package init(_ verb: Verb, _ target: String, body: JSON = .null) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.verb = verb
        self.path = halves[0].split(separator: "/").map(String.init)
        self.query = [:]
        self.body = body
        guard halves.count == 2 else { return }
        for pair in halves[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(sides[0])] = sides.count == 2 ? Percent.decoded(sides[1]) : ""
        }
    }
}

/// RFC 3986, section 2.1: how any text can be the value of a query.
package enum Percent {
    package static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: out += String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                out += byte < 16 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return out
    }

    /// What is no escape stands for itself.
    static func decoded(_ text: some StringProtocol) -> String {
        var out: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard byte == UInt8(ascii: "%"), digits.utf8.count == 2, !digits.hasPrefix("+"),
                let value = UInt8(digits, radix: 16)
            else {
                out.append(byte)
                continue
            }
            out.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// The answer: an HTTP status number and one JSON value.
package struct Response: Hashable, Sendable {
    package var status: Int
    package var body: JSON

    package init(status: Int = 200, body: JSON) {
        self.status = status
        self.body = body
    }

    package init(_ failure: Failure) {
        let problem = Problem(failure)
        self.init(status: problem.status, body: problem.json)
    }
}
