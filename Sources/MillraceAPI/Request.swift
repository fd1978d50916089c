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

    /// Splits `path?name=value&…`. Empty segments are dropped, so a slash at the end is harmless.
    package init(_ verb: Verb, _ target: String, body: JSON = .null) {
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.verb = verb
        self.path = halves[0].split(separator: "/").map(String.init)
        self.query = [:]
        self.body = body
        guard halves.count == 2 else { return }
        for pair in halves[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(sides[0])] = sides.count == 2 ? String(sides[1]) : ""
        }
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
