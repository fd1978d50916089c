// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceSystem

/// What the system refuses a command, told as a failure of the command.
enum System {
    /// The system's error becomes MR4108, a failure stays itself.
    static func call<Value>(_ body: () throws -> Value) throws(Failure) -> Value {
        do {
            return try body()
        } catch let failure as Failure {
            throw failure
        } catch let error as SystemError {
            throw error.refusal
        } catch {
            preconditionFailure("BUG: \(error) is neither a failure nor a system error")
        }
    }
}
