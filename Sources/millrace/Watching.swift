// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem

/// Prints a view again and again, for `--watch`.
enum Watching {
    static let intervalMilliseconds: Int32 = 1_000

    /// Prints what `lines` gives: once, or every second until it throws or the reader leaves.
    static func show(
        again: Bool, _ output: Output, _ lines: () throws(Failure) -> [String]
    ) throws(Failure) {
        let inPlace = again && Terminal.isTTY(1)
        while true {
            let lines = try lines()
            let text = (inPlace ? "\u{1B}[H\u{1B}[2J" : "") + lines.joined(separator: "\n")
            guard lines.isEmpty || output.data(text), again else { return }
            do {
                // Nobody wakes it: this is the pause between two looks.
                _ = try Poller().wait(milliseconds: intervalMilliseconds)
            } catch {
                throw error.failure(.invariantBroken)
            }
        }
    }
}
