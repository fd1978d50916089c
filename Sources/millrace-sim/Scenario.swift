// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceDelivery

/// What a seed makes of the world: the size of the job, and how likely which fault is.
///
/// Small numbers shake the protocol most: lanes of one record, one reserved epoch, a snapshot every
/// three slots. Each seed draws its own mixture, so that rare faults are not always beside others.
struct Scenario {
    var regions: Int
    var parallelism: Int
    var executors: Int
    var recordsPerSource: Int
    var laneSlots: Int
    /// Steps with faults, before progress has to return without them.
    var faultSteps: Int

    // Per thousand occasions of the kind.
    var crash: Int
    var supervisorCrash: Int
    var supervisorPause: Int
    var hang: Int
    var storeUnknown: Int
    var storeFails: Int
    var commitUnanswered: Int
    var prepareFails: Int
    var declines: Int
    var gateCloses: Int
    var laneLies: Int
    var stops: Int
    var flips: Int

    var log = DecisionLog.Options()
    var checkpoint = CheckpointCoordinator.Options()
    var collection = SegmentCollection.Options()

    init(_ chance: inout Chance) {
        func rate(_ most: Int) -> Int { chance.below(3) == 0 ? 0 : chance.below(most + 1) }
        regions = chance.below(4) == 0 ? 2 : 1
        parallelism = 1 + chance.below(2)
        executors = parallelism == 1 ? 1 : 1 + chance.below(2)
        recordsPerSource = 6 + chance.below(14)
        laneSlots = 1 + chance.below(4)
        faultSteps = 100 + chance.below(300)
        crash = rate(12)
        supervisorCrash = rate(8)
        supervisorPause = rate(6)
        hang = rate(4)
        storeUnknown = rate(200)
        storeFails = rate(80)
        commitUnanswered = rate(250)
        prepareFails = rate(60)
        declines = rate(60)
        gateCloses = rate(4)
        laneLies = chance.below(20) == 0 ? 5 : 0
        stops = rate(2)
        flips = chance.below(40) == 0 ? 10 : 0
        log.epochsReserved = chance.below(2) == 0 ? 1 : 4
        log.slotsPerSnapshot = 3 + UInt64(chance.below(8))
        log.backoffNanosecondsMin = 4_000_000
        log.backoffNanosecondsMax = 40_000_000
        checkpoint.intervalNanoseconds = 1_000_000 << Int64(chance.below(5))
        checkpoint.epochNanosecondsMax = 400_000_000
        collection.epochsRetained = 1 + chance.below(3)
    }
}
