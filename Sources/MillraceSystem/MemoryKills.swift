// SPDX-License-Identifier: Apache-2.0

/// How often the system has killed a process because memory was short. The count is that of the
/// whole machine: one more of them makes it likely, not certain, that it was ours.
package enum MemoryKills {
    /// Since the machine started; 0 where the system does not say.
    package static func count() -> UInt64 {
        guard let text = try? DurableFile.read("/proc/vmstat", limit: 64 << 10) else { return 0 }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            guard words.count == 2, words[0].elementsEqual("oom_kill".utf8) else { continue }
            return UInt64(String(decoding: words[1], as: UTF8.self)) ?? 0
        }
        return 0
    }
}
