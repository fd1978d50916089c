// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceGraph

/// What a host must be able to do for the routes: a local run offers it for its one job, a
/// daemon for all of its own. Called from the thread of the carrier.
package protocol ControlSurface: Sendable {
    /// Views of all jobs, by id.
    func jobs() -> [JobView]
    /// The view of one job; nil when there is none of this id.
    func view(of job: String) -> JobView?
    /// The plan that the job runs.
    func plan(of job: String) -> Plan?
    /// Begins to drain the job, or ends it, and returns at once. Throws `wrongState` when it is
    /// over or keeps nothing to make a savepoint of, MR6105 when there is one already.
    func stop(_ job: String, _ request: StopRequest) throws(Failure)
    /// Has the job make a savepoint while it goes on, and returns at once. Throws `wrongState` when
    /// it is at its end, keeps nothing to make one of, or makes another one; MR6105 when there is
    /// one already; MR6002 when nothing can be written there.
    func makeSavepoint(_ job: String, _ request: SavepointRequest) throws(Failure)
    /// What has become of those that it was asked for, the newest last.
    func savepoints(of job: String) -> [SavepointView]
    /// What the job has logged behind line number `after`; nil when there is no such job.
    func logs(of job: String, after: UInt64) -> LogPage?
    /// Sends copies of records that pass a node, until the job is over or nobody takes them. Throws
    /// before the first one: MR7004 without such a node or port, MR2504 for a condition that is
    /// none, MR4401 when there are too many taps, `wrongState` when the job is over.
    func tap(_ job: String, _ request: TapRequest, _ send: EventSink) throws(Failure)
    var host: HostView { get }
}

/// The answer to `/info`.
package struct HostView: Hashable, Codable, Sendable {
    /// `millrace` or `millraced`.
    package var program: String
    package var version: String
    package var abi: String
    package var pid: Int
    /// Nanoseconds since 1970 as RFC 3339.
    package var started: String
    /// Where the job's state lies; nil: it keeps none, or there are several jobs.
    package var stateFolder: String?

    enum CodingKeys: String, CodingKey {
        case program, version, abi, pid, started
        case stateFolder = "state_folder"
    }

    package init(program: String, pid: Int, started: Int64, stateFolder: String? = nil) {
        self.program = program
        self.version = Release.version
        self.abi = "\(Release.abiMajor).\(Release.abiMinor)"
        self.pid = pid
        self.started = Timestamp.text(nanosecondsSince1970: started)
        self.stateFolder = stateFolder
    }

    var json: JSON {
        .object([
            .init("program", .string(program)), .init("version", .string(version)),
            .init("abi", .string(abi)), .init("pid", .int(Int64(pid))),
            .init("started", .string(started)),
            .init("state_folder", stateFolder.map(JSON.string) ?? .null),
            .init(
                "limits",
                .object([
                    .init("nodes", .int(Int64(Limits.nodesMax))),
                    .init("parallelism", .int(Int64(Limits.parallelismMax))),
                    .init("record_bytes", .int(Int64(Limits.recordBytesMax))),
                    .init("topology_bytes", .int(Int64(Limits.topologyBytesMax))),
                ])),
        ])
    }
}
