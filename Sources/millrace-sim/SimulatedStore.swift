// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery

/// The job's folder. Files appear whole or not at all, and only if they are absent; a file that
/// nobody was told of may be gone after a power cut.
final class SimulatedStore {
    struct Slot {
        var bytes: [UInt8]
        /// True once the directory has been synced since.
        var isDurable: Bool
    }

    private(set) var slots: [UInt64: Slot] = [:]
    private(set) var snapshots: [UInt64: [UInt8]] = [:]
    private(set) var files: [String: [UInt8]] = [:]

    var newestSnapshot: UInt64? { snapshots.keys.max() }

    /// True if it was absent.
    func create(slot: UInt64, _ bytes: [UInt8]) -> Bool {
        guard slots[slot] == nil else { return false }
        slots[slot] = Slot(bytes: bytes, isDurable: false)
        return true
    }

    /// Syncs the directory of the log: what is in it stays.
    func sync() {
        for slot in slots.keys where slots[slot]?.isDurable == false {
            slots[slot]?.isDurable = true
        }
    }

    /// The slots that were not durable; they are gone.
    func cutPower() -> [UInt64] {
        let lost = slots.filter { !$0.value.isDurable }.map(\.key)
        for slot in lost { slots[slot] = nil }
        return lost
    }

    func write(snapshot: UInt64, _ bytes: [UInt8]) {
        if snapshots[snapshot] == nil { snapshots[snapshot] = bytes }
    }

    /// Deletes slots up to one and the snapshots before it; all, or as many as were possible
    /// before somebody died.
    func delete(through slot: UInt64, atMost count: Int = .max) {
        for old in slots.keys.filter({ $0 <= slot }).sorted().prefix(count) { slots[old] = nil }
        guard count == .max else { return }
        for old in snapshots.keys where old < slot { snapshots[old] = nil }
    }

    func write(file: String, _ bytes: [UInt8]) {
        if files[file] == nil { files[file] = bytes }
    }

    func delete(file: String) { files[file] = nil }

    /// The bytes of a piece; nil where they are not there or not what was written.
    func piece(_ piece: Piece, of manifest: Manifest) -> ArraySlice<UInt8>? {
        guard let file = files[manifest.files[Int(piece.file)].name],
            piece.offset + piece.length <= UInt64(file.count)
        else { return nil }
        let bytes = file[Int(piece.offset)..<Int(piece.offset + piece.length)]
        return ContentHash(of: bytes) == piece.hash ? bytes : nil
    }

    var logSlots: [DecisionLog.StoredFile] {
        slots.map { DecisionLog.StoredFile(number: $0.key, bytes: $0.value.bytes) }
    }

    var logSnapshots: [DecisionLog.StoredFile] {
        snapshots.map { DecisionLog.StoredFile(number: $0.key, bytes: $0.value) }
    }

    /// Flips one bit somewhere.
    func flipBit(_ chance: inout Chance) {
        func flip(_ bytes: inout [UInt8], _ chance: inout Chance) {
            guard !bytes.isEmpty else { return }
            bytes[chance.below(bytes.count)] ^= 1 << UInt8(chance.below(8))
        }
        switch chance.below(3) {
        case 0:
            guard !slots.isEmpty else { return }
            let slot = slots.keys.sorted()[chance.below(slots.count)]
            if var found = slots[slot] {
                flip(&found.bytes, &chance)
                slots[slot] = found
            }
        case 1:
            guard !snapshots.isEmpty else { return }
            let slot = snapshots.keys.sorted()[chance.below(snapshots.count)]
            if var bytes = snapshots[slot] {
                flip(&bytes, &chance)
                snapshots[slot] = bytes
            }
        default:
            guard !files.isEmpty else { return }
            let name = files.keys.sorted()[chance.below(files.count)]
            if var bytes = files[name] {
                flip(&bytes, &chance)
                files[name] = bytes
            }
        }
    }
}

extension ArraySlice<UInt8> {
    /// A piece of the simulation is one small number.
    var number: Int { reversed().reduce(0) { $0 << 8 | Int($1) } }
}

extension Int {
    /// Itself as a piece.
    var piece: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }
}
