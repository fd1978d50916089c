// SPDX-License-Identifier: Apache-2.0
import CMillrace

/// Where an operator saves its state: a stream of bytes that only `restore` ever reads.
@safe public struct StateWriter: ~Copyable, ~Escapable {
    // SAFETY(raw): the host's; valid until the call it was passed to returns.
    let raw: UnsafeMutablePointer<mr_writer>

    @_lifetime(borrow raw)
    init(_ raw: UnsafeMutablePointer<mr_writer>) { unsafe self.raw = raw }

    /// What follows belongs to this key group and moves with it. Groups ascend.
    public func keyGroup(_ group: Int) throws {
        let status = unsafe raw.pointee.key_group(raw, UInt32(group))
        guard status == MR_OK else { throw HostRefusal(status: status) }
    }

    public func write(_ bytes: Span<UInt8>) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe write(raw: $0) }
    }

    /// Eight bytes, little endian.
    public func write(_ number: UInt64) throws {
        try unsafe withUnsafeBytes(of: number.littleEndian) { try unsafe write(raw: $0) }
    }

    private func write(raw bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
            let moved = unsafe raw.pointee.write(raw, rest.baseAddress, UInt64(rest.count))
            guard moved > 0 else { throw HostRefusal(status: refused(moved)) }
            done += Int(moved)
        }
    }
}

/// Where an operator reads a piece of saved state.
@safe public struct StateReader: ~Copyable, ~Escapable {
    // SAFETY(raw): the host's; valid until the call it was passed to returns.
    let raw: UnsafeMutablePointer<mr_reader>

    @_lifetime(borrow raw)
    init(_ raw: UnsafeMutablePointer<mr_reader>) { unsafe self.raw = raw }

    /// Eight bytes, little endian; nil at the end of the piece.
    public func number() throws -> UInt64? {
        var number: UInt64 = 0
        let whole = try unsafe withUnsafeMutableBytes(of: &number) { try unsafe fill($0) }
        return whole ? UInt64(littleEndian: number) : nil
    }

    /// Exactly so many bytes. The count comes from the state itself, so it is not believed: no
    /// more memory is taken than the state has bytes.
    public func bytes(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: min(count - bytes.count, 1 << 16))
            guard try unsafe chunk.withUnsafeMutableBytes({ try unsafe fill($0) }) else {
                throw Self.cut
            }
            if chunk.count == count { return chunk }
            bytes += chunk
        }
        return bytes
    }

    /// False at the end of the piece; a piece that ends in the middle is damaged.
    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Bool {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let moved = unsafe raw.pointee.read(raw, rest.baseAddress, UInt64(rest.count))
            guard moved >= 0 else { throw HostRefusal(status: refused(moved)) }
            if moved == 0 {
                guard done == 0 else { throw Self.cut }
                return unsafe buffer.isEmpty
            }
            done += Int(moved)
        }
        return true
    }

    private static var cut: OperatorError { OperatorError(.state, "the saved state is cut short") }
}

/// What is known about a piece of saved state before it is read.
public struct StatePiece: Sendable {
    /// `stateVersion` of who wrote it.
    public var version: Int
    public var epoch: UInt64
    /// nil: not tied to a key group.
    public var keyGroup: Int?
    /// How many pieces there will be in all.
    public var pieces: Int
}

/// Where a source names its splits.
@safe public struct SplitCollector: ~Copyable, ~Escapable {
    // SAFETY(raw): the host's; valid until the call it was passed to returns.
    let raw: UnsafeMutablePointer<mr_splits>

    @_lifetime(borrow raw)
    init(_ raw: UnsafeMutablePointer<mr_splits>) { unsafe self.raw = raw }

    public func add(_ split: Split) throws {
        var id = split.id
        let status = id.withUTF8 { id in
            unsafe split.position.withUnsafeBufferPointer { position in
                var row = unsafe mr_split(id: Self.text(id), position: Self.text(position))
                return unsafe raw.pointee.put(raw, &row, 1)
            }
        }
        guard status == MR_OK else { throw HostRefusal(status: status) }
    }

    private static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> mr_str {
        let start = unsafe UnsafeRawPointer(bytes.baseAddress)
        return unsafe mr_str(
            data: start?.assumingMemoryBound(to: CChar.self), size: UInt64(bytes.count))
    }
}

private func refused(_ moved: Int64) -> mr_status {
    // 0 from a writer is a broken contract too: it would never end.
    moved < 0 ? mr_status(rawValue: Int32(truncatingIfNeeded: moved)) : MR_E_IO
}
