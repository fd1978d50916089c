// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// What an operator said about its failure, taken apart.
///
///     MR5305 access.log.gz is not intact gzip: invalid block type     ← the code, optional
///     fetch or make the file again                                    ← the next step, optional
///
/// Only codes of records (40xx), of times (43xx) and of connectors (50xx to 59xx) can be said, by
/// an operator or by a service of the host that fails for it; every other is a host's to find.
package struct OperatorWords: Equatable, Sendable {
    package var code: FailureCode?
    /// The first line, without the code; empty when nothing was said.
    package var text: String
    /// The other lines; nil when there are none.
    package var next: String?

    package init(_ said: String) {
        let lines = said.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        text = lines.first.map(String.init) ?? ""
        next = lines.count > 1 && !lines[1].isEmpty ? String(lines[1]) : nil
        guard ["MR5", "MR40", "MR43"].contains(where: text.hasPrefix), text.utf8.count > 7,
            text.dropFirst(6).first == " ",
            let number = Int(text.dropFirst(2).prefix(4)), let known = FailureCode(rawValue: number)
        else { return }
        code = known
        text = String(text.dropFirst(7))
    }
}
