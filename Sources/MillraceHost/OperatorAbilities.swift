// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore

/// The extensions an operator offers: asked for by id, each table looked at once.
package enum OperatorAbilities {
    /// An extension that operators may offer. Sizes are those of ABI 1.0.
    private struct Known {
        var id: String
        var least: Int
        /// Names and offsets of the functions it cannot do without.
        var functions: [(name: String, offset: Int)] = []
    }

    private static let known: [Known] = [
        Known(id: MR_EXT_STATE, least: 64, functions: [("restore", 40)]),
        Known(id: MR_EXT_KEYED_STATE, least: 24),
        Known(id: MR_EXT_TIME, least: 24),
        Known(id: MR_EXT_WINDOW, least: 80),
        Known(id: MR_EXT_SOURCE, least: 80, functions: [("poll", 16)]),
        Known(id: MR_EXT_SINK, least: 56),
        Known(id: MR_EXT_PARTITION, least: 24, functions: [("route", 8)]),
        Known(id: MR_EXT_ASYNC, least: 16, functions: [("on_done", 8)]),
        Known(id: MR_EXT_METRICS, least: 8),
        Known(id: MR_EXT_RECONFIGURE, least: 16, functions: [("apply", 8)]),
    ]

    /// Ids of all extensions this host knows of, served or not.
    package static var identifiers: [String] { known.map(\.id) }

    /// The table the operator offers under `id`, or nil. The table is the plugin's own and may be
    /// shorter than ours.
    @unsafe package static func table(
        _ id: String, of descriptor: OperatorDescriptor
    ) -> UnsafeRawPointer? {
        // SAFETY(id): a terminated text for the time of the call; `original` is what the plugin
        // gave us as its own table.
        unsafe id.withCString { unsafe descriptor.copy.pointee.extension(descriptor.original, $0) }
    }

    /// Ids of the known extensions that it offers. Throws MR3101 for a table that cannot be one.
    static func ask(
        _ descriptor: OperatorDescriptor, _ place: DescriptorPlace
    ) throws(Failure) -> [String] {
        var offered: [String] = []
        for one in known {
            guard let table = unsafe table(one.id, of: descriptor) else { continue }
            let here = place.dot(one.id)
            let size = try unsafe GrowableTable.checkedSize(table, least: one.least, place: here)
            for function in one.functions where function.offset + 8 <= size {
                let value = unsafe table.load(fromByteOffset: function.offset, as: UInt.self)
                guard value != 0 else { throw here.dot(function.name).refusal("is NULL") }
            }
            offered.append(one.id)
        }
        return offered
    }

    /// How a source is read again; empty for what is none. After `ask`: the table is a table.
    static func sourceFlags(of descriptor: OperatorDescriptor) -> OperatorDescription.SourceFlags {
        guard let table = unsafe table(MR_EXT_SOURCE, of: descriptor) else { return [] }
        // SAFETY(table): `ask` has found it to be as long as that of ABI 1.0.
        let flags = unsafe table.assumingMemoryBound(to: mr_source.self).pointee.flags
        return OperatorDescription.SourceFlags(rawValue: flags)
    }

    /// Ids that nobody may answer. Throws MR3101 when the operator does.
    static func askUnknown(
        _ descriptor: OperatorDescriptor, _ place: DescriptorPlace
    ) throws(Failure) {
        for id in ["millrace.no-such-thing/1", MR_EXT_STATE + "0", ""] {
            guard unsafe table(id, of: descriptor) == nil else {
                throw place.dot("extension").refusal(
                    "answers the id \"\(id)\", which does not exist",
                    next: "compare the whole id and return NULL for every other one")
            }
        }
    }

    /// Rules that tie kind, flags and abilities together. Throws MR3101.
    static func check(
        _ operation: OperatorDescription, hasProcess: Bool, _ place: DescriptorPlace
    ) throws(Failure) {
        let offers = Set(operation.extensions)
        func needs(_ id: String) throws(Failure) {
            guard !offers.contains(id) else { return }
            throw place.dot("extension").refusal(
                "a \(operation.kind.rawValue) has to offer \(id), it answers NULL")
        }
        switch operation.kind {
        case .source: try needs(MR_EXT_SOURCE)
        case .partitioner: try needs(MR_EXT_PARTITION)
        case .transform, .sink:
            if !hasProcess, !offers.contains(MR_EXT_WINDOW) {
                throw place.dot("process").refusal("is NULL, a \(operation.kind.rawValue) has one")
            }
        }
        if operation.flags.contains(.stateless) {
            for id in [MR_EXT_STATE, MR_EXT_KEYED_STATE] where offers.contains(id) {
                throw place.dot("flags").refusal("MR_OP_STATELESS contradicts \(id)")
            }
        }
    }
}
