// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import MillraceCore

/// How the records of one output port get to their lanes.
package enum Route: UInt32, Sendable {
    case forward = 0
    case roundRobin = 1
    case hash = 2
    case broadcast = 3
    case leastLoaded = 4
    case custom = 5
}

extension TaskHandle {
    /// One edge of an output port: lanes in the order of the consuming tasks.
    package struct Edge {
        package var route: Route
        package var lanes: [Lane]
        package init(route: Route, lanes: [Lane]) {
            self.route = route
            self.lanes = lanes
        }
    }

    /// Makes output port `port`. `quota`: number of its quota in the arena. `staging`: it may be
    /// called when there is no room, so it needs memory for what finds none. `forwards`: only
    /// `forward` writes here. Without edges the output is counted and dropped.
    package func makePort(
        _ port: Int, edges: [Edge], quota: Int, staging: Bool, forwards: Bool, arena: Arena,
        pool: Pool
    ) throws(Failure) {
        precondition(edges.count <= Int(MRR_EDGES), "BUG: \(edges.count) edges on a port")
        let lanes = edges.reduce(0) { $0 + $1.lanes.count }
        let space = unsafe try pool.take(mrr_port_bytes(UInt32(edges.count), UInt32(lanes)))
        let memory =
            unsafe staging
            ? try Pool.map(Limits.stagingBytes + Limits.stagingBytes / 8) : nil
        unsafe mrr_port_make(
            handle, UInt32(port), space, arena.handle, UInt32(quota), UInt32(edges.count),
            UInt32(lanes), memory?.assumingMemoryBound(to: UInt8.self),
            UInt64(Limits.stagingBytes), forwards ? 1 : 0)
        for (number, edge) in edges.enumerated() {
            let handles = unsafe edge.lanes.map { unsafe Optional($0.handle) }
            // SAFETY(handles): copied by the call.
            unsafe handles.withUnsafeBufferPointer {
                unsafe mrr_port_edge(
                    handle, UInt32(port), UInt32(number), edge.route.rawValue, $0.baseAddress,
                    UInt32($0.count))
            }
        }
    }

    /// The next member of the chain takes this port's output.
    package func fusePort(_ port: Int) { unsafe mrr_port_fuse(handle, UInt32(port)) }

    /// The plugin that chooses the targets of an edge. Table and instance live for ever.
    @unsafe package func partitioner(
        _ table: UnsafePointer<mr_partition>, instance: UnsafeMutableRawPointer?, port: Int,
        edge: Int
    ) {
        unsafe mrr_port_partitioner(handle, UInt32(port), UInt32(edge), table, instance)
    }
}
