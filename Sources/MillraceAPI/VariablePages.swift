// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Variables of the environment that the program reads. A test compares the list with the sources.
package enum VariablePages {
    private struct Variable {
        var name: String
        var title: String
        var text: String
    }

    package static var subjects: [Subject] {
        all.map { variable in
            Subject(.variable, variable.name, title: variable.title) {
                Subject.Page(
                    markdown: "# \(variable.name)\n\n\(variable.text)\n",
                    json: .object([
                        .init("kind", .string("variable")), .init("name", .string(variable.name)),
                        .init("title", .string(variable.title)),
                        .init("text", .string(variable.text)),
                    ]))
            }
        }
    }

    private static let all = [
        Variable(
            name: "MILLRACE_PLUGIN_PATH", title: "folders of plugins",
            text: """
                Folders of plugins with `:` between them. They are looked through after those of
                `--plugin-dir` and before `./plugins`, the user's own and the installed ones.
                `millrace plugin list -v` prints the whole search path.
                """),
        Variable(
            name: "MILLRACE_HOME", title: "where Millrace is installed",
            text: """
                The folder that has `bin`, `lib` and `share`. Without it the parent of the program's
                own folder is taken, so that an installed tree can be moved as a whole.
                """),
        Variable(
            name: "MILLRACE_LOG_LEVEL", title: "which log lines a run shows",
            text: """
                `trace`, `debug`, `info`, `warn` or `error`: log lines from this level on are shown,
                and operators are told not to make others. `--log-level` wins over it, and it wins
                over `-v` and `-q`.
                """),
        Variable(
            name: "LD_LIBRARY_PATH", title: "folders of C libraries",
            text: """
                Folders that the dynamic loader looks through first for the libraries of C
                functions; the process that tries them gets it too.
                """),
        Variable(
            name: "NO_COLOR", title: "no colours",
            text: """
                Not empty: nothing is coloured, unless `--color always` says otherwise.
                """),
        Variable(
            name: "CLICOLOR_FORCE", title: "colours without a terminal",
            text: """
                Anything but `0`: output is coloured even where it goes to no terminal. `NO_COLOR`
                and `--color` win over it.
                """),
        Variable(
            name: "TERM", title: "what the terminal can do",
            text: """
                `dumb`: nothing is coloured, and `top` prints tables. Nothing else is read from it.
                """),
        Variable(
            name: "XDG_RUNTIME_DIR", title: "sockets of runs",
            text: """
                Runs listen on sockets in its folder `millrace`; `ps`, `status` and `top` find them
                there. Without it they are in `/tmp/millrace-UID`, with the number of your account.
                """),
        Variable(
            name: "XDG_CACHE_HOME", title: "copies of plugins",
            text: """
                Private copies of plugins, by content, and what their probes found, are in its
                folder `millrace/plugins`. Without it: `~/.cache/millrace/plugins`. It may be
                removed at any time; the next command makes it again.
                """),
        Variable(
            name: "XDG_DATA_HOME", title: "plugins of a user",
            text: """
                Plugins that you have added are in its folder `millrace/plugins`. Without it:
                `~/.local/share/millrace/plugins`.
                """),
        Variable(
            name: "HOME", title: "your folder",
            text: """
                Where the defaults of `XDG_CACHE_HOME` and `XDG_DATA_HOME` begin.
                """),
    ]
}
