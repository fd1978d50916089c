// SPDX-License-Identifier: Apache-2.0
// Where dead letters lie in a job's folder, and which of them count.
//
//     dlq/pending/<attempt>-<epoch>-<executor>-<random>.ndjson   staged with a checkpoint
//     dlq/<the same>.ndjson                                      of an epoch that is claimed
//     dlq/replay/                                                see `ReplayFile`
//     dlq/lock                      held by a command while it changes what lies in the three
//
// A file has the letters of one executor since the checkpoint before, a DeadLetter on each line. It
// is durable before the executor acknowledges the epoch, and the manifest names it among its files;
// so the letters of an epoch count when the epoch does:
//
//     claimed       the supervisor moves the file out of `pending`
//     given up      the records are done all the same: the next epoch's manifest names the file too
//     rolled back   no claim ever names it: the next attempt deletes it before records flow
//     a crash between the claim and the move: the next attempt moves what its claim names
//
// A reader that must not wait for that counts what lies in `dlq` and, of `pending`, what the newest
// claim names. Files are not deleted with the checkpoints that named them.
import MillraceCore

package enum LetterFiles {
    package static let folder = "dlq"
    package static let pending = "dlq/pending"
    package static let replay = "dlq/replay"
    package static let lock = "dlq/lock"
    package static let ending = ".ndjson"

    /// The name of a new file; `chance` is random.
    package static func name(
        attempt: Attempt, epoch: Epoch, executor: UInt32, chance: UInt64
    ) -> String {
        "\(pending)/\(attempt)-\(epoch)-\(executor)-\(String(chance, radix: 16))\(ending)"
    }

    package static func isOne(_ name: String) -> Bool {
        name.hasPrefix("\(folder)/") && name.hasSuffix(ending)
    }

    /// Of a file by its name in its folder; nil: it is none of these.
    package static func attempt(of name: String) -> Attempt? {
        guard name.hasSuffix(ending) else { return nil }
        return name.split(separator: "-").first.flatMap { Attempt($0) }
    }

    /// Where the file lies once its epoch is claimed.
    package static func claimed(_ name: String) -> String {
        "\(folder)/\(name.split(separator: "/").last ?? "")"
    }
}

extension Manifest {
    /// Files with dead letters of this epoch, and of earlier ones that were given up.
    package var letterFiles: [String] { files.map(\.name).filter(LetterFiles.isOne) }

    /// For a copy of the state alone.
    package mutating func leaveOutLetters() {
        let kept = files.indices.filter { !LetterFiles.isOne(files[$0].name) }
        let places = Dictionary(
            kept.enumerated().map { (UInt32($0.element), UInt32($0.offset)) },
            uniquingKeysWith: min)
        for at in pieces.indices {
            guard let place = places[pieces[at].file] else {
                preconditionFailure("BUG: a piece of state among dead letters")
            }
            pieces[at].file = place
        }
        files = kept.map { files[$0] }
    }
}

/// How many dead letters a node may have: so many in a minute, which begins with the first one.
package struct LetterAllowance: Hashable, Sendable {
    static let windowNanoseconds: Int64 = 60_000_000_000

    private let most: Int
    private var since: Int64?
    private var count = 0

    package init(perMinute most: Int) { self.most = most }

    /// Another one; false: that is one too many.
    package mutating func take(now: Int64) -> Bool {
        if let since, now - since < Self.windowNanoseconds {
            count += 1
        } else {
            since = now
            count = 1
        }
        return count <= most
    }
}
