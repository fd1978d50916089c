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
    /// Begins to drain the job and returns at once. Throws `wrongState` when it is over.
    func stop(_ job: String) throws(Failure)
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

    package init(program: String, pid: Int, started: Int64) {
        self.program = program
        self.version = Release.version
        self.abi = "\(Release.abiMajor).\(Release.abiMinor)"
        self.pid = pid
        self.started = Timestamp.text(nanosecondsSince1970: started)
    }

    var json: JSON {
        .object([
            .init("program", .string(program)), .init("version", .string(version)),
            .init("abi", .string(abi)), .init("pid", .int(Int64(pid))),
            .init("started", .string(started)),
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
