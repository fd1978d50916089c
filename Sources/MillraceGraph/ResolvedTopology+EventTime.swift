// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology {
    /// As a user would write it, with what was left out.
    static func eventTime(
        _ time: PlannedEventTime, _ node: String, _ origins: Origins
    ) -> [Value.Member] {
        func origin(_ key: String) -> Origin? { origins.nodeKey(node, "event_time", key) }
        func duration(_ key: String, _ nanoseconds: Int64) -> Value.Member {
            .init(
                name: key,
                value: Value(
                    text: nanoseconds == 0 ? "0s" : Quantity.text(duration: nanoseconds),
                    origin(key)))
        }
        let place: [Value.Member] =
            if let field = time.field {
                [
                    .init(name: "field", value: Value(text: field, origin("field"))),
                    .init(name: "unit", value: Value(text: time.unit.rawValue, origin("unit"))),
                ]
            } else {
                [.init(name: "header", value: Value(.scalar(.bool(true)), origin("header")))]
            }
        return place + [
            duration("max_delay", time.maxDelay), duration("idle_after", time.idleAfter),
            duration("max_future", time.maxFuture),
        ]
    }
}
