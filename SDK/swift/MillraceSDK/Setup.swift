// SPDX-License-Identifier: Apache-2.0
import CMillrace

/// The parameters of an instance and the services it may ask for, while it is being made.
///
/// A parameter is named as in `OperatorInfo.parameters`, parts of it by JSON Pointer
/// (`/columns/0/name`). Values were checked and defaults filled in before; a getter fails for a
/// parameter that is absent or of another type, and its error need not be caught.
@safe public struct Setup: ~Copyable, ~Escapable {
    // SAFETY(configuration): the host's; valid until `create` returns.
    let configuration: UnsafePointer<mr_config>
    /// Keep it to log, to wake the instance, to hash keys.
    public let host: Host

    @_lifetime(borrow configuration)
    init(_ configuration: UnsafePointer<mr_config>, host: Host) {
        unsafe self.configuration = configuration
        self.host = host
    }

    /// Was the parameter given, or has it a default?
    public func has(_ parameter: String) -> Bool {
        unsafe configuration.pointee.type(configuration, Self.path(parameter)) != MR_T_ABSENT
    }

    public func bool(_ parameter: String) throws -> Bool {
        var value: UInt32 = 0
        try check(
            unsafe configuration.pointee.get_bool(configuration, Self.path(parameter), &value))
        return value != 0
    }

    /// An integer, a duration in nanoseconds, or a size in bytes.
    public func int(_ parameter: String) throws -> Int {
        var value: Int64 = 0
        try check(
            unsafe configuration.pointee.get_int(configuration, Self.path(parameter), &value))
        return Int(value)
    }

    /// A number, or a rate per second.
    public func float(_ parameter: String) throws -> Double {
        var value = 0.0
        try check(
            unsafe configuration.pointee.get_float(configuration, Self.path(parameter), &value))
        return value
    }

    /// Text, a choice, an expression or the path of a field.
    public func string(_ parameter: String) throws -> String {
        var value = unsafe mr_str()
        try check(
            unsafe configuration.pointee.get_string(configuration, Self.path(parameter), &value))
        return unsafe Self.text(value)
    }

    /// How many items a list or a map has.
    public func count(_ parameter: String) -> Int {
        unsafe Int(configuration.pointee.length(configuration, Self.path(parameter)))
    }

    /// The name of one entry of a map.
    public func key(_ parameter: String, at position: Int) throws -> String {
        var value = unsafe mr_str()
        try check(
            unsafe configuration.pointee.key(
                configuration, Self.path(parameter), UInt64(position), &value))
        return unsafe Self.text(value)
    }

    /// A counter of this instance. A name that is taken, or one too many, counts for nobody.
    public func counter(_ name: String, unit: String, _ help: String) -> Counter {
        let metrics = unsafe host.service(MR_EXT_METRICS, as: mr_host_metrics.self)
        let cell = unsafe metrics?.pointee.counter?(host.context, name, unit, help)
        return unsafe Counter(cell ?? forever(0))
    }

    /// A gauge of this instance.
    public func gauge(_ name: String, unit: String, _ help: String) -> Gauge {
        let metrics = unsafe host.service(MR_EXT_METRICS, as: mr_host_metrics.self)
        let cell = unsafe metrics?.pointee.gauge?(host.context, name, unit, help)
        return unsafe Gauge(cell ?? forever(0))
    }

    /// A histogram of this instance.
    public func histogram(_ name: String, unit: String, _ help: String) -> Histogram {
        let metrics = unsafe host.service(MR_EXT_METRICS, as: mr_host_metrics.self)
        return unsafe Histogram(
            metrics, metrics?.pointee.histogram?(host.context, name, unit, help))
    }

    private func check(_ status: mr_status) throws {
        guard status == MR_OK else { throw HostRefusal(status: status) }
    }

    private static func path(_ parameter: String) -> String {
        parameter.utf8.first == UInt8(ascii: "/") ? parameter : "/" + parameter
    }

    private static func text(_ value: mr_str) -> String {
        unsafe String(
            decoding: UnsafeRawBufferPointer(start: value.data, count: Int(value.size)),
            as: UTF8.self)
    }
}
