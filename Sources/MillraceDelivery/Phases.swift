// SPDX-License-Identifier: Apache-2.0
// The states of the machines without what is in them: for status lines, and for a simulation that
// counts which transitions it has seen.

extension DecisionLog {
    package enum Phase: Int, CaseIterable, Sendable {
        case reading, idle, creating, unsure, checking, stale, broken
    }

    package var phase: Phase {
        switch state {
        case .reading: .reading
        case .idle: .idle
        case .creating: .creating
        case .unsure: .unsure
        case .checking: .checking
        case .stale: .stale
        case .broken: .broken
        }
    }
}

extension CheckpointCoordinator {
    package enum BarrierPhase: Int, CaseIterable, Sendable {
        case stopped, idle, numbering, collecting, sealing, sealed
    }

    package enum CommitPhase: Int, CaseIterable, Sendable {
        case free, claiming, committing, ending
    }

    package var barrierPhase: BarrierPhase {
        switch barrier {
        case .stopped: .stopped
        case .idle: .idle
        case .numbering: .numbering
        case .collecting: .collecting
        case .sealing: .sealing
        case .sealed: .sealed
        }
    }

    package var commitPhase: CommitPhase {
        switch commit {
        case .free: .free
        case .claiming: .claiming
        case .committing: .committing
        case .ending: .ending
        }
    }
}

extension JobLifecycle {
    package enum Phase: Int, CaseIterable, Sendable {
        case waiting, resolving, recording, opening, replaying, recordingDone, fencing, restoring
        case running, failing, suspended, finished
    }

    package func phase(of region: RegionID) -> Phase {
        switch state(of: region) {
        case .waiting: .waiting
        case .resolving: .resolving
        case .recording: .recording
        case .opening: .opening
        case .replaying: .replaying
        case .recordingDone: .recordingDone
        case .fencing: .fencing
        case .restoring: .restoring
        case .running: .running
        case .failing: .failing
        case .suspended: .suspended
        case .finished: .finished
        }
    }
}
