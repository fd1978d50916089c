// SPDX-License-Identifier: Apache-2.0

/// The calls into a plugin, as the black box numbers them: `MRR_CALL_*` in `mrr_pages.h`. The
/// executor stamps them, the supervisor reads them.
package enum PluginCall: UInt32, Sendable {
    case none = 0
    case entry = 1
    case create = 2
    case restore = 3
    case assign = 4
    case start = 5
    case process = 6
    case poll = 7
    case route = 8
    case stop = 9
    case destroy = 10
    case discover = 11
    case pause = 12
    case save = 13
    case positions = 14
    case prepare = 15
    case open = 16
    case fence = 17
    case onTimers = 18
    case onWatermark = 19

    /// As messages name it.
    package var name: String {
        switch self {
        case .none: "no call"
        case .onTimers: "on_timers"
        case .onWatermark: "on_watermark"
        default: "\(self)"
        }
    }

    /// True for calls while records flow; the others set up or take down.
    package var isSteady: Bool {
        switch self {
        case .process, .poll, .route, .save, .positions, .prepare, .onTimers, .onWatermark: true
        case .none, .entry, .create, .restore, .assign, .start, .stop, .destroy, .discover,
            .pause, .open, .fence:
            false
        }
    }
}
