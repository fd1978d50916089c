// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// One shared library with one exported symbol. Outside of Millrace's own tree, name the SDK folder
// of an installed one, PREFIX/share/millrace; `millrace new operator` does it with a link.
import PackageDescription

let sdk = "../../../../SDK"
let exports = "\(Context.packageDirectory)/\(sdk)/exports.map"

let package = Package(
    name: "squares",
    products: [.library(name: "squares", type: .dynamic, targets: ["squares"])],
    dependencies: [.package(name: "MillraceSDK", path: "\(sdk)/swift")],
    targets: [
        .target(
            name: "squares",
            dependencies: [.product(name: "MillraceSDK", package: "MillraceSDK")],
            path: ".", exclude: ["README.md"], sources: ["Squares.swift"],
            linkerSettings: [.unsafeFlags(["-Xlinker", "--version-script=\(exports)"])])
    ],
    swiftLanguageModes: [.v6]
)
