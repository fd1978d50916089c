// SPDX-License-Identifier: Apache-2.0
// The C functions behind the tables. Nothing is thrown across them and no Swift value crosses.
import CMillrace

@inline(__always)
private func instance<Result>(
    _ op: UnsafeMutableRawPointer?, _ body: (Instance) -> Result
) -> Result {
    // SAFETY(op): retained by create, released by destroy, which the host calls last.
    unsafe Unmanaged<Instance>.fromOpaque(op!)._withUnsafeGuaranteedRef { body($0) }
}

/// Runs `body` on the operator as what it also is, and reports what it throws.
private func operation<Facet>(
    _ op: UnsafeMutableRawPointer?, as facet: Facet.Type, _ body: (Facet) throws -> Void
) -> mr_status {
    unsafe instance(op) { instance in
        instance.attempt { try body(instance.operation as! Facet) }
    }
}

func fillCalls(_ table: inout mr_operator) {
    unsafe table.create = { table, host, context, configuration, op in
        let services = unsafe Host(table: host!, context: context)
        do {
            guard let registration = unsafe registration(table!) else {
                throw OperatorError(.bug, "the host asks for an operator that is not here")
            }
            let setup = unsafe Setup(configuration!, host: services)
            let made = try registration.make(setup)
            unsafe op!.pointee = Unmanaged.passRetained(made).toOpaque()
            return MR_OK
        } catch {
            return unsafe services.report(error, nil)
        }
    }
    unsafe table.destroy = { unsafe Unmanaged<Instance>.fromOpaque($0!).release() }
    unsafe table.start = { op, facts in unsafe instance(op) { unsafe $0.start(facts!) } }
    unsafe table.stop = { op in unsafe instance(op) { $0.stop() } }
    if unsafe table.kind == MR_KIND_TRANSFORM || table.kind == MR_KIND_SINK {
        unsafe table.process = { op, batch, work in
            unsafe instance(op) { unsafe $0.process(batch!, work!) }
        }
    }
    unsafe table.extension = { table, id in
        unsafe registration(table!)?.extensionTable(String(cString: id!))
    }
}

func partitionCalls(_ type: any Operator.Type) -> mr_partition {
    var calls = mr_partition()
    calls.struct_size = tableSize(mr_partition.self)
    unsafe calls.route = { op, batch, count, targets in
        unsafe instance(op) { unsafe $0.route(batch!, count, targets!) }
    }
    if type is any BalancingPartitioner.Type {
        unsafe calls.load = { op, levels, count in
            unsafe instance(op) { unsafe $0.load(levels!, count) }
        }
    }
    return calls
}

func stateCalls() -> mr_state {
    var calls = mr_state()
    calls.struct_size = tableSize(mr_state.self)
    unsafe calls.save = { op, epoch, writer in
        unsafe operation(op, as: (any Stateful).self) {
            try $0.save(epoch: epoch, to: unsafe StateWriter(writer!))
        }
    }
    unsafe calls.restore = { op, snapshot, reader in
        let group = unsafe snapshot!.pointee.key_group
        let piece = unsafe StatePiece(
            version: Int(snapshot!.pointee.state_version), epoch: snapshot!.pointee.epoch,
            keyGroup: group == .max ? nil : Int(group), pieces: Int(snapshot!.pointee.pieces))
        return unsafe operation(op, as: (any Stateful).self) {
            try $0.restore(piece, from: unsafe StateReader(reader!))
        }
    }
    unsafe calls.can_restore = { table, version in
        let type = unsafe registration(table!)?.type as? any Stateful.Type
        return type?.canRestore(version: Int(version)) == true ? 1 : 0
    }
    return calls
}

func sourceCalls(_ type: any Source.Type) -> mr_source {
    var calls = mr_source()
    calls.struct_size = tableSize(mr_source.self)
    switch type.rereading {
    case .never: break
    case .fromPosition: calls.flags = UInt32(MR_SOURCE_OFFSET)
    case .fromTime: calls.flags = UInt32(MR_SOURCE_TIME)
    case .untilAcknowledged: calls.flags = UInt32(MR_SOURCE_ACK)
    }
    unsafe calls.poll = { op, poll, work in
        unsafe instance(op) { unsafe $0.poll(poll!, work!) }
    }
    unsafe calls.acknowledge = { op, epoch in
        unsafe operation(op, as: (any Source).self) { try $0.acknowledge(epoch: epoch) }
    }
    if type is any SplitSource.Type { fillSplitCalls(&calls) }
    if let timed = type as? any TimedSource.Type {
        calls.max_disorder = timed.disorderMax
        fillTimeCall(&calls)
    }
    return calls
}

private func fillTimeCall(_ calls: inout mr_source) {
    unsafe calls.seek_time = { op, split, time, found in
        unsafe operation(op, as: (any TimedSource).self) {
            try $0.seek(unsafe given(split!.pointee), to: time, unsafe SplitCollector(found!))
        }
    }
}

private func fillSplitCalls(_ calls: inout mr_source) {
    unsafe calls.discover = { op, found in
        unsafe operation(op, as: (any SplitSource).self) {
            try $0.discover(unsafe SplitCollector(found!))
        }
    }
    unsafe calls.assign = { op, splits, count in
        let all = unsafe UnsafeBufferPointer(start: splits, count: Int(count))
            .map { unsafe given($0) }
        return unsafe operation(op, as: (any SplitSource).self) { try $0.assign(all) }
    }
    unsafe calls.positions = { op, epoch, collector in
        unsafe operation(op, as: (any SplitSource).self) {
            try $0.positions(epoch: epoch, into: unsafe SplitCollector(collector!))
        }
    }
    unsafe calls.pause = { op, split, isPaused in
        unsafe operation(op, as: (any SplitSource).self) {
            try $0.pause(split: Int(split), isPaused != 0)
        }
    }
}

/// A copy of what the host says about a split.
private func given(_ split: mr_split) -> Split {
    unsafe Split(
        id: String(decoding: bytes(split.id), as: UTF8.self),
        position: Array(bytes(split.position)))
}

private func bytes(_ text: mr_str) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: text.data, count: Int(text.size))
}
