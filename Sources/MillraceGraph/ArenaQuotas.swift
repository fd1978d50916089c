// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// How many blocks each output port of each task may hold.
///
/// The arena is the sum of the quotas and a quarter more, at most its limit. A port that asks for
/// nothing gets 32 blocks; when the sum is too large these shrink evenly, not below 2. What a
/// node asked for with `output_memory` is kept, for it is also its largest record.
package enum ArenaQuotas {
    /// Blocks per port, by node, or the failure MR2307.
    package static func blocks(
        _ nodes: [LogicalNode], limit: UInt64, at mark: Mark?
    ) throws(Failure) -> [Int] {
        let arena = Int(clamping: limit) / Limits.blockBytes
        var asked = 0
        var open = 0
        for node in nodes {
            let ports = node.parallelism * node.operation.outputs.count
            if let bytes = node.outputMemory {
                asked += ports * Self.blocks(bytes)
            } else {
                open += ports
            }
        }
        var share = Limits.quotaBlocksDefault
        while share > Limits.quotaBlocksMin, withQuarter(asked + open * share) > arena {
            share -= 1
        }
        let needed = withQuarter(asked + open * share)
        if needed > arena { throw tooMuch(asked, open, needed, arena, mark) }
        return nodes.map { node in node.outputMemory.map(Self.blocks) ?? share }
    }

    private static func blocks(_ bytes: Int64) -> Int {
        (Int(clamping: bytes) + Limits.blockBytes - 1) / Limits.blockBytes
    }

    private static func withQuarter(_ blocks: Int) -> Int { blocks + blocks / 4 }

    private static func tooMuch(
        _ asked: Int, _ open: Int, _ needed: Int, _ arena: Int, _ mark: Mark?
    ) -> Failure {
        func size(_ blocks: Int) -> String {
            Quantity.text(size: Int64(blocks) * Int64(Limits.blockBytes))
        }
        let perMebibyte = (1 << 20) / Limits.blockBytes
        let enough = (needed + perMebibyte - 1) / perMebibyte * perMebibyte
        var parts: [String] = []
        if open > 0 { parts.append("\(open) output ports of \(size(Limits.quotaBlocksMin))") }
        if asked > 0 { parts.append("\(size(asked)) of `output_memory`") }
        return Failure(
            .tooMuchMemory, at: mark,
            "\(parts.joined(separator: " and ")) and a quarter more need \(size(needed)), "
                + "the arena has \(size(arena))",
            next: "write `arena: \(size(enough))`, or ask for less parallelism")
    }
}
