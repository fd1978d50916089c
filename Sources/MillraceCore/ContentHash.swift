// SPDX-License-Identifier: Apache-2.0
// XXH3 with 128 bits, seed 0 and the default secret, as Yann Collet's specification (xxHash doc,
// XXH3 section) defines it.
//
//     up to 16 bytes    formulas of their own
//     up to 240 bytes   pairs of 16 bytes from both ends, or from the front
//     more              stripes of 64 bytes into eight accumulators, 16 stripes to a block; the
//                       last 64 bytes count once more, whatever they overlap
//
// The last stripe of a long input is only known at its end. So what has been added waits in
// `pending` until 64 bytes more than it are there.

/// The name of a piece of content: what two equal pieces of state have in common, and what a
/// damaged one has not.
package struct ContentHash: Hashable, Codable, Sendable {
    package var low: UInt64
    package var high: UInt64

    package init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    package init(of bytes: Span<UInt8>) {
        if bytes.count <= 240 {
            self = XXH3.short(bytes)
        } else {
            var hasher = ContentHasher()
            hasher.add(bytes)
            self = hasher.finish()
        }
    }

    package init(of bytes: [UInt8]) { self.init(of: bytes.span) }

    package init(of bytes: ArraySlice<UInt8>) { self.init(of: bytes.span) }
}

/// Hashes content that comes in parts.
package struct ContentHasher: Sendable {
    private var accumulators: XXH3.Accumulators = XXH3.start
    private var stripesInBlock = 0
    private var size: UInt64 = 0
    /// Not mixed in yet, behind up to 64 bytes that are: the last stripe may begin in those.
    private var pending: [UInt8] = []
    private var mixed = 0

    private static let pendingMax = 64 * 1_024

    package init() {}

    package mutating func add(_ bytes: Span<UInt8>) {
        size += UInt64(bytes.count)
        var at = 0
        while at < bytes.count {
            let part = min(bytes.count - at, Self.pendingMax)
            for byte in at..<at + part { pending.append(bytes[byte]) }
            at += part
            mixPending()
        }
    }

    package mutating func add(_ bytes: [UInt8]) { add(bytes.span) }

    package func finish() -> ContentHash {
        let input = pending.span
        guard size > 240 else { return XXH3.short(input) }
        var last = accumulators
        XXH3.mix(&last, input, input.count - 64, key: XXH3.secret.count - 64 - 7)
        return XXH3.merge(last, size: size)
    }

    /// Mixes what is certain not to be the end. Short inputs are hashed whole.
    private mutating func mixPending() {
        guard size > 240 else { return }
        let input = pending
        let bytes = input.span
        var sum = accumulators
        var at = mixed
        while at + 64 < bytes.count {
            XXH3.mix(&sum, bytes, at, key: 8 * stripesInBlock)
            stripesInBlock += 1
            if stripesInBlock == XXH3.stripesPerBlock {
                XXH3.scramble(&sum)
                stripesInBlock = 0
            }
            at += 64
        }
        let kept = max(0, at - 64)
        accumulators = sum
        pending = Array(input[kept...])
        mixed = at - kept
    }
}

/// The formulas of the specification.
private enum XXH3 {
    typealias Accumulators = InlineArray<8, UInt64>

    static let prime32: (UInt64, UInt64, UInt64) = (0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D)
    static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    static let primeMix: UInt64 = 0x9FB2_1C65_1E98_DF25

    static let secret: [UInt8] = [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad,
        0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3,
        0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc,
        0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
        0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65,
        0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19,
        0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9,
        0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
        0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb,
        0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0,
        0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d,
        0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
        0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ]
    /// Of a long input: then the secret is at its end and begins again.
    static let stripesPerBlock = 16
    static let start: Accumulators = [
        prime32.2, prime1, prime2, prime3, prime4, prime32.1, prime5, prime32.0,
    ]

    /// The secret from each multiple of eight on, for whole stripes.
    static let keys: [UInt64] = (0..<24).map { UInt64(littleEndianAt: 8 * $0, in: secret.span) }

    static func key(_ at: Int) -> UInt64 { UInt64(littleEndianAt: at, in: secret.span) }

    static func short(_ p: Span<UInt8>) -> ContentHash {
        switch p.count {
        case 0: avalanched(key(64) ^ key(72), key(80) ^ key(88))
        case 1...3: upTo3(p)
        case 4...8: upTo8(p)
        case 9...16: upTo16(p)
        default: upTo240(p)
        }
    }

    private static func upTo3(_ p: Span<UInt8>) -> ContentHash {
        let n = p.count
        let low =
            UInt32(p[0]) << 16 | UInt32(p[n >> 1]) << 24 | UInt32(p[n - 1]) | UInt32(n) << 8
        let swapped = low.byteSwapped
        let high = swapped << 13 | swapped >> 19
        let flips = (key(0), key(8))
        let flipLow = (flips.0 ^ flips.0 >> 32) & 0xFFFF_FFFF
        let flipHigh = (flips.1 ^ flips.1 >> 32) & 0xFFFF_FFFF
        return avalanched(UInt64(low) ^ flipLow, UInt64(high) ^ flipHigh)
    }

    private static func upTo8(_ p: Span<UInt8>) -> ContentHash {
        let n = p.count
        let word = UInt64(half(p, 0)) | UInt64(half(p, n - 4)) << 32
        let keyed = word ^ key(16) ^ key(24)
        let product = keyed.multipliedFullWidth(by: prime1 &+ UInt64(n) << 2)
        let high = product.high &+ product.low << 1
        var low = product.low ^ high >> 3
        low = (low ^ low >> 35) &* primeMix
        low ^= low >> 28
        return ContentHash(low: low, high: avalanche(high))
    }

    private static func upTo16(_ p: Span<UInt8>) -> ContentHash {
        let n = p.count
        let front = UInt64(littleEndianAt: 0, in: p)
        let back = UInt64(littleEndianAt: n - 8, in: p)
        let mixed = (front ^ back ^ key(32) ^ key(40)).multipliedFullWidth(by: prime1)
        let flipped = back ^ key(48) ^ key(56)
        let high = mixed.high &+ flipped &+ (flipped & 0xFFFF_FFFF) &* (prime32.1 - 1)
        let low = (mixed.low &+ UInt64(n - 1) << 54) ^ high.byteSwapped
        let product = low.multipliedFullWidth(by: prime2)
        return ContentHash(
            low: avalanche(product.low), high: avalanche(product.high &+ high &* prime2))
    }

    private static func upTo240(_ p: Span<UInt8>) -> ContentHash {
        let n = p.count
        var sum = ContentHash(low: UInt64(n) &* prime1, high: 0)
        if n <= 128 {
            for pair in (0...(n - 1) / 32).reversed() {
                mix(&sum, p, 16 * pair, n - 16 * (pair + 1), key: 32 * pair)
            }
        } else {
            for pair in 0..<4 { mix(&sum, p, 32 * pair, 32 * pair + 16, key: 32 * pair) }
            sum = ContentHash(low: avalanche(sum.low), high: avalanche(sum.high))
            for pair in 4..<n / 32 {
                mix(&sum, p, 32 * pair, 32 * pair + 16, key: 3 + 32 * (pair - 4))
            }
            mix(&sum, p, n - 16, n - 32, key: 136 - 17 - 16)
        }
        let high = sum.low &* prime1 &+ sum.high &* prime4 &+ UInt64(n) &* prime2
        return ContentHash(low: avalanche(sum.low &+ sum.high), high: 0 &- avalanche(high))
    }

    private static func mix(
        _ sum: inout ContentHash, _ p: Span<UInt8>, _ first: Int, _ second: Int, key place: Int
    ) {
        let one = (UInt64(littleEndianAt: first, in: p), UInt64(littleEndianAt: first + 8, in: p))
        let two = (UInt64(littleEndianAt: second, in: p), UInt64(littleEndianAt: second + 8, in: p))
        sum.low &+= fold(one.0 ^ key(place), one.1 ^ key(place + 8))
        sum.low ^= two.0 &+ two.1
        sum.high &+= fold(two.0 ^ key(place + 16), two.1 ^ key(place + 24))
        sum.high ^= one.0 &+ one.1
    }

    /// One stripe of 64 bytes into the accumulators.
    @inline(__always)
    static func mix(_ sum: inout Accumulators, _ p: Span<UInt8>, _ at: Int, key place: Int) {
        let stripe = p.extracting(at..<at + 64)
        let secret = Self.secret.span.extracting(place..<place + 64)
        for lane in 0..<8 {
            let value = UInt64(littleEndianAt: 8 * lane, in: stripe)
            let keyed = value ^ UInt64(littleEndianAt: 8 * lane, in: secret)
            sum[lane ^ 1] &+= value
            sum[lane] &+= (keyed & 0xFFFF_FFFF) &* (keyed >> 32)
        }
    }

    static func scramble(_ sum: inout Accumulators) {
        for lane in 0..<8 {
            sum[lane] = (sum[lane] ^ sum[lane] >> 47 ^ key(128 + 8 * lane)) &* prime32.0
        }
    }

    static func merge(_ sum: Accumulators, size: UInt64) -> ContentHash {
        func merged(_ place: Int, _ start: UInt64) -> UInt64 {
            var total = start
            for pair in 0..<4 {
                total &+= fold(
                    sum[2 * pair] ^ key(place + 16 * pair),
                    sum[2 * pair + 1] ^ key(place + 8 + 16 * pair))
            }
            return avalanche(total)
        }
        return ContentHash(
            low: merged(11, size &* prime1),
            high: merged(secret.count - 64 - 11, ~(size &* prime2)))
    }

    private static func half(_ p: Span<UInt8>, _ at: Int) -> UInt32 {
        UInt32(p[at]) | UInt32(p[at + 1]) << 8 | UInt32(p[at + 2]) << 16 | UInt32(p[at + 3]) << 24
    }

    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.low ^ product.high
    }

    private static func avalanche(_ value: UInt64) -> UInt64 {
        let mixed = (value ^ value >> 37) &* 0x1656_6791_9E37_79F9
        return mixed ^ mixed >> 32
    }

    private static func avalanched(_ low: UInt64, _ high: UInt64) -> ContentHash {
        func mixed(_ value: UInt64) -> UInt64 {
            var value = (value ^ value >> 33) &* prime2
            value = (value ^ value >> 29) &* prime3
            return value ^ value >> 32
        }
        return ContentHash(low: mixed(low), high: mixed(high))
    }
}
