// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// A function of a C library as a topology names it, with what it gets and what becomes of what
/// it gives: `libm.so.6!sqrt(f64 = $value.x) -> f64 = $value.y`.
package struct CFunction: Hashable, Sendable {
    /// As the dynamic loader takes it: a name, or a path when it has a `/`.
    package var library: String
    package var symbol: String
    package var arguments: [Argument]
    /// How many arguments stand before `...`; nil when there is none.
    package var fixedCount: Int?
    package var result: Result
    package var attributes: Set<Attribute> = []
    /// Where things stand in the text.
    package var places: Places

    package struct Places: Hashable, Sendable {
        package var library = Place()
        package var symbol = Place()
        package var result = Place()
        package var attributes: [Attribute: Place] = [:]
    }

    /// Characters from the start of the text.
    package struct Place: Hashable, Sendable {
        package var offset = 0
        package var length = 1
    }

    /// The id of the operator that calls the function.
    package static let operation = "native"

    /// `libm.so.6!sqrt`
    package var name: String { "\(library)!\(symbol)" }

    package enum Scalar: String, CaseIterable, Sendable {
        case bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, isize, usize

        package var isFloat: Bool { self == .f32 || self == .f64 }
        package var isInteger: Bool { self != .bool && !isFloat }

        package var bytes: Int {
            switch self {
            case .bool, .i8, .u8: 1
            case .i16, .u16: 2
            case .i32, .u32, .f32: 4
            case .i64, .u64, .f64, .isize, .usize: 8
            }
        }
    }

    /// `$value` and what follows it; without parts it is the whole value.
    package struct Path: Hashable, Sendable {
        package enum Part: Hashable, Sendable {
            case name(String)
            case element(Int)
        }
        package var parts: [Part] = []
        package var place = Place()

        package var isWhole: Bool { parts.isEmpty }
    }

    package enum Bytes: Hashable, Sendable {
        case value(Path)
        case key
        /// Key and value.
        case payload
    }

    package enum Value: Hashable, Sendable {
        case number(String)
        case field(Path, fallback: String?)
        case length(Bytes)
        /// Records of this call.
        case count
        /// Event time in nanoseconds.
        case time
    }

    package struct Member: Hashable, Sendable {
        package var type: Scalar
        package var value: Value
    }

    package struct Argument: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case scalar(Member)
            case bytes(Bytes)
            /// So many zeroed bytes that the function finds again.
            case state(Int)
            case null
            /// A constant text.
            case text(String)
            case string(Path)
            /// One scalar per record.
            case column(Scalar, Path)
            case structure([Member])
            case buffer(Int)
            case takeUsed(Scalar)
            case take(Scalar, Path)
            case takeColumn(Scalar, Path)
        }
        package var kind: Kind
        package var place: Place
    }

    package enum Result: Hashable, Sendable {
        case nothing
        case field(Scalar, Path)
        /// Not zero: the record goes on.
        case filter(Scalar)
        /// Not zero: the record is refused.
        case status(Scalar)
        /// How much of the buffer is used.
        case used(Scalar)
        case ignored(Scalar)
        case text(Path)
        case pointer
    }

    package enum Attribute: String, CaseIterable, Sendable {
        /// Several threads may be in it, and the same arguments give the same result.
        case pure
        /// Called once per batch.
        case vector
        case nonreentrant
        /// May wait: gets a thread of its own.
        case blocking
        case errno
        case nullIsError = "null_is_error"
        case isolate
    }
}

/// What is wrong with a text that is to name a C function.
package struct CFunctionFault: Error, Hashable, Sendable {
    package var code: FailureCode
    package var place: CFunction.Place
    package var text: String
    package var next: String?

    package init(
        _ code: FailureCode, at place: CFunction.Place, _ text: String, next: String? = nil
    ) {
        self.code = code
        self.place = place
        self.text = text
        self.next = next
    }
}

extension CFunction {
    /// Fields that are set, by the arguments and by the result.
    package var sinks: [Path] {
        var all: [Path] = arguments.compactMap {
            switch $0.kind {
            case .take(_, let path), .takeColumn(_, let path): path
            case .scalar, .bytes, .state, .null, .text, .string, .column, .structure, .buffer,
                .takeUsed:
                nil
            }
        }
        switch result {
        case .field(_, let path), .text(let path): all.append(path)
        case .nothing, .filter, .status, .used, .ignored, .pointer: break
        }
        return all
    }

    /// What is read of the record.
    package var sources: [Bytes] {
        arguments.flatMap { argument -> [Bytes] in
            switch argument.kind {
            case .scalar(let member): Self.source(member.value)
            case .structure(let members): members.flatMap { Self.source($0.value) }
            case .bytes(let bytes): [bytes]
            case .string(let path), .column(_, let path): [.value(path)]
            case .state, .null, .text, .buffer, .takeUsed, .take, .takeColumn: []
            }
        }
    }

    private static func source(_ value: Value) -> [Bytes] {
        switch value {
        case .field(let path, _): [.value(path)]
        case .length(let bytes): [bytes]
        case .number, .count, .time: []
        }
    }

    package var bufferBytes: Int? {
        arguments.lazy.compactMap {
            if case .buffer(let size) = $0.kind { size } else { nil }
        }.first
    }

    /// Bytes that the function keeps from record to record.
    package var statePlace: Place? {
        arguments.first { if case .state = $0.kind { true } else { false } }?.place
    }

    /// Several calls at a time are fine: it says so, or it is a function of `libm` that is known.
    package var isPure: Bool {
        if attributes.contains(.nonreentrant) || statePlace != nil { return false }
        return attributes.contains(.pure) || isKnown
    }

    /// On the list of functions of `libm` that touch nothing but their arguments.
    package var isKnown: Bool {
        guard library == "libm.so.6" || library == "libm.so" else { return false }
        if MathFunctions.names.contains(symbol) { return true }
        guard let last = symbol.last, last == "f" else { return false }
        return MathFunctions.names.contains(String(symbol.dropLast()))
    }
}

/// Functions of the C mathematics library without memory of their own; each also with an `f`
/// behind its name. `lgamma` is not one of them: it sets `signgam`.
enum MathFunctions {
    static let names: Set<String> = [
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign",
        "cos", "cosh", "erf", "erfc", "exp", "exp10", "exp2", "expm1", "fabs", "fdim", "floor",
        "fma", "fmax", "fmin", "fmod", "frexp", "hypot", "ilogb", "ldexp", "llrint", "llround",
        "log", "log10", "log1p", "log2", "logb", "lrint", "lround", "modf", "nearbyint",
        "nextafter", "pow", "remainder", "remquo", "rint", "round", "roundeven", "scalbln",
        "scalbn", "sin", "sincos", "sinh", "sqrt", "tan", "tanh", "tgamma", "trunc",
    ]
}
