// SPDX-License-Identifier: Apache-2.0
import Glibc
import MillraceCore
import MillraceGraph
import MillraceSystem
import MillraceWire

/// The child side of `FunctionProbe`.
enum FunctionProbeEntry {
    /// `before` is told what is about to happen.
    static func examine(
        _ name: String, _ symbols: [String], before call: (String) -> Void
    ) -> FunctionProbeResult {
        var result = FunctionProbeResult()
        call(ProbeAnswer.loading)
        // SAFETY(handle): of the loader; never closed, this process ends soon.
        guard let handle = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            result.refusal = loadersReason(name)
            return result
        }
        let own = unsafe LoadedFile.path(ofLibrary: handle)
        var files: [String: [ElfExport]] = [:]
        for symbol in symbols {
            // The symbol may be that of a library which this one needs.
            let address = unsafe dlsym(handle, symbol)
            let found = unsafe address.map { unsafe LoadedFile.path(at: $0) ?? own }
            let file = found ?? own
            if files[file] == nil { files[file] = exports(file) }
            let known = files[file] ?? []
            guard found != nil else {
                result.kinds[symbol] = .missing
                let names = known.filter(\.isFunction).map(\.name)
                result.similar[symbol] = similar(to: symbol, among: names)
                continue
            }
            // One that nobody exports under this name is a function made at load time.
            let isFunction = known.first { $0.name == symbol }?.isFunction ?? true
            result.kinds[symbol] = isFunction ? .function : .data
        }
        return result
    }

    /// The message that this becomes part of has the name already.
    private static func loadersReason(_ name: String) -> String {
        // SAFETY(text): the loader's, copied at once.
        let text = unsafe dlerror().map { unsafe String(cString: $0) } ?? "it cannot be loaded"
        return text.hasPrefix("\(name): ") ? String(text.dropFirst(name.count + 2)) : text
    }

    /// Three at most, the closest first.
    private static func similar(to symbol: String, among names: [String]) -> [String] {
        var left = Set(names)
        var near: [String] = []
        while near.count < 3, let next = Nearest.name(to: symbol, among: left.sorted()) {
            near.append(next)
            left.remove(next)
        }
        return near
    }

    /// Nothing when the file cannot be read: then nobody can tell more.
    private static func exports(_ file: String) -> [ElfExport] {
        guard let bytes = try? DurableFile.read(file, limit: Limits.pluginBytesMax) else {
            return []
        }
        return (try? SharedObject.exports(of: bytes, name: file)) ?? []
    }
}
