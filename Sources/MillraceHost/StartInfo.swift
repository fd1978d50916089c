// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceFlow

/// What `start` is told. All of it has to stay until `destroy`, and an instance lives until its
/// process ends, so it is never freed.
@safe struct StartInfo {
    // SAFETY(pointer): allocated here, never freed.
    let pointer: UnsafePointer<mr_start>
    // SAFETY(cancel): the same; operators read it with relaxed loads.
    private let cancel: UnsafeMutablePointer<UInt32>

    /// Any thread: a long call should return.
    func cancelCalls() { unsafe cancel.pointee = 1 }

    init(
        _ place: OperatorInstance.Place, task: TaskHandle, outputs: Int, restoredEpoch: UInt64
    ) {
        let start = UnsafeMutablePointer<mr_start>.allocate(capacity: 1)
        let outs = UnsafeMutablePointer<UnsafeMutablePointer<mr_out>?>.allocate(
            capacity: max(outputs, 1))
        for port in 0..<outputs { unsafe outs[port] = task.out(port) }
        // [log level, cancel]
        let cells = UnsafeMutablePointer<UInt32>.allocate(capacity: 2)
        unsafe cells[0] = UInt32(HostServices.shared.logLevel.weight)
        unsafe cells[1] = 0
        let groups = Limits.keyGroups
        let first = (place.instance * groups + place.parallelism - 1) / place.parallelism
        let last = ((place.instance + 1) * groups + place.parallelism - 1) / place.parallelism - 1
        unsafe start.initialize(
            to: mr_start(
                struct_size: UInt32(MemoryLayout<mr_start>.size),
                batch_limit: UInt32(Limits.batchRecords), out: UnsafePointer(outs),
                out_count: UInt32(outputs), instance: UInt32(place.instance),
                parallelism: UInt32(place.parallelism), key_group_first: UInt32(first),
                key_group_last: UInt32(last), key_groups: UInt32(groups),
                restored_epoch: restoredEpoch,
                log_level: UnsafePointer(cells), cancel: UnsafePointer(cells + 1),
                in_schema: Self.forever(place.inputSchemas),
                out_schema: Self.forever(place.outputSchemas),
                job: UnsafePointer(strdup(place.job)), node: UnsafePointer(strdup(place.node))))
        unsafe pointer = UnsafePointer(start)
        unsafe cancel = cells + 1
    }

    private static func forever(_ numbers: [UInt32]) -> UnsafePointer<UInt32> {
        let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: max(numbers.count, 1))
        unsafe copy.initialize(repeating: 0, count: max(numbers.count, 1))
        for (index, number) in numbers.enumerated() { unsafe copy[index] = number }
        return unsafe UnsafePointer(copy)
    }
}
