// SPDX-License-Identifier: Apache-2.0
// The tokens of one claimed epoch on their way to the outside: sent in order, those that were told
// to try again are sent again, in order, until all are committed. Committing twice is harmless,
// so whoever has the permit may begin from the front.
import MillraceCore

/// What a sink says when it is asked to commit a token.
package enum CommitAnswer: String, Hashable, Codable, Sendable {
    case committed
    /// It has been committed before; the sink has proof of it.
    case already
    case retry
    /// The outside does not know the transaction any more, and nothing proves that it took place.
    case lost
    case refused
}

package struct CommitProgress: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Some are to be sent again at a time that `deadline` tells.
        case waiting
        case allCommitted
        /// Only a human can tell what happened to this one.
        case unresolved(Token, CommitAnswer)
    }

    /// Not committed yet, in the order in which they have to be.
    package private(set) var tokens: [Token]
    /// When the tokens are sent again; nil while answers are awaited.
    package private(set) var deadline: Int64?
    private var backoff = Self.backoffNanosecondsMin

    static let backoffNanosecondsMin: Int64 = 100_000_000
    static let backoffNanosecondsMax: Int64 = 10_000_000_000

    package init(_ tokens: [Token]) { self.tokens = tokens.sorted(by: Token.isBefore) }

    /// One answer for each of `tokens`, in their order.
    package mutating func answered(_ answers: [CommitAnswer], now: Int64) -> Outcome {
        precondition(answers.count == tokens.count, "BUG: answers for other tokens")
        var left: [Token] = []
        for (token, answer) in zip(tokens, answers) {
            switch answer {
            case .committed, .already: break
            case .retry: left.append(token)
            case .lost, .refused: return .unresolved(token, answer)
            }
        }
        tokens = left
        guard !left.isEmpty else { return .allCommitted }
        deadline = now + backoff
        backoff = min(2 * backoff, Self.backoffNanosecondsMax)
        return .waiting
    }

    /// The tokens to send again, if it is time.
    package mutating func due(now: Int64) -> [Token]? {
        guard let at = deadline, now >= at else { return nil }
        deadline = nil
        return tokens
    }

    /// Why the region is suspended when a token cannot be resolved.
    package static func failure(_ token: Token, _ answer: CommitAnswer) -> Failure {
        let name = "\(token.task.node)#\(token.task.instance), attempt \(token.attempt)"
        let text =
            answer == .lost
            ? "the outside no longer knows the transaction of epoch \(token.epoch) (\(name))"
            : "the outside refuses the transaction of epoch \(token.epoch) (\(name))"
        return Failure(
            .stateDamaged, node: token.task.node, text,
            next: "look there whether its records arrived, then resume or drop it")
    }
}
