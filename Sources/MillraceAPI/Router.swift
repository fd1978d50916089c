// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Finds the route of a request and calls it. One router behind every carrier: the socket of a
/// local run, and HTTP in the daemon.
package struct Router: Sendable {
    /// Values of the `{name}` segments of a path.
    package typealias Captures = [String: String]
    package typealias Handler = @Sendable (Request, Captures) throws(Failure) -> Response

    /// Sends events until there are no more, or nobody takes them. Throws before the first one.
    package typealias StreamHandler =
        @Sendable (Request, Captures, EventSink) throws(Failure) ->
        Void

    struct Route: Sendable {
        var verb: Request.Verb
        var pattern: [String]
        var handler: Handler
    }

    struct StreamRoute: Sendable {
        var pattern: [String]
        var handler: StreamHandler
    }

    private(set) var routes: [Route] = []
    private(set) var streams: [StreamRoute] = []

    package init() {}

    /// `pattern` is a path whose segments in braces match anything: `/api/v1/jobs/{job}`.
    package mutating func add(
        _ verb: Request.Verb, _ pattern: String, _ handler: @escaping Handler
    ) {
        routes.append(
            Route(
                verb: verb, pattern: pattern.split(separator: "/").map(String.init),
                handler: handler))
    }

    /// A route that answers GET with events.
    package mutating func addStream(_ pattern: String, _ handler: @escaping StreamHandler) {
        streams.append(
            StreamRoute(
                pattern: pattern.split(separator: "/").map(String.init), handler: handler))
    }

    /// Serves a request whose route is a stream, and returns when that is over: nil, or the answer
    /// of one that did not begin. False: it is no stream, ask for an answer.
    package func stream(_ request: Request, _ send: EventSink) -> (isStream: Bool, Response?) {
        guard request.verb == .get else { return (false, nil) }
        for route in streams {
            guard let captures = Router.match(route.pattern, request.path) else { continue }
            do {
                try route.handler(request, captures, send)
                return (true, nil)
            } catch {
                return (true, Response(error))
            }
        }
        return (false, nil)
    }

    /// Never throws: a failure becomes a problem with its status.
    package func answer(_ request: Request) -> Response {
        var otherVerbs: [String] = []
        for route in routes {
            guard let captures = Router.match(route.pattern, request.path) else { continue }
            guard route.verb == request.verb else {
                otherVerbs.append(route.verb.rawValue)
                continue
            }
            do {
                return try route.handler(request, captures)
            } catch {
                return Response(error)
            }
        }
        let path = "/" + request.path.joined(separator: "/")
        guard otherVerbs.isEmpty else {
            var response = Response(
                Failure(
                    .usage, "\(path) does not take \(request.verb.rawValue)",
                    next: "it takes \(otherVerbs.joined(separator: ", "))"))
            response.status = 405
            return response
        }
        return Response(
            Failure(.notFound, "there is no \(path)", next: "GET /api/v1/jobs lists the jobs"))
    }

    private static func match(_ pattern: [String], _ path: [String]) -> Captures? {
        guard pattern.count == path.count else { return nil }
        var captures: Captures = [:]
        for (wanted, found) in zip(pattern, path) {
            if wanted.hasPrefix("{") {
                captures[String(wanted.dropFirst().dropLast())] = found
            } else if wanted != found {
                return nil
            }
        }
        return captures
    }
}
