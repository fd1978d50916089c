// SPDX-License-Identifier: Apache-2.0
// How a job's decisions get into its log, over a store that can only create a file if it is absent
// and that may not know whether it did.
//
//     reading → idle ⇄ creating → checking → idle
//               creating → unsure → creating
//               any of them → stale | broken
//
// reading    the store's files are on their way
// idle       nothing is being appended
// creating   a record is on its way into the slot behind the last one that was read
// unsure     nobody knows whether it arrived: the same bytes go to the same slot after a while
// checking   the slot holds our record; is it one that a snapshot already covers?
// stale      another coordinator leads: this process has to end, and to clean nothing up
// broken     the log is damaged: stop, do not guess
//
//  L1  a record goes behind all that has been read, and only while nobody else leads
//  L2  the nonce tells our record from another's
//  L3  unknown: same bytes, same slot, until it is certain. An empty slot proves nothing
//  L4  a record is abandoned by trying to put NOOP into its slot; what the slot then holds counts
//  L5  taken: the record there is read first; behind another's LEAD we are stale
//  L6  a snapshot stands before slots are deleted, and only those that the older of two covers
//      are. Ours in a slot that a snapshot covers was put where a deleted one had been: stale
//  L7  reader: newest sound snapshot, then slots up to the first missing one. One behind a gap, or
//      a damaged one, stops the reader
//  L8  nothing may be done on the word of the log before our own LEAD is in it
import MillraceCore

package struct DecisionLog: Sendable {
    enum State: Hashable, Sendable {
        /// The store's files are on their way.
        case reading
        /// Nothing is being appended.
        case idle
        /// A record is on its way into its slot.
        case creating(Pending)
        /// Nobody knows whether it arrived; it goes there again at the time.
        case unsure(Pending, until: Int64)
        /// The slot holds the record; a look for snapshots is under way.
        case checking(Pending, DecisionRecord)
        /// Another coordinator leads.
        case stale
        /// The log cannot be used.
        case broken(Failure)
    }

    /// What the log says, as far as it has been read.
    package private(set) var log = LogState()
    private(set) var state: State = .reading
    /// True from our own LEAD on.
    package private(set) var leads = false
    private var queue: [Wish] = []
    private var epochNext: Epoch = 1
    /// Regions without a number for their next epoch.
    private var waiting: [(region: RegionID, wish: Wish)] = []
    /// The newest snapshot that stands, and whether one is being written.
    private var snapshotSlot: UInt64 = 0
    private var isWritingSnapshot = false
    private let options: Options
    private let rules: ProtocolRules

    package init(options: Options = Options(), rules: ProtocolRules = ProtocolRules()) {
        self.options = options
        self.rules = rules
    }

    /// When the next tick is due; nil: nothing waits for time.
    package var deadline: Int64? {
        if case .unsure(_, let until) = state { return until }
        return nil
    }

    /// True while something about the region may or may not stand in the log: then nobody knows
    /// its newest claim.
    package func isBusy(with region: RegionID) -> Bool {
        if queue.contains(where: { Self.concerns($0, region) }) { return true }
        switch state {
        case .creating(let pending), .unsure(let pending, _), .checking(let pending, _):
            return Self.concerns(pending.wish, region)
        case .reading, .idle, .stale, .broken:
            return false
        }
    }

    package mutating func handle(_ event: Event, now: Int64) -> [Action] {
        switch (state, event) {
        case (.stale, _), (.broken, _):
            return []
        case (.reading, .read(let snapshots, let slots)):
            return read(snapshots, slots)
        case (_, .append(let wish)):
            queue.append(wish)
            return startNext()
        case (_, .takeEpoch(let region, let wish)):
            return takeEpoch(region, orAppend: wish)
        case (_, .abandon(let nonce, let noop)):
            return abandon(nonce, noop)
        case (.creating(let pending), .created(let slot, let nonce))
        where slot == pending.record.slot:
            return created(nonce, pending)
        case (.creating(let pending), .exists(let slot, let bytes))
        where slot == pending.record.slot:
            return taken(by: bytes, pending)
        case (.creating(let pending), .unknown(let slot, let nonce))
        where slot == pending.record.slot && nonce == pending.record.nonce:
            return unsure(pending, now)
        case (.unsure(let pending, let until), .tick) where now >= until:
            return create(pending)
        case (.checking(let pending, let found), .snapshotsSeen(let newest)):
            return checked(found, pending, newest)
        case (_, .snapshotWritten(let slot)):
            return snapshotStands(slot)
        case (_, .snapshotFailed):
            isWritingSnapshot = false
            return []
        case (.unsure, .tick), (.reading, .tick), (.idle, .tick), (.creating, .tick),
            (.checking, .tick):
            return []
        case (_, .read), (_, .created), (_, .exists), (_, .unknown), (_, .snapshotsSeen):
            // An answer to a request that was repeated since: the repetition has one of its own.
            return []
        }
    }
}

extension DecisionLog {
    private mutating func read(_ snapshots: [StoredFile], _ slots: [StoredFile]) -> [Action] {
        do throws(Failure) {
            (log, snapshotSlot) = try Self.replay(snapshots: snapshots, slots: slots)
        } catch {
            return stop(error)
        }
        epochNext = log.epochsUpTo + 1
        state = .idle
        return startNext()
    }

    /// Every record sets numbers aside, so one is appended for them only if nothing else is.
    private mutating func startNext() -> [Action] {
        guard case .idle = state else { return [] }
        if !queue.isEmpty {
            return start(queue.removeFirst(), backoff: options.backoffNanosecondsMin)
        }
        guard leads, let first = waiting.first else { return [] }
        return start(first.wish, backoff: options.backoffNanosecondsMin)
    }

    private mutating func start(_ wish: Wish, backoff: Int64) -> [Action] {
        let record = record(of: wish)
        do throws(Failure) {
            let bytes = try record.encoded()
            return create(Pending(wish: wish, record: record, bytes: bytes, backoff: backoff))
        } catch {
            return stop(error)
        }
    }

    private mutating func create(_ pending: Pending) -> [Action] {
        state = .creating(pending)
        let record = pending.record
        return [.create(slot: record.slot, nonce: record.nonce, bytes: pending.bytes)]
    }

    private mutating func created(_ nonce: Nonce, _ pending: Pending) -> [Action] {
        for record in [pending.record, pending.abandoned] {
            if let record, record.nonce == nonce { return holds(record, pending) }
        }
        return []
    }

    private func record(of wish: Wish) -> DecisionRecord {
        var turn = log.turn
        if case .lead = wish.body { turn += 1 }
        return DecisionRecord(
            slot: log.slot + 1, nonce: wish.nonce, turn: turn,
            epochsUpTo: max(log.epochsUpTo, epochNext - 1 + options.epochsReserved),
            wallNanoseconds: wish.wallNanoseconds, body: wish.body)
    }

    private mutating func taken(by bytes: [UInt8], _ pending: Pending) -> [Action] {
        let found: DecisionRecord
        do throws(Failure) {
            found = try DecisionRecord(bytes, slot: pending.record.slot)
        } catch {
            return stop(error)
        }
        if rules.keep(.nonceTellsMine),
            found.nonce == pending.record.nonce || found.nonce == pending.abandoned?.nonce
        {
            return holds(found, pending)
        }
        if leads, case .lead = found.body {
            state = .stale
            return [.stepDown]
        }
        // Of whoever led before us, while we are not in the log yet: read it, go on behind it.
        do throws(Failure) { try log.apply(found) } catch { return stop(error) }
        epochNext = max(epochNext, log.epochsUpTo + 1)
        return start(pending.wish, backoff: options.backoffNanosecondsMin)
    }

    private mutating func unsure(_ pending: Pending, _ now: Int64) -> [Action] {
        var again = pending
        again.backoff = min(2 * pending.backoff, options.backoffNanosecondsMax)
        if !rules.keep(.emptySlotProvesNothing), case .claim = pending.wish.body {
            // Taken for "not written": whoever waits for it is told so, and goes on.
            state = .idle
            return [.abandoned(pending.wish.nonce)] + startNext()
        }
        state = .unsure(again, until: now + pending.backoff)
        return []
    }

    private mutating func holds(_ found: DecisionRecord, _ pending: Pending) -> [Action] {
        state = .checking(pending, found)
        return rules.keep(.snapshotAfterCreate)
            ? [.lookForSnapshots] : checked(found, pending, nil)
    }

    private mutating func checked(
        _ found: DecisionRecord, _ pending: Pending, _ newest: UInt64?
    ) -> [Action] {
        if let newest, newest >= found.slot {
            state = .stale
            return [.stepDown]
        }
        do throws(Failure) { try log.apply(found) } catch { return stop(error) }
        state = .idle
        if case .lead = found.body { leads = true }
        let isWish = found.nonce == pending.wish.nonce
        let answer: Action = isWish ? .appended(Appended(found)) : .abandoned(pending.wish.nonce)
        return [answer] + serveEpochs() + snapshotIfDue() + startNext()
    }

    private mutating func abandon(_ nonce: Nonce, _ noop: Wish) -> [Action] {
        if let at = queue.firstIndex(where: { $0.nonce == nonce }) {
            queue.remove(at: at)
            return [.abandoned(nonce)]
        }
        switch state {
        case .creating(let pending) where pending.wish.nonce == nonce,
            .unsure(let pending, _) where pending.wish.nonce == nonce:
            guard pending.abandoned == nil else { return [] }
            let record = record(of: noop)
            do throws(Failure) {
                let bytes = try record.encoded()
                return create(
                    Pending(
                        wish: pending.wish, record: record, bytes: bytes,
                        abandoned: pending.record, backoff: options.backoffNanosecondsMin))
            } catch {
                return stop(error)
            }
        case .reading, .idle, .creating, .unsure, .checking, .stale, .broken:
            return []
        }
    }

    private mutating func takeEpoch(_ region: RegionID, orAppend wish: Wish) -> [Action] {
        waiting.append((region, wish))
        return serveEpochs() + startNext()
    }

    private mutating func serveEpochs() -> [Action] {
        var actions: [Action] = []
        while leads, epochNext <= log.epochsUpTo, !waiting.isEmpty {
            actions.append(.epoch(waiting.removeFirst().region, epochNext))
            epochNext += 1
        }
        return actions
    }

    private mutating func snapshotIfDue() -> [Action] {
        guard leads, !isWritingSnapshot, log.slot >= snapshotSlot + options.slotsPerSnapshot else {
            return []
        }
        isWritingSnapshot = true
        return [.writeSnapshot(slot: log.slot, bytes: LogSnapshot.encoded(log))]
    }

    private mutating func snapshotStands(_ slot: UInt64) -> [Action] {
        isWritingSnapshot = false
        let older = snapshotSlot
        snapshotSlot = slot
        return older > 0 ? [.delete(through: older)] : []
    }

    private mutating func stop(_ failure: Failure) -> [Action] {
        state = .broken(failure)
        return [.stop(failure)]
    }
}
