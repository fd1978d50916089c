// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `Tests/BadPlugins`, built once for all tests of this process.
enum BadPlugins {
    private static let built = Result { try build() }

    static func folder() throws -> String { try built.get() }

    private static func build() throws -> String {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("BadPlugins")
        // Beside the tests, so that the next run of them finds it built.
        let folder = try Sandbox.program.deletingLastPathComponent()
            .appendingPathComponent("bad-plugins")
        let make = Process()
        make.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        make.arguments = ["make", "-s", "-C", sources.path, "OUT=\(folder.path)"]
        try make.run()
        make.waitUntilExit()
        try #require(make.terminationStatus == 0, "the bad plugins do not build")
        return folder.path
    }
}
