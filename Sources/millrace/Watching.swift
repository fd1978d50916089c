// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem

/// Prints a view again and again, for `--watch` and for `top` without a terminal.
enum Watching {
    static let intervalMilliseconds: Int32 = 1_000

    /// Prints what `lines` gives: once, or every interval until it gives nil, throws, or the
    /// reader leaves.
    static func show(
        again: Bool, everyMilliseconds interval: Int32 = intervalMilliseconds, _ output: Output,
        _ lines: () throws(Failure) -> [String]?
    ) throws(Failure) {
        let inPlace = again && Terminal.isTTY(1)
        while let lines = try lines() {
            guard show(lines, inPlace: inPlace, output), again else { return }
            do {
                // Nobody wakes it: this is the pause between two looks.
                _ = try Poller().wait(milliseconds: interval)
            } catch {
                throw error.failure(.invariantBroken)
            }
        }
    }

    /// False when nobody reads any more. In place, each line replaces the one that was there, so
    /// that nothing flickers.
    private static func show(_ lines: [String], inPlace: Bool, _ output: Output) -> Bool {
        if inPlace {
            let text = lines.map { $0 + "\u{1B}[K\n" }.joined()
            return StandardOutput.write("\u{1B}[H" + text + "\u{1B}[J")
        }
        return lines.isEmpty || output.data(lines.joined(separator: "\n"))
    }
}
