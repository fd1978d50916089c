// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceFlow
import MillraceSystem

/// One instance of an operator, from `create` to `destroy`. The calls in between that touch
/// records are made by the data plane (`call.c`); these are the others, each with its line in the
/// black box.
///
///   NONE -create-> CREATED -assign, start-> RUNNING -(stop, by the data plane)-> STOPPED
///   CREATED, RUNNING, STOPPED, failed -destroy-> NONE
///
/// SAFETY(Sendable): built by the control thread, then used by the thread of its loop alone;
/// `cancel` comes from the control thread and stores to one cell.
@safe package final class OperatorInstance: @unchecked Sendable {
    /// What an instance is told about its place.
    package struct Place: Sendable {
        package var job: String
        package var node: String
        package var instance: Int
        package var parallelism: Int
        /// Schema number of each port.
        package var inputSchemas: [UInt32]
        package var outputSchemas: [UInt32]

        package init(
            job: String, node: String, instance: Int, parallelism: Int, inputSchemas: [UInt32],
            outputSchemas: [UInt32]
        ) {
            self.job = job
            self.node = node
            self.instance = instance
            self.parallelism = parallelism
            self.inputSchemas = inputSchemas
            self.outputSchemas = outputSchemas
        }
    }

    private let library: PluginLibrary
    private let operation: String
    private let place: Place
    private let task: TaskHandle
    // SAFETY(table, source): copies of the plugin's tables that live for ever.
    private let table: UnsafePointer<mr_operator>
    private let source: UnsafePointer<mr_source>?
    // SAFETY(instance): made by create, owned by the plugin, given back to destroy once.
    private var instance: UnsafeMutableRawPointer?
    private var created = false
    private var started: StartInfo?

    package init(
        _ operation: String, of library: PluginLibrary, task: TaskHandle, place: Place
    ) throws(Failure) {
        guard let table = unsafe library.operation(operation) else {
            throw Failure(
                .unknownOperator, node: place.node,
                "\(library.reference.name) has no operator \(operation)")
        }
        self.library = library
        self.operation = operation
        self.place = place
        self.task = task
        unsafe self.table = table
        unsafe source =
            table.pointee.kind == MR_KIND_SOURCE
            ? try library.copyExtension(MR_EXT_SOURCE, of: operation, as: mr_source.self) : nil
        HostServices.shared.name(UInt64(task.number), node: place.node, instance: place.instance)
    }

    /// [setup] Throws MR2109 for a refused configuration, MR4106 for any other failure.
    package func create(_ config: JSON, secrets: [String], on loop: LoopHandle) throws(Failure) {
        let values = unsafe OperatorConfig(config, secrets: secrets, context: task.context)
        let original = unsafe library.original(operation)
        var made: UnsafeMutableRawPointer?
        let status = stamped(.create, loop) {
            unsafe values.withTable { config in
                unsafe table.pointee.create(original, HostTable.table, task.context, config, &made)
            }
        }
        guard status == MR_OK else { throw failure("create", status) }
        unsafe instance = made
        created = true
        let batch = unsafe Int(table.pointee.batch_preferred)
        unsafe task.run(
            table, source: source, instance: made,
            batchLimit: batch > 0 ? min(batch, Limits.batchRecords) : Limits.batchRecords)
    }

    /// [setup] Splits of a source, then `start`.
    package func start(on loop: LoopHandle) throws(Failure) {
        try assignSplits(loop)
        let info = unsafe StartInfo(place, task: task, outputs: Int(table.pointee.output_count))
        started = info
        let status = stamped(.start, loop) {
            unsafe table.pointee.start?(instance, info.pointer) ?? MR_OK
        }
        guard status == MR_OK else { throw failure("start", status) }
        HostServices.shared.seal(UInt64(task.number))
    }

    /// [setup] Descriptors that a source wants to be watched for it.
    package func descriptors(on loop: LoopHandle) -> [Int32] {
        guard let ask = unsafe source?.pointee.descriptors else { return [] }
        var numbers = [Int32](repeating: -1, count: 16)
        let count = stamped(.start, loop) {
            // SAFETY(numbers): the call stores at most as many as it is told.
            unsafe numbers.withUnsafeMutableBufferPointer {
                unsafe ask(instance, $0.baseAddress, UInt32($0.count))
            }
        }
        return numbers.prefix(Int(min(count, 16))).filter { $0 >= 0 }
    }

    /// Among the node's instances.
    package var number: Int { place.instance }

    /// Any thread, once it runs: a long call should return.
    package func cancel() { started?.cancelCalls() }

    /// [setup] Once; nothing is called afterwards.
    package func destroy(on loop: LoopHandle) {
        guard created else { return }
        created = false
        stamped(.destroy, loop) { unsafe table.pointee.destroy?(instance) }
    }

    private func assignSplits(_ loop: LoopHandle) throws(Failure) {
        guard let source = unsafe source, let discover = unsafe source.pointee.discover,
            let assign = unsafe source.pointee.assign
        else { return }
        let found = SplitCollector()
        var status = stamped(.discover, loop) {
            unsafe found.withTable { unsafe discover(instance, $0) }
        }
        guard status == MR_OK else { throw failure("discover", status) }
        let mine = found.share(of: place.instance, parallelism: place.parallelism)
        status = stamped(.assign, loop) {
            unsafe mine.withSplits { unsafe assign(instance, $0, UInt64($1)) }
        }
        guard status == MR_OK else { throw failure("assign", status) }
    }

    private func stamped<Result>(
        _ call: PluginCall, _ loop: LoopHandle, _ body: () -> Result
    ) -> Result {
        task.stamped(call, on: loop, now: MonotonicClock.now(), body)
    }

    private func failure(_ call: String, _ status: mr_status) -> Failure {
        let text = task.errorText
        let said = text.isEmpty ? "\(StatusNames.text(status.rawValue)), without a text" : text
        if status == MR_E_CONFIG {
            return Failure(
                .configurationRefused, node: place.node, said,
                next: "correct the parameters of \(place.node)")
        }
        return Failure(
            .operatorFailed, node: place.node, "\(operation) failed in \(call): \(said)")
    }
}
