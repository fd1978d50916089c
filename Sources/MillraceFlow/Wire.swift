// SPDX-License-Identifier: Apache-2.0
import CMillraceRuntime
import MillraceCore
import MillraceSystem

/// The wires of an attempt: one piece of memory that all its executors map, and a bell for each.
@safe package struct WireMemory: Sendable {
    private let pages: SharedPages
    private let bells: [Bell]

    /// `bells`: by executor.
    package init(_ pages: SharedPages, bells: [Bell]) {
        self.pages = pages
        self.bells = bells
    }

    /// What rings when something comes for the executor.
    package func bell(of executor: Int) -> Bell { bells[executor] }

    /// Our end of the wire at `offset`; `executor` is at the other end. Throws MR7202 where the
    /// memory is too small for it.
    package func wire(
        at offset: Int, ringBytes: Int, to executor: Int, pool: Pool
    ) throws(Failure) -> Wire {
        guard bells.indices.contains(executor),
            offset + Limits.wireHeadBytes + ringBytes <= pages.count
        else {
            throw Failure(
                .versionSkew, kind: .bug, "shared memory of \(pages.count) bytes for wires",
                next: "use programs of one release")
        }
        // SAFETY(shared): within the mapping, as just checked, which is kept for ever, as chains
        // are.
        let base = unsafe Unmanaged.passRetained(pages).takeUnretainedValue().pointer
        let wire = unsafe try Wire(
            shared: base + offset, ringBytes: ringBytes, pool: pool)
        wire.onRing(bells[executor])
        return wire
    }
}

/// One end of a lane between two executors. Rules: `wire.c`.
@safe package struct Wire: @unchecked Sendable {
    // SAFETY(handle): lives in the pool.
    let handle: OpaquePointer

    @unsafe fileprivate init(
        shared: UnsafeMutableRawPointer, ringBytes: Int, pool: Pool
    ) throws(Failure) {
        precondition(
            mrr_wire_shared_bytes(UInt64(ringBytes))
                == UInt64(Limits.wireHeadBytes + ringBytes), "BUG: the head of a wire")
        unsafe handle = mrr_wire_make(
            try pool.take(mrr_wire_bytes()), shared, UInt64(ringBytes))
    }

    fileprivate func onRing(_ bell: Bell) {
        let (ring, argument) = unsafe bell.leak()
        unsafe mrr_wire_bell(handle, ring, argument)
    }
}

extension ChainHandle {
    /// The chain's one task, which has no port, writes to the wire what its lane brings.
    package func export(to wire: Wire) { unsafe mrr_chain_export(handle, wire.handle) }

    /// The chain's one task, with one port and no lane, brings what comes by the wire.
    package func `import`(from wire: Wire) { unsafe mrr_chain_import(handle, wire.handle) }
}
