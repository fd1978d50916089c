// SPDX-License-Identifier: Apache-2.0
import MillraceAPI
import MillraceCore
import MillraceScreen
import MillraceSystem
import Synchronization

/// Looks at live runs again and again, over connections that it keeps. One thread looks; any
/// thread may close.
final class Lookout: Sendable {
    /// A run that takes longer is shown as it was before.
    private static let patienceMilliseconds: Int32 = 1_000

    private struct Watched {
        var client: Client
        var last: JobView?
        /// When it answered, or was met: monotonic nanoseconds.
        var answered: Int64
    }

    private let job: String?
    private let watched = Mutex<[String: Watched]>([:])

    /// `job`: the id of the only run that is looked at; nil: all of this account.
    init(job: String?) {
        self.job = job
    }

    /// What is there now. Throws only for the run that was named, when it answers with something
    /// that cannot be read.
    func look() throws(Failure) -> TopLook {
        var seen = TopLook(jobs: [])
        let ids = job.map { [$0] } ?? RunFolder.jobs()
        for id in ids { try look(at: id, &seen) }
        watched.withLock { all in all = all.filter { ids.contains($0.key) } }
        return seen
    }

    /// A look that is under way ends soon; those after it see nothing.
    func close() {
        for one in watched.withLock({ $0.values.map(\.client) }) { one.close() }
    }

    private func look(at id: String, _ seen: inout TopLook) throws(Failure) {
        guard var run = watched.withLock({ $0[id] }) ?? meet(id) else { return }
        do {
            let view = try run.client.status()
            run.last = view
            run.answered = MonotonicClock.now()
            seen.jobs.append(view)
        } catch {
            switch error.code {
            case .unreachable:
                if let view = run.last { seen.jobs.append(view) }
                seen.silent[id] = Double(MonotonicClock.now() - run.answered) / 1e9
            case .unknownJob:
                watched.withLock { $0[id] = nil }
                return
            default:
                if job != nil { throw error }
                return
            }
        }
        watched.withLock { $0[id] = run }
    }

    /// nil: nobody listens there.
    private func meet(_ id: String) -> Watched? {
        let found = try? Client(job: id, patienceMilliseconds: Self.patienceMilliseconds)
        guard let client = found else { return nil }
        let run = Watched(client: client, answered: MonotonicClock.now())
        watched.withLock { $0[id] = run }
        return run
    }
}
