// SPDX-License-Identifier: Apache-2.0
import MillraceCore
import MillraceWire

/// Everything that can be known of one library without making an operator, whatever is known of it
/// already. Later parts are missing when an earlier one forbids them.
package struct PluginExam: Sendable {
    package var name: String
    /// Why the file is no library for this machine.
    package var unreadable: Failure?
    package var object: SharedObject?
    /// Why it may not be loaded; what `SharedObject.check` says.
    package var forbidden: Failure?
    package var note: PluginNote?
    package var unreadableNote: Failure?
    package var verdict: PluginProbe.Verdict?
    /// What executors load, once the probe has lived.
    package var reference: PluginReference?
}

extension PluginCatalog {
    /// Judges the library anew; nothing is remembered. Throws MR5303 when the private copy cannot
    /// be written.
    package func examine(_ path: String) throws(Failure) -> PluginExam {
        var exam = PluginExam(name: PluginFile.name(of: path))
        let file: PluginFile
        let object: SharedObject
        do throws(Failure) {
            file = try PluginFile.read(path)
            object = try SharedObject.read(file.bytes, name: file.name)
        } catch {
            exam.unreadable = error
            return exam
        }
        exam.object = object
        if let text = object.note {
            do throws(Failure) {
                exam.note = try PluginNote(text, file: file.name)
            } catch {
                exam.unreadableNote = error
            }
        }
        do throws(Failure) {
            try object.check(name: file.name)
        } catch {
            exam.forbidden = error
            return exam
        }
        let copy = try copies.keep(file)
        exam.verdict = probe.run([PluginProbe.Subject(copy: copy, name: file.name)]).first
        if case .answered(let result) = exam.verdict, result.failure == nil {
            exam.reference = PluginReference(
                name: result.name, version: result.version, sha256: file.sha256, path: path,
                copy: copy)
        }
        return exam
    }
}
