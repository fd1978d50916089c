// SPDX-License-Identifier: Apache-2.0
// One box for each instance of an operator: what the host holds as `void *op`. It turns the
// calls of the C ABI into calls of the user's type, and what comes back into statuses. The host
// owns one reference, from `create` to `destroy`; calls borrow it.
//
// For each batch: one call through this class's table and one through the user's conformance.
// The user's own loop is compiled for his type, with everything it uses of this module inlined.
import CMillrace

@safe class Instance {
    let host: Host
    let operation: any Operator
    // SAFETY(ports): the host's, from mr_start; valid until the operator is destroyed. Set by
    // start, read by later calls, which never overlap.
    var ports: UnsafePointer<UnsafeMutablePointer<mr_out>?>?
    var portCount = 0

    init(_ operation: any Operator, _ host: Host) {
        self.operation = operation
        self.host = host
    }

    func process(
        _ batch: UnsafePointer<mr_batch>, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        unsupported()
    }

    func poll(
        _ poll: UnsafeMutablePointer<mr_poll>, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        unsupported()
    }

    func route(
        _ batch: UnsafePointer<mr_batch>, _ count: UInt32, _ targets: UnsafeMutablePointer<UInt32>
    ) -> mr_status {
        unsupported()
    }

    func load(_ levels: UnsafePointer<UInt8>, _ count: UInt32) {}

    func stop() -> mr_status { MR_OK }

    final func start(_ facts: UnsafePointer<mr_start>) -> mr_status {
        unsafe ports = facts.pointee.out
        unsafe portCount = Int(facts.pointee.out_count)
        return attempt { try operation.start(unsafe Start(facts)) }
    }

    /// Runs a call that either succeeds or throws.
    final func attempt(_ body: () throws -> Void) -> mr_status {
        do {
            try body()
            return MR_OK
        } catch {
            return unsafe host.report(error, nil)
        }
    }

    final func settle(
        _ flow: Flow, _ outputs: borrowing Outputs, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        switch flow {
        case .ok: return MR_OK
        case .done: return MR_DONE
        case .again(let consumed):
            unsafe work.pointee.consumed = UInt32(consumed)
            return outputs.refusal() ?? MR_AGAIN
        case .yield(let consumed):
            unsafe work.pointee.consumed = UInt32(consumed)
            return MR_YIELD
        case .bad(let record, let text):
            unsafe work.pointee.bad = UInt32(record)
            host.setError(MR_E_DATA, text)
            return MR_E_DATA
        }
    }

    private func unsupported() -> mr_status {
        host.setError(MR_E_UNSUPPORTED, "this kind of operator has no such call")
        return MR_E_UNSUPPORTED
    }
}

final class TransformInstance<User: Transform>: Instance {
    let user: User

    init(_ user: User, _ host: Host) {
        self.user = user
        super.init(user, host)
    }

    override func process(
        _ batch: UnsafePointer<mr_batch>, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        let outputs = unsafe Outputs(ports, count: portCount)
        outputs.forgetRefusals()
        do {
            let flow = try user.process(unsafe Batch(batch), outputs)
            return unsafe settle(flow, outputs, work)
        } catch {
            return unsafe host.report(error, work)
        }
    }

    override func stop() -> mr_status {
        stopping { outputs in try user.stop(outputs) }
    }
}

final class SinkInstance<User: Sink>: Instance {
    let user: User

    init(_ user: User, _ host: Host) {
        self.user = user
        super.init(user, host)
    }

    override func process(
        _ batch: UnsafePointer<mr_batch>, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        let outputs = unsafe Outputs(nil, count: 0)
        do {
            let flow = try user.process(unsafe Batch(batch))
            return unsafe settle(flow, outputs, work)
        } catch {
            return unsafe host.report(error, work)
        }
    }

    override func stop() -> mr_status { attempt { try user.stop() } }
}

final class SourceInstance<User: Source>: Instance {
    let user: User

    init(_ user: User, _ host: Host) {
        self.user = user
        super.init(user, host)
    }

    override func poll(
        _ raw: UnsafeMutablePointer<mr_poll>, _ work: UnsafeMutablePointer<mr_work>
    ) -> mr_status {
        let outputs = unsafe Outputs(ports, count: portCount)
        outputs.forgetRefusals()
        var poll = unsafe Poll(
            credit: Int(raw.pointee.credit), split: Int(raw.pointee.split),
            watermark: raw.pointee.watermark)
        do {
            let polled = try user.poll(&poll, outputs)
            unsafe raw.pointee.split = UInt32(poll.split)
            unsafe raw.pointee.watermark = poll.watermark
            switch polled {
            case .more: return MR_OK
            case .nothing: return outputs.refusal() ?? MR_AGAIN
            case .yield: return MR_YIELD
            case .done: return MR_DONE
            }
        } catch {
            return unsafe host.report(error, work)
        }
    }

    override func stop() -> mr_status {
        stopping { outputs in try user.stop(outputs) }
    }
}

class PartitionerInstance<User: Partitioner>: Instance {
    final let user: User

    init(_ user: User, _ host: Host) {
        self.user = user
        super.init(user, host)
    }

    final override func route(
        _ raw: UnsafePointer<mr_batch>, _ count: UInt32, _ targets: UnsafeMutablePointer<UInt32>
    ) -> mr_status {
        let batch = unsafe Batch(raw)
        unsafe targets.update(repeating: Target.none, count: batch.count)
        var span = unsafe MutableSpan(_unsafeStart: targets, count: batch.count)
        do {
            try user.route(batch, count: Int(count), &span)
            return MR_OK
        } catch {
            return unsafe host.report(error, nil)
        }
    }
}

final class BalancingInstance<User: BalancingPartitioner>: PartitionerInstance<User> {
    override func load(_ levels: UnsafePointer<UInt8>, _ count: UInt32) {
        user.load(unsafe Span(_unsafeStart: levels, count: Int(count)))
    }
}

extension Instance {
    fileprivate func stopping(_ body: (borrowing Outputs) throws -> Stop) -> mr_status {
        let outputs = unsafe Outputs(ports, count: portCount)
        outputs.forgetRefusals()
        do {
            switch try body(outputs) {
            case .finished: return MR_OK
            case .again: return outputs.refusal() ?? MR_AGAIN
            }
        } catch {
            return unsafe host.report(error, nil)
        }
    }
}

extension Host {
    /// The status for a thrown error; its text goes to the host.
    func report(_ error: any Error, _ work: UnsafeMutablePointer<mr_work>?) -> mr_status {
        switch error {
        case let error as OperatorError:
            if case .transient(let milliseconds) = error.code {
                unsafe work?.pointee.retry_ms = milliseconds
            }
            setError(error.status, error.text)
            return error.status
        case let refusal as HostRefusal:
            return refusal.status
        default:
            setError(MR_E_INTERNAL, "\(error)")
            return MR_E_INTERNAL
        }
    }
}
