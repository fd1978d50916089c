// SPDX-License-Identifier: Apache-2.0
import CMillrace
import CMillraceRuntime
import Glibc
import MillraceCore
import Synchronization

/// A library that is loaded into this process, for ever: nothing is ever unloaded, because Swift
/// and C++ leave references to their code in the process.
///
/// Negotiation follows docs/ABI.md; each step stops at its first failure.
@safe package final class PluginLibrary: Sendable {
    package let reference: PluginReference
    package let table: PluginTable
    /// Where its code and data are mapped: first and last address.
    package let addresses: (first: UInt, last: UInt)
    /// Signals whose handler was another one after the load.
    package let changedSignals: [Int32]
    private let byID: [String: OperatorDescriptor]
    /// Tag of a context that belongs to no task.
    private let noTask = UInt64.max

    private enum Slot {
        /// Its code runs for the first time; no lock is held meanwhile.
        case opening
        case open(PluginLibrary)
        /// Mapped, but of no use. Its `load` is not called a second time.
        case refused(PluginLibrary, Failure)
    }

    /// All libraries of this process, by content.
    private static let slots = Mutex<[String: Slot]>([:])

    // SAFETY(host): the caller's promise; the plugin may keep it for the life of the process.
    /// Loads the private copy, or gives the library that has it loaded already. `host` has to
    /// live for ever.
    ///
    /// Throws MR3001…MR3005, MR3011, MR3101, MR3102.
    @unsafe package static func open(
        _ reference: PluginReference, host: UnsafePointer<mr_host>
    ) throws(Failure) -> PluginLibrary {
        let known: Result<PluginLibrary, Failure>? = slots.withLock { slots in
            switch slots[reference.sha256] {
            case .open(let library): return .success(library)
            case .refused(_, let failure): return .failure(failure)
            case .opening: preconditionFailure("BUG: a library is opened twice at a time")
            case nil:
                slots[reference.sha256] = .opening
                return nil
            }
        }
        if let known { return try known.get() }
        var slot: Slot?
        defer { slots.withLock { $0[reference.sha256] = slot } }
        let library = try unsafe PluginLibrary(reference, host: host)
        do throws(Failure) {
            try library.checkUnique()
            try unsafe library.callLoad(host: host)
        } catch {
            slot = .refused(library, error)
            throw error
        }
        slot = .open(library)
        return library
    }

    /// `open` with the host table of this process.
    package static func load(_ reference: PluginReference) throws(Failure) -> PluginLibrary {
        unsafe try open(reference, host: HostTable.table)
    }

    /// Our copy of the operator's table, with every field of the newest headers; lives for ever.
    @unsafe package func operation(_ id: String) -> UnsafePointer<mr_operator>? {
        unsafe byID[id]?.copy
    }

    /// The plugin's own table: the `self` of `create` and `extension`.
    @unsafe package func original(_ id: String) -> UnsafePointer<mr_operator>? {
        unsafe byID[id]?.original
    }

    /// The descriptor's values; nil when the library has no such operator.
    package func description(_ id: String) -> OperatorDescription? { byID[id]?.description }

    /// The table of an extension, or nil. It is the plugin's own and may be shorter than ours:
    /// `copyExtension` gives one that is not.
    @unsafe package func `extension`(_ id: String, of operation: String) -> UnsafeRawPointer? {
        guard let descriptor = byID[operation] else { return nil }
        return unsafe OperatorAbilities.table(id, of: descriptor)
    }

    /// The table of an extension, in memory of ours that lives for ever, zero where the plugin's
    /// is shorter; nil when the operator does not offer it. Throws MR3101.
    @unsafe package func copyExtension<Table>(
        _ id: String, of operation: String, as type: Table.Type
    ) throws(Failure) -> UnsafePointer<Table>? {
        guard let table = unsafe self.extension(id, of: operation) else { return nil }
        var place = DescriptorPlace(file: reference.name, operation: operation)
        place.field = id
        return try unsafe GrowableTable.copy(
            table.assumingMemoryBound(to: Table.self), least: 8, place: place)
    }

    @unsafe private init(
        _ reference: PluginReference, host: UnsafePointer<mr_host>
    ) throws(Failure) {
        let name = PluginFile.name(of: reference.path)
        try PluginCopies.verify(reference)
        let signals = SignalHandlers.now()
        let entry = try unsafe PluginEntry.find(in: reference.copy, name: name)
        let table = try unsafe PluginTable.read(entry(host), host: host, file: name)
        changedSignals = signals.changed(to: SignalHandlers.now())
        self.reference = reference
        self.table = table
        addresses = unsafe PluginEntry.addresses(of: entry)
        byID = Dictionary(uniqueKeysWithValues: table.operators.map { ($0.description.id, $0) })
    }

    private func checkUnique() throws(Failure) {
        let others: [PluginLibrary] = Self.slots.withLock { slots in
            slots.values.compactMap { if case .open(let library) = $0 { library } else { nil } }
        }
        for other in others {
            for id in byID.keys.sorted() where other.byID[id] != nil {
                throw Failure(
                    .duplicateOperator,
                    "the operator \(id) is in \(other.reference.path) and in \(reference.path)",
                    next: "remove one of the two, or give its operators other ids")
            }
        }
    }

    @unsafe private func callLoad(host: UnsafePointer<mr_host>) throws(Failure) {
        guard let load = unsafe table.load else { return }
        // SAFETY(memory): zeroed, of the size and alignment the runtime asks for, and never freed:
        // a thread of the plugin may use its context at any time.
        let size = Int(mrr_context_bytes())
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        unsafe memset(memory, 0, size)
        let context = unsafe mrr_context_make(memory, noTask, 1)
        let status = unsafe load(host, context)
        guard status != MR_OK else { return }
        var code = MR_OK
        let text = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
            let count = unsafe mrr_context_error(context, buffer.baseAddress, 4096, &code)
            return unsafe String(
                decoding: UnsafeRawBufferPointer(buffer).prefix(Int(count)), as: UTF8.self)
        }
        throw Failure(
            .loadFailed,
            "\(reference.name): its load function returned \(StatusNames.text(status.rawValue))"
                + (text.isEmpty ? "" : ": \(text)"),
            next: text.isEmpty ? "it should say why with set_error" : nil)
    }
}
