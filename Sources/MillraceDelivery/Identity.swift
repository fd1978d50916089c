// SPDX-License-Identifier: Apache-2.0

/// A connected part of the graph: it has its own epochs, attempts and executors.
package typealias RegionID = UInt32

/// The interval between two checkpoints, and the checkpoint that ends it. One counter per job.
package typealias Epoch = UInt64

/// One run of one region. One counter per job; never used twice, and the only number that fences.
package typealias Attempt = UInt64

/// One coordinator's turn at leading a job; the higher one wins.
package typealias Turn = UInt64

/// A parallel instance of a node, as it is called for the life of the job.
package struct TaskID: Hashable, Comparable, Codable, Sendable {
    package var node: String
    package var instance: UInt32

    package init(node: String, instance: UInt32) {
        self.node = node
        self.instance = instance
    }

    package static func < (a: TaskID, b: TaskID) -> Bool {
        a.node == b.node ? a.instance < b.instance : a.node < b.node
    }
}

/// The connection of one producing and one consuming task along one edge.
package struct LaneID: Hashable, Comparable, Codable, Sendable {
    /// The edge's name, equal at both of its ends.
    package var edge: String
    package var producer: UInt32
    package var consumer: UInt32

    package init(edge: String, producer: UInt32, consumer: UInt32) {
        self.edge = edge
        self.producer = producer
        self.consumer = consumer
    }

    package static func < (a: LaneID, b: LaneID) -> Bool {
        a.edge == b.edge
            ? (a.producer, a.consumer) < (b.producer, b.consumer) : a.edge < b.edge
    }
}

/// 128 random bits: tells one's own record from another's, and one life of a job from the next.
package struct Nonce: Hashable, Codable, Sendable {
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// What a sink hands out when it has prepared a transaction, and needs to commit it.
package struct Token: Hashable, Codable, Sendable {
    package var task: TaskID
    /// The attempt and the epoch that prepared it: the name of the transaction.
    package var attempt: Attempt
    package var epoch: Epoch
    package var blob: [UInt8]

    package init(task: TaskID, attempt: Attempt, epoch: Epoch, blob: [UInt8]) {
        self.task = task
        self.attempt = attempt
        self.epoch = epoch
        self.blob = blob
    }

    /// The order in which tokens of one claim are committed.
    package static func isBefore(_ a: Token, _ b: Token) -> Bool {
        a.epoch == b.epoch ? a.task < b.task : a.epoch < b.epoch
    }
}
