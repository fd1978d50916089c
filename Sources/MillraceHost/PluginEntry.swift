// SPDX-License-Identifier: Apache-2.0
import CMillrace
import Glibc
import MillraceCore
import MillraceWire

/// The dynamic loader: the only calls of it in the host.
@unsafe enum PluginEntry {
    typealias Function = @convention(c) (UnsafePointer<mr_host>?) -> UnsafePointer<mr_plugin>?

    /// Maps the library and finds its entry. Throws MR3002 when something it needs is missing,
    /// MR3001 when the loader refuses it, MR3003 without an entry.
    static func find(in path: String, name: String) throws(Failure) -> Function {
        // Now, so that a missing symbol is found here and not in the middle of a job. Local, so
        // that plugins do not see each other. Not deep-bound: that splits a replaced malloc.
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw unsafe failure(String(cString: dlerror()), path: path, name: name)
        }
        guard let symbol = unsafe dlsym(handle, SharedObject.entry) else {
            throw Failure(
                .noEntry, "\(name) does not export the function \(SharedObject.entry)",
                next: "define it in the plugin and keep it visible (MR_EXPORT, version script)")
        }
        // SAFETY(symbol): the name carries the major version of this signature.
        return unsafe unsafeBitCast(symbol, to: Function.self)
    }

    /// Is this program instrumented? Sanitizers reserve more memory than any limit allows.
    static var isSanitized: Bool {
        guard let program = unsafe dlopen(nil, RTLD_NOW) else { return false }
        for name in ["__asan_init", "__tsan_init", "__msan_init"] {
            if unsafe dlsym(program, name) != nil { return true }
        }
        return false
    }

    private static func failure(_ message: String, path: String, name: String) -> Failure {
        let text = message.hasPrefix(path + ": ") ? message.dropFirst(path.count + 2) : message[...]
        let missing = ["cannot open shared object", "undefined symbol", "version `", "not found"]
        guard missing.contains(where: { text.contains($0) }) else {
            return Failure(.wrongFile, "\(name) cannot be loaded: \(text)")
        }
        return Failure(
            .libraryMissing, "\(name) needs what this machine does not have: \(text)",
            next: "install it, or link it statically into the plugin; libraries beside the plugin "
                + "are not found")
    }

    /// First and last address of the mapped library that contains the function; 0, 0 if unknown.
    static func addresses(of function: Function) -> (first: UInt, last: UInt) {
        let address = UInt(bitPattern: unsafe unsafeBitCast(function, to: Int.self))
        guard let maps = FolderListing.text("/proc/self/maps") else { return (0, 0) }
        // first-last rights offset device inode path
        let lines = maps.split(separator: "\n").map {
            $0.split(separator: " ", maxSplits: 5).map(String.init)
        }
        func range(_ line: [String]) -> (first: UInt, end: UInt)? {
            let ends = line[0].split(separator: "-").map { UInt($0, radix: 16) }
            guard ends.count == 2, let first = ends[0], let end = ends[1] else { return nil }
            return (first, end)
        }
        guard
            let home = lines.first(where: { line in
                range(line).map { $0.first <= address && address < $0.end } ?? false
            }), home.count > 4
        else { return (0, 0) }
        let parts = lines.filter { $0.count > 4 && $0[3...4] == home[3...4] }.compactMap(range)
        return (parts.map(\.first).min() ?? 0, (parts.map(\.end).max() ?? 1) - 1)
    }
}
