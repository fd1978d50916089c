// SPDX-License-Identifier: Apache-2.0
// The black box as its supervisor reads it: pages of 4 KiB, layout 1 of `mrr_pages.h`, which is
// the specification. The writer may have died in the middle of a store, or may be a plugin that
// wrote where it should not: a page that cannot be what it says is nil, a count above its array
// is cut, and whoever uses a number as an index checks it first.
import MillraceCore

package enum BlackBox {
    package static let pageBytes = PageBytes.size
    static let magic: UInt32 = 0x5842_524D
    static let version: UInt32 = 1
    static let stampOffset = 2_560
    static let ringOffset = 256
    static let ringSlots: UInt64 = 128
    /// Of `state` in every page.
    package static let stateOffset = 8

    /// Bytes of a black box for so many tasks.
    package static func byteCount(tasks: Int) -> Int { (1 + tasks) * pageBytes }
    /// Where the page of a task begins; the page of the process begins at 0.
    package static func offset(task: Int) -> Int { (1 + task) * pageBytes }
}

/// What a task is doing, or was doing when its process died.
package struct BlackBoxPage: Hashable, Sendable {
    package enum State: UInt32, Sendable {
        case idle = 0
        case inPlugin = 1
        case blockedOut = 2
        case align = 3
        case freeze = 4
        case host = 5
    }

    package var state: State
    package var call: PluginCall
    /// Monotonic nanoseconds.
    package var callStart: Int64
    /// Completed.
    package var calls: UInt64
    /// Of the first record of the batch, in its lane.
    package var sequence: UInt64
    /// Records of the batch; 0: the call has no records.
    package var count: UInt32
    package var lane: UInt32
    package var epoch: UInt64
    /// Position in the plan.
    package var node: UInt32
    package var instance: UInt32
    package var attempt: UInt64
    /// Kernel id of the thread that calls it.
    package var thread: UInt64
    /// SHA-256 of the library.
    package var plugin: [UInt8]
    package var stamp: FaultStamp?
    /// The hash of the record that the operator was working on, where it got one at a time.
    package var stepped: ContentHash?

    /// nil: no box of this layout, or one that was never filled.
    package init?(_ bytes: [UInt8]) {
        guard let page = PageBytes(bytes), page.u32(0) == BlackBox.magic,
            page.u32(4) == BlackBox.version, let state = State(rawValue: page.u32(8)),
            let call = PluginCall(rawValue: page.u32(12))
        else { return nil }
        self.state = state
        self.call = call
        callStart = page.i64(16)
        calls = page.u64(24)
        sequence = page.u64(32)
        count = page.u32(40)
        lane = page.u32(44)
        epoch = page.u64(48)
        node = page.u32(64)
        instance = page.u32(68)
        attempt = page.u64(72)
        thread = page.u64(80)
        plugin = Array(page.bytes[88..<120])
        let steps = page.u64(BlackBox.ringOffset + 16 * Int(BlackBox.ringSlots))
        if steps > 0, state == .inPlugin, call == .process {
            let slot = BlackBox.ringOffset + 16 * Int((steps - 1) % BlackBox.ringSlots)
            stepped = ContentHash(low: page.u64(slot), high: page.u64(slot + 8))
        }
        stamp = FaultStamp(page, at: BlackBox.stampOffset)
    }
}

/// What the handler of a fatal signal, or the hook of `exit`, wrote down.
package struct FaultStamp: Hashable, Sendable {
    static let stackMax = 32
    private static let exitCalled: UInt32 = 0xFFFF_FFFF

    package enum Cause: Hashable, Sendable {
        case signal(Int32)
        /// Somebody other than the executor called `exit` with this status.
        case exit(status: Int32)
    }

    package var cause: Cause
    /// `si_code`; 0 for an exit.
    package var code: Int32
    package var faultAddress: UInt64
    package var programCounter: UInt64
    /// Kernel id.
    package var thread: UInt64
    /// Return addresses, the program counter first; a hint only.
    package var stack: [UInt64]

    init?(_ page: PageBytes, at offset: Int) {
        let signal = page.u32(offset)
        let code = Int32(bitPattern: page.u32(offset + 4))
        switch signal {
        case 0: return nil
        case Self.exitCalled:
            cause = .exit(status: code)
            self.code = 0
        case 1...64:
            cause = .signal(Int32(signal))
            self.code = code
        default: return nil
        }
        faultAddress = page.u64(offset + 8)
        programCounter = page.u64(offset + 16)
        thread = page.u64(offset + 24)
        let depth = min(Int(page.u32(offset + 32)), Self.stackMax)
        stack = (0..<depth).map { page.u64(offset + 40 + 8 * $0) }
    }
}

/// Page 0 of the black box: the executor as a whole.
package struct ProcessPage: Hashable, Sendable {
    package enum State: UInt32, Sendable {
        case starting = 0
        case running = 1
        /// It ends itself.
        case leaving = 2
    }

    /// Where the code of a library lies.
    package struct Module: Hashable, Sendable {
        package var addresses: Range<UInt64>
        /// Position among the plan's plugins, in order of first use by a node.
        package var plugin: Int
    }

    static let modulesMax = 90

    package var state: State
    package var tasks: UInt32
    /// Monotonic nanoseconds of the control thread's last turn; 0 before the first.
    package var heartbeat: Int64
    package var modules: [Module]
    package var stamp: FaultStamp?

    /// nil: no process page of this layout, or one that was never filled.
    package init?(_ bytes: [UInt8]) {
        guard let page = PageBytes(bytes), page.u32(0) == BlackBox.magic,
            page.u32(4) == BlackBox.version, let state = State(rawValue: page.u32(8))
        else { return nil }
        self.state = state
        tasks = page.u32(12)
        heartbeat = page.i64(16)
        let used = Int(min(page.u64(24), UInt64(Self.modulesMax)))
        modules = (0..<used).compactMap { number in
            let entry = 256 + 24 * number
            let (first, last) = (page.u64(entry), page.u64(entry + 8))
            guard first < last, let plugin = Int(exactly: page.u64(entry + 16)) else { return nil }
            return Module(addresses: first..<last, plugin: plugin)
        }
        stamp = FaultStamp(page, at: BlackBox.stampOffset)
    }

    /// The library that an address lies in.
    package func plugin(at address: UInt64) -> Int? {
        modules.first { $0.addresses.contains(address) }?.plugin
    }
}
