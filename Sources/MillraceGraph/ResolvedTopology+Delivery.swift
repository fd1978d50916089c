// SPDX-License-Identifier: Apache-2.0
import MillraceCore

extension ResolvedTopology.Checkpoint {
    init(_ planned: PlannedCheckpoints, _ origins: ResolvedTopology.Origins) {
        func origin(_ name: String) -> ResolvedTopology.Origin? {
            origins.key("checkpoint", name)
        }
        every = .init(text: Quantity.text(duration: planned.every), origin("every"))
        guarantee = .init(text: planned.guarantee.rawValue, origin("guarantee"))
        store = planned.store.map { .init(text: $0, origins.store) }
        timeout = .init(text: Quantity.text(duration: planned.timeout), origin("timeout"))
        retain = .init(number: planned.retained, origin("retain"))
    }

    /// With the names of the keys, in the order of the reference.
    var values: [(name: String, value: ResolvedTopology.Value)] {
        var values = [("every", every), ("guarantee", guarantee)]
        if let store { values.append(("store", store)) }
        return values + [("timeout", timeout), ("retain", retain)]
    }

    var json: JSON {
        .object([
            .init("every", every.json), .init("guarantee", guarantee.json),
            .init("store", store?.json ?? .null), .init("timeout", timeout.json),
            .init("retain", retain.json),
        ])
    }
}

extension ResolvedTopology.Restart {
    init(_ planned: PlannedRestarts, _ origins: ResolvedTopology.Origins) {
        backoff = .init(text: planned.backoffText, origins.key("restart", "backoff"))
        count = .init(number: planned.count, origins.key("restart", "budget", "count"))
        per = .init(
            text: Quantity.text(duration: planned.per), origins.key("restart", "budget", "per"))
    }

    var json: JSON {
        .object([
            .init("backoff", backoff.json),
            .init("budget", .object([.init("count", count.json), .init("per", per.json)])),
        ])
    }
}
