// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import MillraceGraph
import MillraceSystem

/// What is known about some functions of one C library.
package struct FunctionProbeResult: Hashable, Codable, Sendable {
    package enum Kind: String, Codable, Sendable { case function, data, missing }

    /// Why the library cannot be loaded, in the loader's words.
    package var refusal: String?
    /// By symbol.
    package var kinds: [String: Kind] = [:]
    /// Exported functions that are close to one that is missing, by symbol.
    package var similar: [String: [String]] = [:]

    package init() {}
}

/// Looks whether C libraries have the functions that a topology calls.
///
/// Loading a library runs its code, so each is loaded by a process of its own, as the executor
/// would load it.
package struct FunctionProbe: Sendable {
    private let processes: ProbeProcesses
    /// The command's `probe FLAG LIBRARY SYMBOL…`.
    static let flag = "--functions"

    /// `executable` is a program whose command `probe` calls `ProbeEntry.run`. `searchPath` is
    /// the `LD_LIBRARY_PATH` of the executor, if there is one.
    package init(
        executable: String, searchPath: String?,
        limitNanoseconds: Int64 = Limits.probeNanoseconds
    ) {
        processes = ProbeProcesses(
            executable: executable, limitNanoseconds: limitNanoseconds,
            environment: searchPath.map { ["LD_LIBRARY_PATH=\($0)"] } ?? [])
    }

    /// Looks for all functions at once. `path` gives what the loader is told for a library.
    package func look(
        for functions: [CFunction], path: (String) -> String
    ) -> @Sendable (CFunction) -> OutsideChecks.FunctionFinding {
        var symbols: [String: Set<String>] = [:]
        for function in functions { symbols[function.library, default: []].insert(function.symbol) }
        let libraries = symbols.keys.sorted()
        let paths = Dictionary(uniqueKeysWithValues: libraries.map { ($0, path($0)) })
        let questions = libraries.map { library in
            [Self.flag, paths[library] ?? library] + (symbols[library] ?? []).sorted()
        }
        let ends = processes.run(questions)
        let results = Dictionary(
            uniqueKeysWithValues: zip(libraries, ends).map { ($0, Self.result($1)) })
        return { function in
            Self.finding(
                function, path: paths[function.library] ?? function.library,
                results[function.library])
        }
    }

    private static func result(_ end: ProbeProcesses.End) -> FunctionProbeResult {
        var refused = FunctionProbeResult()
        switch end {
        case .answered(let answer):
            let decoder = JSONDecoder()
            if let result = try? decoder.decode(FunctionProbeResult.self, from: Data(answer)) {
                return result
            }
            refused.refusal = "the process that loaded it answered nonsense"
        case .died(let how, _, let lastWords):
            refused.refusal =
                "the process that loaded it \(how)"
                + (lastWords.isEmpty ? "" : "; its last words: \(lastWords)")
        case .notMade(let error):
            refused.refusal = "no process could be made to load it: \(error.reason)"
        }
        return refused
    }

    private static func finding(
        _ function: CFunction, path: String, _ result: FunctionProbeResult?
    ) -> OutsideChecks.FunctionFinding {
        guard let result else { return .found(library: path) }
        let library = function.library
        if let refusal = result.refusal {
            return .noLibrary(
                text: "\(library): \(refusal)",
                next: library.contains("/")
                    ? "build it for this machine; `ldd \(library)` shows what it needs"
                    : "look for it with `ldconfig -p`; a file beside the topology is written "
                        + "`./\(library)`")
        }
        switch result.kinds[function.symbol] ?? .missing {
        case .function: return .found(library: path)
        case .data:
            return .noFunction(
                text: "`\(function.symbol)` of \(library) is data, not a function",
                next: "name a function; `nm -D --defined-only` lists them with a T")
        case .missing:
            let similar = result.similar[function.symbol] ?? []
            let names = similar.map { "`\($0)`" }.joined(separator: ", ")
            return .noFunction(
                text: "\(library) has no function `\(function.symbol)`",
                next: similar.isEmpty
                    ? "`nm -D --defined-only` lists what it has"
                    : "did you mean \(names)?")
        }
    }
}
