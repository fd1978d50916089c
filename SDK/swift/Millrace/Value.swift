// SPDX-License-Identifier: Apache-2.0

/// The parameters of an operator: `["topic": "orders", "retries": 3]`.
public struct Parameters: Sendable, ExpressibleByDictionaryLiteral {
    var members: [YAML.Member]

    /// In the order of the literal.
    public init(dictionaryLiteral elements: (String, Value)...) {
        members = elements.map { .init($0.0, $0.1.yaml) }
    }

    /// In the order of the list.
    public init(_ elements: [(name: String, value: Value)]) {
        members = elements.map { .init($0.name, $0.value.yaml) }
    }

    /// Sets or replaces one; nil takes it away.
    public subscript(name: String) -> Value? {
        get { members.first { $0.name == name }.map { Value($0.value) } }
        set {
            guard let place = members.firstIndex(where: { $0.name == name }) else {
                if let newValue { members.append(.init(name, newValue.yaml)) }
                return
            }
            if let newValue {
                members[place].value = newValue.yaml
            } else {
                members.remove(at: place)
            }
        }
    }

    var yaml: YAML { .map(members) }
}

/// The value of a parameter. Literals of Swift are values; a text means itself, also with a `$`.
public struct Value: Sendable {
    let yaml: YAML

    init(_ yaml: YAML) { self.yaml = yaml }

    /// A text that is not known when the program is written.
    public init(_ text: String) { yaml = .text(Self.escaped(text)) }
    /// A whole number.
    public init(_ number: some BinaryInteger) { yaml = .bare("\(number)") }
    /// A number; infinity and NaN are refused when the topology is written.
    public init(_ number: Double) { yaml = .number(number) }
    /// `true` or `false`.
    public init(_ flag: Bool) { yaml = .bare("\(flag)") }
    /// A list.
    public init(_ items: [Value]) { yaml = .list(items.map(\.yaml)) }
    /// A map.
    public init(_ members: Parameters) { yaml = members.yaml }

    /// A text.
    public static func text(_ text: String) -> Value { Value(text) }
    /// A span of time.
    public static func duration(_ span: Duration) -> Value { Value(.duration(span)) }
    /// So many bytes.
    public static func size(_ size: Size) -> Value { Value(size.yaml) }
    /// So many in a time.
    public static func rate(_ rate: Rate) -> Value { Value(rate.yaml) }

    /// The variable `name` of the environment that `millrace` runs in; it has the parameter's
    /// type. With a default it may be unset or empty.
    public static func env(_ name: String, default text: String? = nil) -> Value {
        reference("\(name)\(text.map { ":-\($0)" } ?? "")", name)
    }

    /// The variable `name`; unset or empty, `message` is the error.
    public static func env(_ name: String, orFail message: String) -> Value {
        reference("\(name):?\(message)", name)
    }

    /// The content of a file without its last newline, read where the task runs: for passwords.
    public static func secret(file path: String) -> Value { reference("file:\(path)", path) }

    /// A text in which each `${…}` is replaced: `"hdfs://${HOST:-localhost}/orders"`.
    public static func interpolated(_ text: String) -> Value { Value(.text(text)) }

    private static func reference(_ form: String, _ name: String) -> Value {
        // The first brace would end the form.
        form.contains("}")
            ? Value(.impossible("`${\(form)}`: a text with a `}` cannot stand in `${…}`"))
            : Value(.text("${\(form)}"))
    }

    /// A text that means itself: a `$` that would begin something is doubled.
    static func escaped(_ text: String) -> String {
        var out = ""
        var isDollar = false
        for scalar in text.unicodeScalars {
            if isDollar, scalar == "$" || scalar == "{" { out += "$" }
            out.unicodeScalars.append(scalar)
            isDollar = scalar == "$"
        }
        return out
    }
}

extension Value: ExpressibleByStringInterpolation {
    /// A text.
    public init(stringLiteral text: String) { self.init(text) }
}

extension Value: ExpressibleByIntegerLiteral {
    /// A whole number.
    public init(integerLiteral number: Int) { self.init(number) }
}

extension Value: ExpressibleByFloatLiteral {
    /// A number.
    public init(floatLiteral number: Double) { self.init(number) }
}

extension Value: ExpressibleByBooleanLiteral {
    /// `true` or `false`.
    public init(booleanLiteral flag: Bool) { self.init(flag) }
}

extension Value: ExpressibleByArrayLiteral {
    /// A list.
    public init(arrayLiteral items: Value...) { self.init(items) }
}

extension Value: ExpressibleByDictionaryLiteral {
    /// A map, in the order of the literal.
    public init(dictionaryLiteral elements: (String, Value)...) {
        yaml = .map(elements.map { .init($0.0, $0.1.yaml) })
    }
}
