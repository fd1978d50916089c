// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A C function where a topology names it.
package struct TopologyFunction: Hashable, Sendable {
    package var call: CFunction
    private var use: TreeValue

    /// Nil when the text names no function that can be called; its faults are findings.
    init?(_ use: TreeValue, node: String, findings: inout Findings) {
        guard case .text(let text) = use.content else { return nil }
        self.use = use
        do throws(CFunctionFault) {
            call = try CFunction(text)
        } catch {
            findings.add(.error, Self.failure(error, in: use, node: node))
            return nil
        }
        let faults = call.check()
        for fault in faults {
            findings.add(.error, Self.failure(fault, in: use, node: node))
        }
        if !faults.isEmpty { return nil }
    }

    /// In the file or the line that it stands in.
    package func mark(of place: CFunction.Place) -> Mark { Self.mark(of: place, in: use) }

    private static func failure(
        _ fault: CFunctionFault, in use: TreeValue, node: String
    ) -> Failure {
        let mark = mark(of: fault.place, in: use)
        // Folded or escaped, the text has columns of its own.
        let place = mark == use.mark ? "column \(fault.place.offset + 1) of the function: " : ""
        return Failure(fault.code, at: mark, node: node, place + fault.text, next: fault.next)
    }

    private static func mark(of place: CFunction.Place, in use: TreeValue) -> Mark {
        use.place(ofCharacters: place.offset, length: place.length)
    }
}

extension CFunction {
    /// The id of a node without a name: that of the function, as far as it makes one.
    static func defaultID(_ use: String) -> String {
        let symbol = use.drop { $0 != "!" }.drop { !$0.isLetter && $0 != "_" }
            .prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let id = symbol.lowercased().drop { !$0.isLetter }.prefix(60)
        let isUsable = id.utf8.allSatisfy { $0 < 128 } && !id.isEmpty && id != "errors"
        return isUsable ? String(id) : operation
    }
}

/// Phases 4 and 5 for a node that calls a C function.
extension NodeCheck {
    /// The operator `native`, described as this function makes it. Throws MR2102 without it.
    func functionEntry(
        _ function: TopologyFunction, _ node: TopologyNode
    ) throws(Failure) -> CatalogEntry {
        var entry = try names.find(
            Marked(CFunction.operation, at: node.use.mark), node: node.id.value)
        entry.operation = function.call.describe(entry.operation)
        return entry
    }

    /// What the operator gets: nothing that the user writes. MR3202 and MR3203 are findings.
    mutating func parameters(_ function: TopologyFunction, _ node: TopologyNode) -> [TreeMember] {
        let id = node.id.value
        for member in node.with {
            findings.error(
                .unknownParameter, at: member.nameMark, node: id,
                "nodes.\(id).with.\(member.name): a C function takes no parameters",
                next: "write what it gets into its brackets")
        }
        let places = function.call.places
        var library = function.call.library
        switch outside.function(function.call) {
        case .found(let path): library = path
        case .noLibrary(let text, let next):
            findings.error(
                .functionLibrary, at: function.mark(of: places.library), node: id, text,
                next: next)
        case .noFunction(let text, let next):
            findings.error(
                .functionMissing, at: function.mark(of: places.symbol), node: id, text, next: next)
        }
        notices(function, id)
        let program = function.call.program(library: library)
        let value = TreeValue(.text(program), at: node.use.mark, origin: .quoted, raw: program)
        return [TreeMember(name: "program", nameMark: node.use.mark, value: value)]
    }

    private mutating func notices(_ function: TopologyFunction, _ id: String) {
        guard let place = function.call.statePlace else { return }
        findings.notice(
            .notServed, at: function.mark(of: place), node: id,
            "the state of \(function.call.symbol) is not saved: it begins with zeros in each run")
    }
}

/// Phase 6: what only the graph tells.
extension WiringCheck {
    /// State is one memory per task; for records that are spread by their key it would have to be
    /// one per key (MR2008).
    mutating func refuseStatePerKey() {
        for node in topology.nodes {
            guard let function = node.function, let place = function.call.statePlace,
                let position = position(of: node.id.value)
            else { continue }
            let spread = graph.edges.contains { $0.to == position && $0.partition == .hash }
            guard spread else { continue }
            error(
                .notServed, at: function.mark(of: place), node: node.id.value,
                "`state(…)` for records that are spread by key: one memory per key is known, but "
                    + "not served by this release",
                next: "use `parallelism: 1` without a key, or keep the state in a plugin")
        }
    }
}
