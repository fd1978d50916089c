// SPDX-License-Identifier: Apache-2.0
import CMillraceShims
import Glibc
import MillraceCore

/// A system call that failed: which one, on what, and why.
package struct SystemError: Error, Hashable, Sendable {
    package var call: String
    /// Positive, as `errno` is.
    package var number: Int32
    /// A path or another name; empty when there is none.
    package var object: String

    package init(_ call: String, _ number: Int32, object: String = "") {
        self.call = call
        self.number = number
        self.object = object
    }

    /// The text of the number, such as "No such file or directory".
    package var reason: String {
        var text = [CChar](repeating: 0, count: 128)
        // SAFETY(text): the call writes at most the length it is given, and a final zero.
        return unsafe text.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, unsafe strerror_r(number, base, buffer.count) == 0
            else { return "error \(number)" }
            return unsafe String(cString: base)
        }
    }

    /// There is no such file or folder.
    package var isMissing: Bool { number == ENOENT }

    package var isOutOfSpace: Bool { number == ENOSPC || number == EDQUOT }

    package var isOutOfMemory: Bool { number == ENOMEM || number == ENOSPC }

    /// The same as a failure of the given code.
    package func failure(_ code: FailureCode, next: String? = nil) -> Failure {
        Failure(code, description, next: next)
    }
}

extension SystemError {
    /// The system does not give a process what it needs: MR4103 or MR4108.
    package var refusal: Failure {
        guard !isOutOfMemory else { return failure(.outOfMemory) }
        return failure(.systemRefused, next: "`ulimit -a` shows the limits of this shell")
    }
}

extension SystemError: CustomStringConvertible {
    package var description: String {
        object.isEmpty ? "\(call): \(reason)" : "\(object): \(call): \(reason)"
    }
}

/// The result of a shim: what it returned, or its negative errno thrown.
@discardableResult
func checked<Value: SignedInteger>(
    _ result: Value, _ call: String, object: String = ""
) throws(SystemError) -> Value {
    guard result < 0 else { return result }
    throw SystemError(call, Int32(-result), object: object)
}
