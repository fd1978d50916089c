// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem

/// What a measurement has to say about the machine it was made on.
enum Machine {
    static var json: JSON {
        .object([
            .init("cpu", .string(processor)), .init("cores", .int(Int64(CPUSet.allowed().count))),
            .init("kernel", .string(kernel)),
        ])
    }

    /// The proportional set size of a process in bytes; nil when it cannot be read.
    static func proportionalBytes(of pid: Int32) -> UInt64? {
        for line in lines("/proc/\(pid)/smaps_rollup") where line.hasPrefix("Pss:") {
            let number = line.dropFirst(4).drop { $0 == " " }.prefix { $0.isNumber }
            return UInt64(number).map { $0 * 1024 }
        }
        return nil
    }

    private static var processor: String {
        for line in lines("/proc/cpuinfo") where line.hasPrefix("model name") {
            return String(line.drop { $0 != ":" }.dropFirst().drop { $0 == " " })
        }
        return "unknown"
    }

    private static var kernel: String {
        lines("/proc/sys/kernel/osrelease").first.map(String.init) ?? "unknown"
    }

    /// Empty when the file cannot be read: then we do not know, and say so.
    private static func lines(_ path: String) -> [Substring] {
        guard let bytes = try? DurableFile.read(path, limit: 8 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }
}
