// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Keys of a source about the time of its records.
extension TopologyKeyTable {
    static let eventTimeKeys: [TopologyKey] = [
        TopologyKey(
            "nodes.event_time", .object,
            "Where a source finds the time of a record, and how far times may be out of order. A "
                + "record without a time is refused, see `on_error`.",
            example: "{field: ts, unit: ms, max_delay: 5s}"
        ).without("records have the time that the source gives them, if it does"),
        TopologyKey(
            "nodes.event_time.field", .field,
            "The field of the value that has the time: a number, or a text such as "
                + "`2026-01-31T12:00:00Z`.",
            example: "ts"),
        TopologyKey(
            "nodes.event_time.header", .bool,
            "The source itself knows the time of a record, and it is used.", example: "true"
        ).without("true without `field`"),
        TopologyKey(
            "nodes.event_time.unit",
            .choice([
                .init("s", "seconds"), .init("ms", "milliseconds"), .init("us", "microseconds"),
                .init("ns", "nanoseconds"),
            ]), "What a number in the field counts since 1970.", example: "ms"
        ).defaulting(to: "ms"),
        TopologyKey(
            "nodes.event_time.max_delay", .duration(0...(.max)),
            "How much later than others a record may come and still be in time.", example: "5s"
        ).defaulting(to: "0s"),
        TopologyKey(
            "nodes.event_time.idle_after", .duration(1...(.max)),
            "A task of the source that is silent for so long holds up nobody's time.",
            example: "30s"
        ).defaulting(to: Quantity.text(duration: PlannedEventTime.idleAfterDefault)),
        TopologyKey(
            "nodes.event_time.max_future", .duration(1...(.max)),
            "A record whose time is further ahead of the clock is refused.", example: "10m"
        ).defaulting(
            to: Quantity.text(duration: PlannedEventTime.maxFutureDefault),
            because: "one wrong clock would make all other records late"),
    ]
}
