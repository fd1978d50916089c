// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One shared library with one exported symbol, which brings its own Swift runtime: any Millrace
// loads it, whatever it was built with. `make` calls swift build; so may you.
import PackageDescription

/// A link to the SDK of a Millrace on this machine; `millrace new sdk` makes it.
let sdk = ".millrace/sdk"

let package = Package(
    name: "{{name}}",
    products: [.library(name: "{{symbol}}", type: .dynamic, targets: ["{{symbol}}"])],
    dependencies: [.package(name: "MillraceSDK", path: "\(sdk)/swift")],
    targets: [
        .target(
            name: "{{symbol}}",
            dependencies: [.product(name: "MillraceSDK", package: "MillraceSDK")],
            path: "Sources",
            linkerSettings: [
                .unsafeFlags([
                    "-static-stdlib", "-no-toolchain-stdlib-rpath",
                    "-Xlinker", "--version-script=\(Context.packageDirectory)/\(sdk)/exports.map",
                    "-Xlinker", "-Bsymbolic", "-Xlinker", "-zdefs", "-Xlinker", "-znow",
                    "-Xlinker", "-znoexecstack",
                ])
            ])
    ],
    swiftLanguageModes: [.v6]
)
