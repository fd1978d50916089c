// SPDX-License-Identifier: Apache-2.0
// Saved state of `top`: mode; when ranking, how many candidates, and for each whether it is gone,
// the length of its object and the object; then the keys as a table saves them, with totals or
// with positions of candidates plus 1. Numbers are 8 bytes, little endian.
import MillraceSDK

extension Top {
    func save(epoch: UInt64, to writer: borrowing StateWriter) throws {
        try writer.write(mode.rawValue)
        if mode == .ranking {
            try writer.write(UInt64(candidates.count))
            for candidate in candidates {
                try writer.write(candidate.isGone ? 1 : 0)
                try writer.write(UInt64(candidate.object.count))
                try writer.write(candidate.object.span)
            }
        }
        try keys.save(to: writer, byGroup: false)
    }

    func restore(_ piece: StatePiece, from reader: borrowing StateReader) throws {
        guard let saved = try reader.number() else { return }
        guard let saved = Mode(rawValue: saved), saved == mode || mode == .undecided else {
            throw OperatorError(.state, "the saved state is of another kind than the rest of it")
        }
        mode = saved
        guard saved == .ranking else {
            return try keys.restore(from: reader, by: host) { known, saved in known &+ saved }
        }
        let before = Int64(candidates.count)
        let count = try reader.number() ?? 0
        for _ in 0..<count { candidates.append(try candidate(from: reader)) }
        let after = Int64(candidates.count)
        try keys.restore(from: reader, by: host) { _, position in
            guard position > 0, position <= after - before else {
                throw OperatorError(.state, "the saved state names a row that it does not have")
            }
            return before + position
        }
    }

    private func candidate(from reader: borrowing StateReader) throws -> Candidate {
        guard let isGone = try reader.number(), let length = try reader.number(),
            length <= KeyTable.keyBytesMax
        else { throw OperatorError(.state, "the saved objects are damaged") }
        let object = try reader.bytes(Int(length))
        guard let rank = ObjectScanner.rank(of: field, in: object.span) else {
            let name = String(decoding: field, as: UTF8.self)
            throw OperatorError(.state, "a saved object has no number \"\(name)\"")
        }
        return Candidate(rank: rank, object: object, isGone: isGone != 0)
    }
}
