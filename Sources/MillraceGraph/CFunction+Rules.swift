// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What is well written and makes no sense all the same.
extension CFunction {
    /// As many as every lane takes.
    package static let argumentsMax = 64
    /// Of a struct by value.
    package static let structBytesMax = 64
    /// Of a buffer or a state.
    package static let memoryMax = 1 << 20

    /// Every contradiction (MR3201), and what nothing can call (MR3206).
    package func check() -> [CFunctionFault] {
        shapeFaults() + vectorFaults() + resultFaults() + targetFaults() + attributeFaults()
    }

    /// Bytes of a struct in C, with its padding.
    package static func bytes(of members: [Member]) -> Int {
        var size = 0
        for member in members {
            size = (size + member.type.bytes - 1) / member.type.bytes * member.type.bytes
            size += member.type.bytes
        }
        let widest = members.map(\.type.bytes).max() ?? 1
        return (size + widest - 1) / widest * widest
    }

    private func shapeFaults() -> [CFunctionFault] {
        var faults: [CFunctionFault] = []
        var count = 0
        for (number, argument) in arguments.enumerated() {
            let before = count
            count += 1
            if case .structure(let members) = argument.kind {
                count += members.count
                let size = Self.bytes(of: members)
                if size > Self.structBytesMax {
                    faults.append(
                        shape(
                            argument.place,
                            "a struct of \(size) bytes is passed by value; the most is "
                                + "\(Self.structBytesMax)",
                            "pass a pointer: write a small function in C around it"))
                }
                if let fixedCount, number >= fixedCount {
                    faults.append(
                        shape(
                            argument.place, "a struct cannot be passed behind `...`",
                            "pass its members one by one"))
                }
            }
            if before <= Self.argumentsMax, count > Self.argumentsMax {
                faults.append(
                    shape(
                        argument.place,
                        "more than \(Self.argumentsMax) arguments, members of structs included",
                        "write a small function in C around it"))
            }
        }
        return faults
    }

    private func vectorFaults() -> [CFunctionFault] {
        let isVector = attributes.contains(.vector)
        var faults: [CFunctionFault] = []
        var columns = 0
        for argument in arguments {
            switch argument.kind {
            case .column, .takeColumn:
                columns += 1
                if isVector { continue }
                faults.append(
                    contradiction(
                        argument.place, "an array needs `@vector`: one call for many records",
                        "write `@vector` at the end, or the type without `[]`"))
            case .scalar(let member):
                if !isVector, member.value == .count {
                    faults.append(
                        contradiction(
                            argument.place, "`count` needs `@vector`: without it, it is always 1",
                            "write `@vector` at the end, or 1"))
                }
                if member.value == .count, member.type.bytes == 1 {
                    faults.append(
                        contradiction(
                            argument.place,
                            "\(member.type) cannot hold `count`, which is up to 256",
                            "use a wider type"))
                }
                if isVector, !Self.source(isConstant: member.value) {
                    faults.append(single(argument.place))
                }
            case .structure(let members):
                if isVector, members.contains(where: { !Self.source(isConstant: $0.value) }) {
                    faults.append(single(argument.place))
                }
                if members.contains(where: { $0.value == .count }) {
                    faults.append(
                        contradiction(
                            argument.place, "`count` is no member of a struct", "pass it by itself")
                    )
                }
            case .bytes, .string, .buffer, .take, .takeUsed:
                if isVector { faults.append(single(argument.place)) }
            case .state, .null, .text: break
            }
        }
        guard isVector, let place = places.attributes[.vector] else { return faults }
        if columns == 0 {
            faults.append(
                contradiction(
                    place, "`@vector` without an array: nothing of the records gets in or out",
                    "write `f64[] = $value.x` for an argument"))
        }
        switch result {
        case .nothing, .ignored, .pointer: break
        case .field, .filter, .status, .used, .text:
            faults.append(
                contradiction(
                    places.result, "one result for many records says nothing about any of them",
                    "write `-> void`, or `= ignore` behind its type"))
        }
        return faults
    }

    private static func source(isConstant value: Value) -> Bool {
        switch value {
        case .number, .count: true
        case .field, .length, .time: false
        }
    }

    private func resultFaults() -> [CFunctionFault] {
        var faults: [CFunctionFault] = []
        let buffers = arguments.filter { if case .buffer = $0.kind { true } else { false } }
        var used = arguments.filter { if case .takeUsed = $0.kind { true } else { false } }
            .map(\.place)
        if case .used = result { used.append(places.result) }
        for second in buffers.dropFirst() {
            faults.append(contradiction(second.place, "one buffer at most", "remove it"))
        }
        for second in used.dropFirst() {
            faults.append(contradiction(second, "`used` is said once", "remove one of them"))
        }
        if let buffer = buffers.first, used.isEmpty {
            faults.append(
                contradiction(
                    buffer.place, "nothing says how much of the buffer is used",
                    "write `out usize = used` for the argument that tells, or `= used` for the "
                        + "result"))
        }
        if buffers.isEmpty, let place = used.first {
            faults.append(
                contradiction(
                    place, "`used` is about a buffer, and there is none",
                    "write `out ptr = buffer(4096)` for the argument that takes one"))
        }
        if let buffer = buffers.first, let sink = sinks.first {
            faults.append(
                contradiction(
                    sink.place, "the buffer is the new value, so no field of it can be set",
                    "remove one of them (the buffer is at column \(buffer.place.offset + 1))"))
        }
        if case .filter = result, let sink = sinks.first?.place ?? buffers.first?.place {
            faults.append(
                contradiction(
                    sink, "a filter passes records on as they are, so no value can be set",
                    "do it in two steps: one function filters, another sets"))
        }
        return faults
    }

    /// Two results may not go to the same place, or one into the other.
    private func targetFaults() -> [CFunctionFault] {
        let sinks = sinks
        var faults: [CFunctionFault] = []
        for (number, sink) in sinks.enumerated() {
            let clash = sinks[..<number].first {
                $0.parts.starts(with: sink.parts) || sink.parts.starts(with: $0.parts)
            }
            guard let clash else { continue }
            faults.append(
                contradiction(
                    sink.place,
                    clash.parts == sink.parts
                        ? "two results for \(sink.text)"
                        : "\(sink.text) and \(clash.text) are set, and one lies in the other",
                    "give each a field of its own"))
        }
        return faults
    }

    private func attributeFaults() -> [CFunctionFault] {
        var faults: [CFunctionFault] = []
        if let place = places.attributes[.pure] {
            if attributes.contains(.nonreentrant) {
                faults.append(
                    contradiction(
                        place, "`@pure` and `@nonreentrant` contradict each other",
                        "remove one of them"))
            }
            if statePlace != nil {
                faults.append(
                    contradiction(
                        place, "a function with `state(…)` is not pure: it remembers",
                        "remove `@pure`"))
            }
        }
        if let place = places.attributes[.nullIsError] {
            switch result {
            case .text, .pointer: break
            case .nothing, .field, .filter, .status, .used, .ignored:
                faults.append(
                    contradiction(
                        place, "`@null_is_error` is about a result that is a pointer",
                        "remove it"))
            }
        }
        if let place = places.attributes[.errno], attributes.contains(.vector) {
            faults.append(
                contradiction(
                    place, "`@errno` refuses one record, and `@vector` calls for many",
                    "remove one of them"))
        }
        return faults
    }

    private func single(_ place: Place) -> CFunctionFault {
        contradiction(
            place, "`@vector` calls once for many records, and this is of one",
            "use an array, such as `f64[] = $value.x`")
    }

    private func contradiction(_ place: Place, _ text: String, _ next: String) -> CFunctionFault {
        CFunctionFault(.signatureSyntax, at: place, text, next: next)
    }

    private func shape(_ place: Place, _ text: String, _ next: String) -> CFunctionFault {
        CFunctionFault(.signatureShape, at: place, text, next: next)
    }
}
