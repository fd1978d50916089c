// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceFlow
import MillraceSystem
import Synchronization

/// One instance of an operator, from `create` to `destroy`. The calls in between that touch
/// records are made by the data plane (`call.c`); these are the others, each with its line in the
/// black box.
///
///   NONE -create-> CREATED -open, commit, fence, restore, assign, start-> RUNNING
///   RUNNING -(stop, by the data plane)-> STOPPED; a barrier in both: freeze
///   CREATED, RUNNING, STOPPED, failed -destroy-> NONE
///
/// SAFETY(Sendable): built by the control thread, then used by the thread of its loop alone, but
/// for calls that the ABI marks [bg]; `cancel` comes from the control thread and stores to one
/// cell.
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
        /// One for all instances of the node.
        package var discovery: SplitDiscovery
        /// The most records it is given at once; 0: the host decides.
        package var batchPreferred: Int

        package init(
            job: String, node: String, instance: Int, parallelism: Int, inputSchemas: [UInt32],
            outputSchemas: [UInt32], discovery: SplitDiscovery, batchPreferred: Int = 0
        ) {
            self.job = job
            self.node = node
            self.instance = instance
            self.parallelism = parallelism
            self.inputSchemas = inputSchemas
            self.outputSchemas = outputSchemas
            self.discovery = discovery
            self.batchPreferred = batchPreferred
        }
    }

    let library: PluginLibrary
    let operation: String
    let place: Place
    let task: TaskHandle
    // SAFETY(table, source, state, sink, keyed): copies of the plugin's tables that live for ever.
    let table: UnsafePointer<mr_operator>
    let source: UnsafePointer<mr_source>?
    let state: UnsafePointer<mr_state>?
    let sink: UnsafePointer<mr_sink>?
    /// Tables that the operator declared.
    let keyed: UnsafePointer<mr_keyed_state>?
    /// What the host keeps for it in these.
    var keyedState: KeyedState?
    // SAFETY(time): as those above; nil for a source.
    let time: UnsafePointer<mr_time>?
    /// Its timers; nil: it offers none.
    private(set) var timers: TimerStore?
    /// Images that are not read any more, and epochs that are final: told to the state on its loop.
    let keyedNews = Mutex(KeyedNews())
    // SAFETY(instance): made by create, owned by the plugin, given back to destroy once.
    private(set) var instance: UnsafeMutableRawPointer?
    /// The checkpoint it goes on from; 0: none.
    var restoredEpoch: UInt64 = 0
    /// Where the node's splits stood, whichever instance read them.
    var restoredSplits: [SplitPosition] = []
    /// How far its input belonged to that checkpoint; nil: it had no journal.
    var restoredJournal: UInt64?
    /// The job's folder; nil: the run keeps no state.
    private var journalFolder: String?
    private(set) var journal: IngressJournal?
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
        unsafe state = try library.copyExtension(MR_EXT_STATE, of: operation, as: mr_state.self)
        unsafe keyed = try library.copyExtension(
            MR_EXT_KEYED_STATE, of: operation, as: mr_keyed_state.self)
        unsafe sink =
            table.pointee.kind == MR_KIND_SINK
            ? try library.copyExtension(MR_EXT_SINK, of: operation, as: mr_sink.self) : nil
        unsafe time =
            table.pointee.kind == MR_KIND_TRANSFORM || table.pointee.kind == MR_KIND_SINK
            ? try library.copyExtension(MR_EXT_TIME, of: operation, as: mr_time.self) : nil
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
        try makeKeyedState()
        if let time = unsafe time {
            let store = try TimerStore()
            unsafe task.attach(store, time)
            timers = store
        }
        let batch = place.batchPreferred
        unsafe task.run(
            table, source: source, instance: made,
            batchLimit: batch > 0 ? min(batch, Limits.batchRecords) : Limits.batchRecords)
    }

    /// Before `start`: the run keeps its state there, so what it takes in can be kept, too.
    package func keepJournal(in folder: String) { journalFolder = folder }

    /// Why its journal cannot go on; nil: it can.
    package var journalFailure: Failure? { journal?.failure }

    private func makeJournal() {
        guard let journalFolder, let source = unsafe source,
            unsafe OperatorDescription.SourceFlags(rawValue: source.pointee.flags)
                .contains(.journal)
        else { return }
        let tag = UInt64(task.number)
        let journal = IngressJournal(
            in: journalFolder, node: place.node, instance: place.instance,
            restored: restoredJournal
        ) { HostServices.shared.log(tag, MR_WARN, $0) }
        HostServices.shared.keep(journal, of: tag)
        self.journal = journal
    }

    /// [setup] Splits of a source, restored ones from where they stood; then `start`.
    package func start(on loop: LoopHandle) throws(Failure) {
        try assignSplits(loop)
        makeJournal()
        let info = unsafe StartInfo(
            place, task: task, outputs: Int(table.pointee.output_count),
            restoredEpoch: restoredEpoch)
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
        let found = try place.discovery.splits { () throws(Failure) in
            let found = SplitCollector()
            let status = stamped(.discover, loop) {
                unsafe found.withTable { unsafe discover(instance, $0) }
            }
            guard status == MR_OK else { throw failure("discover", status) }
            return found
        }
        let mine = found.share(
            of: place.instance, parallelism: place.parallelism, saved: restoredSplits)
        let status = stamped(.assign, loop) {
            unsafe mine.withSplits { unsafe assign(instance, $0, UInt64($1)) }
        }
        guard status == MR_OK else { throw failure("assign", status) }
    }

    func stamped<Result>(
        _ call: PluginCall, _ loop: LoopHandle, _ body: () -> Result
    ) -> Result {
        task.stamped(call, on: loop, now: MonotonicClock.now(), body)
    }

    func failure(_ call: String, _ status: mr_status) -> Failure {
        if let journalFailure { return journalFailure }
        let words = OperatorWords(task.errorText)
        let said =
            words.text.isEmpty
            ? "\(StatusNames.text(status.rawValue)), without a text" : words.text
        if status == MR_E_CONFIG {
            return Failure(
                .configurationRefused, node: place.node, said,
                next: words.next ?? "correct the parameters of \(place.node)")
        }
        return Failure(
            words.code ?? (status == MR_E_NOMEM ? .outOfMemory : .operatorFailed),
            node: place.node,
            "\(operation) failed in \(call): \(said)", next: words.next)
    }
}
