// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// `event_time` as it was written.
package struct TopologyEventTime: Hashable, Sendable {
    /// A text, with what is needed to point into it.
    package var field: TreeValue?
    package var planned = PlannedEventTime()
    /// Of the key.
    package var mark: Mark
}

extension TopologyReader {
    mutating func eventTime(_ member: TreeMember, _ path: String) -> TopologyEventTime? {
        guard let members = shape.map(member.value, path) else { return nil }
        known(members, "nodes.event_time", "of `event_time`", path)
        var time = TopologyEventTime(mark: member.nameMark)
        var header: (flag: Bool, mark: Mark)?
        for part in members {
            let value = part.value
            let here = "\(path).\(part.name)"
            let key = "nodes.event_time.\(part.name)"
            switch part.name {
            case "field": time.field = shape.fieldPath(value, here)
            case "header": header = shape.bool(value, here).map { ($0, value.mark) }
            case "unit": time.planned.unit = unit(value, here) ?? time.planned.unit
            case "max_delay":
                time.planned.maxDelay =
                    shape.duration(value, here, zero: true) ?? time.planned.maxDelay
            case "idle_after":
                time.planned.idleAfter =
                    shape.duration(value, here, TopologyKeyTable.bounds(key))
                    ?? time.planned.idleAfter
            case "max_future":
                time.planned.maxFuture =
                    shape.duration(value, here, TopologyKeyTable.bounds(key))
                    ?? time.planned.maxFuture
            default: break
            }
        }
        if let header { check(header, members, path) }
        if case .text(let text)? = time.field?.content { time.planned.field = text }
        return time
    }

    /// The time is in a field, or the source gives it.
    private mutating func check(
        _ header: (flag: Bool, mark: Mark), _ members: [TreeMember], _ path: String
    ) {
        let hasField = members.contains { $0.name == "field" }
        guard header.flag == hasField else { return }
        shape.outOfRange(
            header.mark, "\(path).header",
            hasField
                ? "the time is in a field, or the source gives it"
                : "without it and without `field` records have no time",
            next: hasField ? "remove `header` or `field`" : "name the field that has the time")
    }

    private mutating func unit(_ value: TreeValue, _ path: String) -> PlannedEventTime.Unit? {
        guard let text = shape.text(value, path), !shape.isRefused(value, path) else { return nil }
        if let unit = PlannedEventTime.Unit(rawValue: text.value) { return unit }
        choice(
            value, path, text.value, TopologyKeyTable.choices("nodes.event_time.unit").map(\.value))
        return nil
    }
}
