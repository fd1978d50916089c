// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A plugin in C without a fault, or with the one that is asked for.
enum TestPlugin {
    /// `remark` makes other bytes; `dies:FILE` makes it die once, when FILE is not there yet.
    /// `code` stands outside of every function, `flags` are the compiler's.
    static func build(
        _ name: String, version: String = "1.0.0", id: String, remark: String = "",
        code: String = "", flags: [String] = [], to path: String
    ) throws -> String {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = """
            #include "bad.h"
            #include <fcntl.h>
            #define BAD_NAME "\(name)"
            #define BAD_ID "\(id)"
            #define BAD_NO_NOTE
            #define BAD_VERSION "\(version)"
            static const char remark[] = "\(remark)";
            static void once(void) {
              if (remark[0] == 'd' && open(remark + 5, O_CREAT | O_EXCL, 0600) >= 0)
                abort();
            }
            #define BAD_ENTRY once()
            \(code)
            #include "table.h"
            """
        let source = path + ".c"
        try Data(text.utf8).write(to: URL(fileURLWithPath: source))
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "-fvisibility=hidden"]
            + ["-pthread", "-Wl,-z,noexecstack"]
            + ["-I", sources.appendingPathComponent("include").path]
            + ["-I", sources.appendingPathComponent("Tests/BadPlugins").path]
            + [source, "-o", path] + flags
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return path
    }
}
