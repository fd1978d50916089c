// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import MillraceSystem

/// Judges unknown libraries in processes of their own, which may crash.
package struct PluginProbe: Sendable {
    /// A library to be judged.
    package struct Subject: Sendable {
        /// The file that is loaded.
        package var copy: String
        /// What messages call it.
        package var name: String

        package init(copy: String, name: String) {
            self.copy = copy
            self.name = name
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// It lived. The result may still hold a failure or changes.
        case answered(ProbeResult)
        /// It crashed, ended or slept: MR3007.
        case died(Failure)
        /// The probe could not be made; nothing is known.
        case unknown(Failure)
    }

    private let processes: ProbeProcesses

    /// `executable` is a program whose command `probe` calls `ProbeEntry.run`.
    package init(executable: String, limitNanoseconds: Int64 = Limits.probeNanoseconds) {
        processes = ProbeProcesses(executable: executable, limitNanoseconds: limitNanoseconds)
    }

    /// One verdict per subject, in their order. Takes as long as the slowest, at most the limit
    /// for every four of them.
    package func run(_ subjects: [Subject]) -> [Verdict] {
        let ends = processes.run(subjects.map { [$0.copy, $0.name] })
        return zip(subjects, ends).map { verdict($0, $1) }
    }

    private func verdict(_ subject: Subject, _ end: ProbeProcesses.End) -> Verdict {
        switch end {
        case .notMade(let error):
            return .unknown(
                error.failure(.loadFailed, next: "the program to probe plugins with failed"))
        case .answered(let answer):
            if let result = try? JSONDecoder().decode(ProbeResult.self, from: Data(answer)) {
                return .answered(result)
            }
            return died(subject, "answered nonsense", nil, "")
        case .died(let how, let stage, let lastWords):
            return died(subject, how, stage, lastWords)
        }
    }

    private func died(
        _ subject: Subject, _ how: String, _ stage: String?, _ lastWords: String
    ) -> Verdict {
        let words = lastWords.isEmpty ? "" : "; its last words: \(lastWords)"
        guard let stage else {
            return .unknown(
                Failure(
                    .loadFailed, kind: .transient,
                    "\(subject.name) could not be probed: the probe \(how)\(words)"))
        }
        let place = stage == ProbeAnswer.began ? "before it was loaded" : stage
        return .died(
            Failure(
                .quarantinedCrash, "\(subject.name) \(how) \(place)\(words)",
                next: "it is not loaded until the file changes; `millrace plugin unquarantine` "
                    + "forgets the verdict"))
    }
}
