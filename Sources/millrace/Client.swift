// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import MillraceAPI
import MillraceCore
import MillraceSystem
import Synchronization

/// Speaks to one local run over its socket. One thread asks; any thread may close.
final class Client: Sendable {
    /// A run answers within microseconds; one that does not is stuck or stopped.
    static let patienceMilliseconds: Int32 = 5_000

    let job: String
    let connection: UnixConnection
    /// The connection is in it, with token 0.
    let poller: Poller
    let patience: Int32
    private let lastID = Atomic<Int>(0)
    /// Questions that we gave up on; their answers may still come.
    private let unanswered = Atomic<Int>(0)

    /// Throws `unknownJob` when nobody listens. The socket of a dead run is removed.
    init(
        job: String, patienceMilliseconds: Int32 = Client.patienceMilliseconds
    ) throws(Failure) {
        self.job = job
        patience = patienceMilliseconds
        let path = RunFolder.socket(of: job, in: RunFolder.path)
        do throws(SystemError) {
            connection = try UnixConnection(path: path)
            poller = try Poller()
            try poller.add(connection.descriptor, token: 0)
        } catch {
            if error.number == ECONNREFUSED { unlink(path) }
            throw Client.noRun(job)
        }
    }

    /// The body of the answer, or the failure that it says.
    func ask<Body: Decodable>(
        _ path: String, verb: Request.Verb = .get, sending content: JSON = .null,
        as body: Body.Type
    ) throws(Failure) -> Body {
        try read(try exchange(question(path, verb: verb, sending: content).text), as: body)
    }

    func question(
        _ path: String, verb: Request.Verb = .get, sending content: JSON = .null
    ) -> (id: Int64, text: String) {
        let id = Int64(lastID.add(1, ordering: .relaxed).newValue)
        let object = JSON.object([
            .init("id", .int(id)), .init("verb", .string(verb.rawValue)),
            .init("path", .string("/api/v1" + path)), .init("body", content),
        ])
        return (id, object.text)
    }

    /// The body of an answer, or the failure that it says.
    func read<Body: Decodable>(_ answer: String, as: Body.Type) throws(Failure) -> Body {
        let line = Data(answer.utf8)
        do {
            let status = try JSONDecoder().decode(Status.self, from: line).status
            guard status < 300 else {
                let problem = try JSONDecoder().decode(Answer<Problem>.self, from: line).body
                throw problem.failure ?? Failure(.notFound, problem.detail, next: problem.hint)
            }
            return try JSONDecoder().decode(Answer<Body>.self, from: line).body
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                .versionSkew, "\(job) gave an answer that this \(Release.version) cannot read",
                next: "use the release that it was started with")
        }
    }

    func status() throws(Failure) -> JobView { try ask("/jobs/\(job)/status", as: JobView.self) }

    private struct Status: Decodable { var status: Int }
    private struct Answer<Body: Decodable>: Decodable { var body: Body }

    private func exchange(_ question: String) throws(Failure) -> String {
        do throws(SystemError) {
            while unanswered.load(ordering: .relaxed) > 0 {
                guard try receive() != nil else { throw SystemError("read", EPIPE, object: job) }
            }
            try connection.sendLine(question)
            unanswered.add(1, ordering: .relaxed)
            if let line = try receive() { return line }
        } catch {
            throw noAnswer(error)
        }
        throw Client.noRun(job)
    }

    /// Whoever has hung up is gone; all else may answer later.
    func noAnswer(_ error: SystemError) -> Failure {
        guard error.number != EPIPE, error.number != ECONNRESET else { return Client.noRun(job) }
        return Failure(
            .unreachable, kind: .transient, "\(job) does not answer: \(error.reason)",
            next: "millrace ps lists what runs")
    }

    /// The next answer; nil when the run has hung up.
    private func receive() throws(SystemError) -> String? {
        let ready = try poller.wait(milliseconds: patience)
        guard !ready.isEmpty else { throw SystemError("read", ETIMEDOUT, object: job) }
        defer { unanswered.subtract(1, ordering: .relaxed) }
        return try connection.receiveLine()
    }

    /// Any thread: a question that is under way ends with `unknownJob`.
    func close() { connection.close() }

    /// `run-7f3a does not answer`
    static func told(_ silent: [String]) -> String {
        silent.joined(separator: ", ") + (silent.count == 1 ? " does" : " do") + " not answer"
    }

    private static func noRun(_ job: String) -> Failure {
        Failure(.unknownJob, "there is no run \(job)", next: "millrace ps lists what runs")
    }

    /// Views of all local runs that answer, by id. Sockets of dead ones are removed on the way.
    static func all() -> [JobView] { look().views }

    /// The same, with the ids of those that live and do not answer.
    private static func look() -> (views: [JobView], silent: [String]) {
        var found: (views: [JobView], silent: [String]) = ([], [])
        for job in RunFolder.jobs() {
            do throws(Failure) {
                found.views.append(try Client(job: job).status())
            } catch {
                // One that ends while it is asked is not there any more.
                if error.code == .unreachable { found.silent.append(job) }
            }
        }
        return found
    }

    /// The run that is meant by an id (`run-7f3a`) or by the name of its topology.
    static func named(_ target: String) throws(Failure) -> Client {
        if RunFolder.jobs().contains(target) { return try Client(job: target) }
        let (views, silent) = look()
        let found = views.filter { $0.name == target }
        guard let first = found.first else {
            guard !silent.isEmpty else { throw noRun(target) }
            throw Failure(
                .unreachable, "no run that answers is called \(target); \(Self.told(silent))",
                next: "name the run by its id, or see why it is stopped")
        }
        guard found.count == 1 else {
            throw Failure(
                .ambiguousTarget,
                "\(found.count) runs are called \(target): "
                    + found.map(\.job).joined(separator: ", "),
                next: "name one of them")
        }
        return try Client(job: first.job)
    }
}

/// `JOB`, `JOB/NODE` or `JOB/NODE#TASK`.
struct Target: Equatable {
    var job: String
    var node: String?
    var task: Int?

    init(_ text: String) throws(Failure) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let wrong = Failure(
            .usage, "\(text) is no job, node or task", next: "write JOB, JOB/NODE or JOB/NODE#TASK")
        guard !halves[0].isEmpty else { throw wrong }
        job = String(halves[0])
        guard halves.count == 2 else { return }
        let parts = halves[1].split(separator: "#", omittingEmptySubsequences: false)
        guard !parts[0].isEmpty, parts.count <= 2, !halves[1].contains("/") else { throw wrong }
        node = String(parts[0])
        guard parts.count == 2 else { return }
        guard let number = Int(parts[1]), number >= 0 else { throw wrong }
        task = number
    }
}
