// SPDX-License-Identifier: Apache-2.0
// How a probe process answers on descriptor 3, as lines of UTF-8:
//
//     @ began                        it has come to life; before this nothing is the plugin's fault
//     @ while it was loaded          what is about to be called, as the end of a sentence
//     @ in its entry function
//     = {…}                          the answer, one line of JSON (`ProbeResult`), the last one
//
// Without an answer, the last line that begins with `@` says where it died.
import MillraceCore

/// What a probe found out about a library.
package struct ProbeResult: Hashable, Codable, Sendable {
    package var name = ""
    package var version = ""
    package var license: String?
    package var toolchain: String?
    package var abiVersion: UInt32 = 0
    package var operators: [OperatorDescription] = []
    /// Why the library cannot be used.
    package var failure: Failure?
    /// What it did to the process: one sentence each.
    package var changes: [String] = []

    package init() {}
}

enum ProbeAnswer {
    static let descriptor: Int32 = 3
    static let bytesMax = 16 << 20
    static let began = "began"
    static let loading = "while it was loaded"
    static let entry = "in its entry function"
}
