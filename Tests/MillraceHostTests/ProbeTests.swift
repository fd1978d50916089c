// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import MillraceCore
import Testing

@testable import MillraceHost

/// Libraries that harm the process they are loaded into.
@Suite struct ProbeTests {
    struct Harm: Sendable, CustomTestStringConvertible {
        var define: String
        var words: String
        var testDescription: String { define }
    }

    static let deaths: [Harm] = [
        Harm(
            define: "ENTRY=fputs(\"oh no\\n\",stderr);*(volatile int*)16=1",
            words: "crashed with SIGSEGV in its entry function; its last words: oh no"),
        Harm(define: "ENTRY=abort()", words: "crashed with SIGABRT in its entry function"),
        Harm(define: "ENTRY=__builtin_trap()", words: "crashed with SIGILL in its entry function"),
        Harm(
            define: "ENTRY=exit(3)", words: "ended its process with exit(3) in its entry function"),
        Harm(define: "ENTRY=_exit(0)", words: "ended its process with exit(0) in its entry"),
        Harm(
            define: "ENTRY=dup2(1,3),dup2(1,2),exit(0)",
            words: "ended its process with exit(0) in its entry"),
        Harm(
            define: "OUTSIDE=__attribute__((constructor))static void die(void){abort();}",
            words: "crashed with SIGABRT while it was loaded"),
        Harm(
            define: "EXTENSION=abort()",
            words: "crashed with SIGABRT in the extension function of specimen"),
        Harm(define: "PLUGIN=plugin.name=(char*)8", words: "crashed with SIGSEGV"),
        Harm(
            define: "ENTRY=*(volatile char*)malloc(5ull<<30)=1", words: "crashed with SIGSEGV"),
    ]

    @Test(arguments: deaths)
    func `a library that kills its probe is quarantined`(_ harm: Harm) throws {
        // Sanitizers reserve more memory than the limit, so there is none.
        if unsafe PluginEntry.isSanitized, harm.define.contains("5ull<<30") { return }
        let record = try judge(harm.define)
        #expect(record.state == .quarantined)
        #expect(record.reason?.code == .quarantinedCrash)
        #expect(record.reason?.text.contains(harm.words) == true, "\(record.reason?.text ?? "")")
    }

    static let changes: [Harm] = [
        Harm(
            define: "OUTSIDE=static void*run(void*x){sleep(9);return x;}"
                + "__attribute__((constructor))static void go(void){pthread_t t;"
                + "pthread_create(&t,0,run,0);}", words: "it started 1 thread(s)"),
        Harm(
            define: "ENTRY=signal(SIGTERM,SIG_IGN)", words: "it changed the handler of SIGTERM"),
        Harm(define: "ENTRY=chdir(\"/proc\")", words: "it changed the working directory to /proc"),
        Harm(define: "ENTRY=umask(0)", words: "it changed the umask to 00"),
        Harm(define: "ENTRY=setenv(\"X_Y\",\"1\",1)", words: "it changed the environment (X_Y)"),
        Harm(define: "ENTRY=open(\"/dev/zero\",O_RDONLY)", words: "(/dev/zero) open"),
        Harm(define: "ENTRY=setlocale(LC_ALL,\"C.UTF-8\")", words: "it changed the locale to"),
        Harm(define: "ENTRY=__builtin_ia32_ldmxcsr(0x9fc0)", words: "flush-to-zero"),
        Harm(
            define: "ENTRY=sigset_t s;sigfillset(&s);sigprocmask(SIG_BLOCK,&s,0)",
            words: "it changed the signal mask"),
    ]

    @Test(arguments: changes)
    func `a library that changes its process is quarantined`(_ harm: Harm) throws {
        #if !arch(x86_64)
            if harm.define.contains("ia32") { return }
        #endif
        let record = try judge(harm.define)
        #expect(record.state == .quarantined)
        #expect(record.reason?.code == .quarantinedBehaviour)
        #expect(record.reason?.text.contains(harm.words) == true, "\(record.reason?.text ?? "")")
        #expect(record.version == "1.0.0")
    }

    @Test(arguments: [
        "ENTRY=for(;;)pause()", "ENTRY=for(;;)",
        "ENTRY=close(1);close(2);close(3);for(;;)pause()",
        "ENTRY=for(;;)write(1,\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\n\",32)",
    ])
    func `a library that never returns is ended`(_ define: String) throws {
        let record = try judge(define, probeNanoseconds: 1_500_000_000)
        #expect(record.state == .quarantined)
        #expect(record.reason?.code == .quarantinedCrash)
        let text = record.reason?.text ?? ""
        #expect(text.contains("did not return within 1s500ms in its entry function"), "\(text)")
    }

    @Test func `what a library prints does not disturb the answer`() throws {
        let define = "ENTRY=for(int i=0;i<5000;i++)printf(\"= {} @ noise %d\\n\",i);fflush(stdout)"
        #expect(try judge(define).state == .ready)
    }

    @Test func `an entry function that gives another table each time is refused`() throws {
        let define = "ENTRY=mr_plugin*p=malloc(sizeof plugin);*p=plugin;return p"
        let record = try judge(define)
        #expect(record.state == .refused)
        #expect(record.reason?.code == .descriptorInvalid)
    }

    @Test(arguments: ["/nonexistent/millrace", "/bin/true", "/bin/false"])
    func `a probe that cannot be made is not the library's fault`(_ program: String) throws {
        // Shown by judging again with a good program: nothing was remembered.
        let shop = try Workshop()
        let library = try shop.compile(Specimen.transform, to: "libspecimen.so")
        let first = try shop.catalog(executable: program).scan(extra: [library])
        #expect(first.plugins.map(\.state) == [.refused])
        #expect(first.plugins.first?.reason?.code == .loadFailed)
        #expect(try shop.record(of: library).state == .ready)
    }

    @Test func `several unknown libraries are judged in their order`() throws {
        let shop = try Workshop()
        let folder = shop.path("plugins")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for i in 0..<7 {
            try shop.compile(
                Specimen.transform, to: "plugins/lib\(i).so",
                defines: ["NAME=\"n\(i)\"", i == 3 ? "ENTRY=abort()" : "NOTHING"])
        }
        let records = try shop.catalog().scan(extra: [folder]).plugins
        #expect(records.map(\.name) == ["n0", "n1", "n2", "3", "n4", "n5", "n6"])
        #expect(records.map { $0.state == .ready } == [true, true, true, false, true, true, true])
    }

    private func judge(
        _ define: String, probeNanoseconds: Int64 = Limits.probeNanoseconds
    ) throws -> PluginRecord {
        let shop = try Workshop()
        let library = try shop.compile(
            Specimen.transform, to: "libspecimen.so", defines: [define])
        return try shop.record(of: library, probeNanoseconds: probeNanoseconds)
    }
}
