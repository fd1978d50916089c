// SPDX-License-Identifier: Apache-2.0

/// The number a user can look up: `MR2104`. Never reused, never renumbered.
///
/// Ranges: 10xx command line, 11xx settings, 20xx YAML, 21xx nodes and parameters, 22xx time,
/// 23xx wiring, 24xx interpolation, 25xx one-liners, 30xx plugin files, 31xx descriptors,
/// 32xx C functions, 33xx broken contracts, 40xx records, 41xx crashes, 42xx flow, 43xx times,
/// 44xx limits, 53xx files, 60xx checkpoints, 61xx state of a job, 71xx jobs, 72xx processes, 90xx
/// our own mistakes.
package enum FailureCode: Int, Hashable, Codable, Sendable, CaseIterable {
    case unknownJob = 1001
    case ambiguousTarget = 1002
    case usage = 1003
    case inputMissing = 1004
    case nothingToExplain = 1005
    case badName = 1010
    case folderExists = 1011
    case noTemplate = 1012
    case sdkMissing = 1013

    case yamlSyntax = 2001
    case duplicateKey = 2002
    case unknownKey = 2003
    case wrongType = 2004
    case tooLarge = 2005
    case tagOrMergeKey = 2006
    case newerFormat = 2007
    case notServed = 2008
    case missingKey = 2009

    case badID = 2101
    case unknownOperator = 2102
    case ambiguousOperator = 2103
    case unknownParameter = 2104
    case missingParameter = 2105
    case notLive = 2106
    case outOfRange = 2107
    case wrongUnit = 2108
    case configurationRefused = 2110
    case deprecatedParameter = 2109

    case timeNotAtSource = 2201

    case typesDiffer = 2301
    case unknownNodeOrPort = 2302
    case cycle = 2303
    case outputUnread = 2304
    case keyedStateWithoutHash = 2305
    case forwardUnequal = 2306
    case tooMuchMemory = 2307
    case stateLost = 2311
    case regionsJoined = 2312

    case variableUnset = 2401
    case fileUnreadable = 2402
    case interpolationSyntax = 2403
    case literalSecret = 2404
    case sourceCannotReplay = 2406
    case guaranteeLowered = 2407

    case oneLinerSyntax = 2501
    case endsAfterBang = 2502
    case edgeWithoutProducer = 2503
    case expressionSyntax = 2504

    case wrongFile = 3001
    case libraryMissing = 3002
    case noEntry = 3003
    case abiVersion = 3004
    case unknownNeed = 3005
    case noteContradicts = 3006
    case quarantinedCrash = 3007
    case quarantinedBehaviour = 3008
    case otherToolchain = 3009
    case refusedFileProperty = 3010
    case loadFailed = 3011
    case descriptorInvalid = 3101
    case duplicateOperator = 3102
    case signatureSyntax = 3201
    case functionLibrary = 3202
    case functionMissing = 3203
    case signatureShape = 3206
    case windowViolated = 3301
    case outputTooLarge = 3302
    case unknownStatus = 3303
    case wireViolated = 3306
    case pluginNotFound = 3401
    case otherBytes = 3402
    case pluginInUse = 3403
    case checkFailed = 3501

    case notJSON = 4001
    case kindsDiffer = 4002
    case fieldAbsent = 4003
    case recordRefused = 4005
    case crash = 4101
    case hang = 4102
    case outOfMemory = 4103
    case isolated = 4104
    case restartsSpent = 4105
    case operatorFailed = 4106
    case executorExited = 4107
    case systemRefused = 4108
    case unavailable = 4201
    case notDrained = 4202

    case timeAhead = 4302

    case limitReached = 4401
    case replayTargetGone = 4403

    case fileRefused = 5302
    case fileFailed = 5303
    case fileFormat = 5305
    case fileGone = 5306
    case noSpaceLeft = 5307
    case readerGone = 5308

    case epochTimedOut = 6001
    case storeFailed = 6002
    case claimUnknown = 6003
    case stateDamaged = 6004
    case stateVersion = 6101
    case otherLineage = 6103
    case savepointExists = 6105
    case stateInUse = 6106

    case unreachable = 7002
    case notFound = 7004
    case wrongState = 7102
    case versionSkew = 7202

    case invariantBroken = 9001
    case unreachableState = 9002
}

extension FailureCode: CustomStringConvertible {
    package var description: String { "MR\(rawValue)" }

    /// `MR4005`; nil: there is no such code.
    package init?(text: some StringProtocol) {
        guard text.hasPrefix("MR"), let number = Int(text.dropFirst(2)) else { return nil }
        self.init(rawValue: number)
    }

    /// An operator found a record unusable.
    package var isOfRecords: Bool { (4_000..<4_100).contains(rawValue) }

    /// The exit code of a command that ends with this failure (sysexits).
    package var exitCode: Int32 {
        switch rawValue {
        case 1004: 66
        case 1011: 73
        case 1013: 72
        case 1000..<1100: 64
        case 1100..<1200: 78
        case 2000..<3300: 65
        case 3401: 66
        case 3402, 3403: 65
        case 3500..<3600: 1
        case 4108: 71
        case 4202: 75
        case 3300..<3400, 4000..<4500: 1
        // As a shell tells of a filter that SIGPIPE ended.
        case 5308: 141
        case 5000..<6000: 74
        case 6000..<6100: 74
        case 6101, 6103: 65
        case 6105: 73
        case 6106: 69
        case 7000..<7300: 69
        default: 70
        }
    }
}
