// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import Testing

@testable import MillraceHost

@Suite struct HostToolchainTests {
    @Test(arguments: [
        nil, "gcc 14", "swift-5.1 static", "swift-\(HostToolchain.version) dynamic",
        "swift-\(HostToolchain.version).1 dynamic", "swift-9.9 static",
    ])
    func `a runtime of its own, or none, or ours is welcome`(_ toolchain: String?) throws {
        try HostToolchain.check(toolchain, file: "libx.so")
    }

    @Test(arguments: ["swift-5.10 dynamic", "swift-9.9.1 dynamic", "swift-60.3 dynamic"])
    func `a shared runtime of another version is refused`(_ toolchain: String) {
        let failure = #expect(throws: Failure.self) {
            try HostToolchain.check(toolchain, file: "libx.so")
        }
        #expect(failure?.code == .otherToolchain)
        #expect(failure?.text.contains(HostToolchain.version) == true)
    }

    @Test func `a plugin says itself what it was built with`() throws {
        let shop = try Workshop()
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so",
            defines: ["PLUGIN=plugin.toolchain=\"swift-5.9 dynamic\""])
        let record = try shop.record(of: library)
        #expect(record.reason?.code == .otherToolchain)
        #expect(record.toolchain == "swift-5.9 dynamic")
    }
}
