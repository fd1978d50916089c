// SPDX-License-Identifier: Apache-2.0
import CMillrace
import MillraceCore
import MillraceFlow
import MillraceSystem

/// The partitioner plugin of one edge, as one producing task uses it. Its calls are stamped on
/// the page of that task.
///
/// SAFETY(Sendable): as `OperatorInstance`.
@safe package final class PartitionerInstance: @unchecked Sendable {
    private let library: PluginLibrary
    private let operation: String
    private let node: String
    private let context: LooseContext
    private let task: TaskHandle
    // SAFETY(table, partition): copies of the plugin's tables that live for ever.
    private let table: UnsafePointer<mr_operator>
    private let partition: UnsafePointer<mr_partition>
    // SAFETY(instance): made by create, given back to destroy once.
    private var instance: UnsafeMutableRawPointer?

    package init(
        _ operation: String, of library: PluginLibrary, node: String, task: TaskHandle, pool: Pool
    ) throws(Failure) {
        guard let table = unsafe library.operation(operation),
            let partition = unsafe try library.copyExtension(
                MR_EXT_PARTITION, of: operation, as: mr_partition.self),
            unsafe partition.pointee.route != nil
        else {
            throw Failure(
                .unknownNeed, node: node, "\(operation) does not offer \(MR_EXT_PARTITION)",
                next: "name a partitioner")
        }
        self.library = library
        self.operation = operation
        self.node = node
        self.task = task
        context = try LooseContext(number: task.number, pool: pool)
        unsafe self.table = table
        unsafe self.partition = partition
    }

    /// [setup]
    package func open(_ config: JSON, on loop: LoopHandle) throws(Failure) {
        let values = unsafe OperatorConfig(config, secrets: [], context: context.pointer)
        var made: UnsafeMutableRawPointer?
        let original = unsafe library.original(operation)
        let status = task.stamped(.create, on: loop, now: MonotonicClock.now()) {
            unsafe values.withTable { config in
                unsafe table.pointee.create(
                    original, HostTable.table, context.pointer, config, &made)
            }
        }
        guard status == MR_OK else {
            throw Failure(
                .configurationRefused, node: node,
                "\(operation): \(context.errorText)", next: "correct its parameters")
        }
        unsafe instance = made
    }

    package func attach(to task: TaskHandle, port: Int, edge: Int) {
        unsafe task.partitioner(partition, instance: instance, port: port, edge: edge)
    }

    /// [setup]
    package func close(on loop: LoopHandle) {
        task.stamped(.destroy, on: loop, now: MonotonicClock.now()) {
            unsafe table.pointee.destroy?(instance)
        }
    }
}
