// SPDX-License-Identifier: Apache-2.0
// Records that an operator does not take: what the data plane tells of them, and what it is told to
// do. All of it happens on the loop's thread, in the middle of a call, and is rare.
import CMillrace
import CMillraceRuntime
import MillraceCore

/// A copy of a record that its operator refused, or that is taken out before the operator sees it.
package struct RefusedRecord: Hashable, Sendable {
    /// Position in the chain.
    package var member: Int
    /// Taken out; false: the operator refused it.
    package var isQuarantined: Bool
    /// Key first.
    package var payload: [UInt8]
    package var keyBytes: Int
    package var isUnkeyed: Bool
    package var keyHash: UInt64
    /// Nanoseconds since 1970; nil: it has no event time.
    package var eventTime: Int64?
    /// Position of the record in its lane.
    package var sequence: UInt64
    package var lane: Int
    /// The operator's input port.
    package var input: Int

    package var key: ArraySlice<UInt8> { payload[..<keyBytes] }
    package var value: ArraySlice<UInt8> { payload[keyBytes...] }

    package init(
        member: Int = 0, isQuarantined: Bool = false, payload: [UInt8], keyBytes: Int = 0,
        isUnkeyed: Bool = true, keyHash: UInt64 = 0, eventTime: Int64? = nil,
        sequence: UInt64 = 0, lane: Int = 0, input: Int = 0
    ) {
        self.member = member
        self.isQuarantined = isQuarantined
        self.payload = payload
        self.keyBytes = keyBytes
        self.isUnkeyed = isUnkeyed
        self.keyHash = keyHash
        self.eventTime = eventTime
        self.sequence = sequence
        self.lane = lane
        self.input = input
    }

    fileprivate init(_ raw: UnsafePointer<mrr_refused>) {
        // SAFETY(raw): the record and its payload are valid during the call that tells of them.
        let told = unsafe raw.pointee
        let head = unsafe told.record.pointee
        unsafe self.init(
            member: Int(told.member), isQuarantined: told.quarantined != 0,
            payload: Array(UnsafeBufferPointer(start: told.payload, count: Int(head.length))),
            keyBytes: min(Int(head.key_length), Int(head.length)),
            isUnkeyed: head.flags & UInt16(MR_REC_UNKEYED) != 0, keyHash: head.key_hash,
            eventTime: head.event_time == .min ? nil : head.event_time,
            sequence: told.sequence, lane: Int(told.lane), input: Int(told.input))
    }
}

/// What becomes of a refused record.
package enum RefusalVerdict: UInt32, Sendable {
    /// It went to the dead letters.
    case kept = 0
    /// It is counted, no more.
    case dropped = 1
    /// The chain fails.
    case fails = 2
}

/// Decides about records that are not taken. On the loop's thread.
package protocol RecordWarden: AnyObject, Sendable {
    /// May write to the output ports of the task.
    func refused(_ record: RefusedRecord) -> RefusalVerdict
    /// Records of a watched task, by the hashes of their payloads and in order. Answers how many of
    /// them may go to the operator; the one behind is taken out.
    func inspect(_ member: Int, _ hashes: [ContentHash]) -> Int
}

private final class WardenBox: Sendable {
    let warden: any RecordWarden

    init(_ warden: any RecordWarden) { self.warden = warden }

    static func of(_ argument: UnsafeMutableRawPointer?) -> WardenBox {
        guard let argument = unsafe argument else {
            preconditionFailure("BUG: a chain whose warden is nobody")
        }
        return unsafe Unmanaged<WardenBox>.fromOpaque(argument).takeUnretainedValue()
    }
}

extension ChainHandle {
    /// Who decides about records that its operators do not take. Before it joins a loop; for ever.
    package func onRefusal(_ warden: any RecordWarden) {
        // SAFETY(box): retained for ever, as the chain is.
        let box = unsafe Unmanaged.passRetained(WardenBox(warden)).toOpaque()
        unsafe mrr_chain_on_refusal(
            handle,
            { argument, told in
                guard let told = unsafe told else { return RefusalVerdict.fails.rawValue }
                let record = unsafe RefusedRecord(told)
                return unsafe WardenBox.of(argument).warden.refused(record).rawValue
            }, box)
        unsafe mrr_chain_on_inspection(
            handle,
            { argument, member, batch in
                guard let batch = unsafe batch else { return 0 }
                let hashes = unsafe contentHashes(of: batch)
                return unsafe UInt32(
                    WardenBox.of(argument).warden.inspect(Int(member), hashes))
            }, box)
    }
}

/// Of the payloads, key included: what a record is known by over restarts.
private func contentHashes(of batch: UnsafePointer<mr_batch>) -> [ContentHash] {
    // SAFETY(batch): valid during the call, with `count` records.
    unsafe (0..<batch.pointee.count).map { at in
        guard let head = unsafe mr_at(batch, at), let payload = unsafe mr_payload(batch, head)
        else { preconditionFailure("BUG: a batch without records") }
        return unsafe ContentHash(
            of: UnsafeBufferPointer(start: payload, count: Int(head.pointee.length)).span)
    }
}

extension TaskHandle {
    /// How closely its records are looked at before the operator gets them.
    package enum Watch: UInt32, Sendable {
        case none = 0
        /// Each batch is shown to the warden.
        case batches = 1
        /// The same, and a batch is one record.
        case steps = 2
    }

    /// Any thread.
    package func watch(_ watch: Watch) { unsafe mrr_task_watch(handle, watch.rawValue) }

    /// The record that its operator gets next, for whoever reads the black box after its death.
    package func stamp(_ hash: ContentHash) {
        unsafe mrr_box_stamp(handle, hash.low, hash.high)
    }

    /// Within `refused`: writes a record with the key and time of another one to a port. False: it
    /// is larger than the port can take.
    package func emit(_ value: [UInt8], of record: RefusedRecord, port: Int) -> Bool {
        let payload = Array(record.key) + value
        guard let length = UInt32(exactly: payload.count) else { return false }
        var head = mr_record(
            length: length, flags: record.isUnkeyed ? UInt16(MR_REC_UNKEYED) : 0,
            key_length: UInt16(record.keyBytes), event_time: record.eventTime ?? .min,
            key_hash: record.keyHash, schema: 0, trace: 0)
        // SAFETY(payload): copied by the call, which is made while the port's window is open.
        return unsafe payload.withUnsafeBytes {
            unsafe mr_emit(mrr_task_out(handle, UInt32(port)), &head, $0.baseAddress) == MR_OK
        }
    }

    /// What the operator said last about a failure, which is then forgotten.
    package func takeErrorText() -> String {
        let text = errorText
        unsafe mrr_host_set_error(context, MR_OK, nil, 0)
        return text
    }
}
