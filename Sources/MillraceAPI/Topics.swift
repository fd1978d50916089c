// SPDX-License-Identifier: Apache-2.0
import MillraceCore

/// Short pages about notations that are not of one command, operator or key.
package enum Topics {
    private struct Topic {
        var name: String
        var title: String
        var body: String
    }

    package static var subjects: [Subject] {
        all.map { topic in
            Subject(.topic, topic.name, title: topic.title) {
                let heading = topic.title.prefix(1).uppercased() + topic.title.dropFirst()
                return Subject.Page(
                    markdown: "# \(heading)\n\n\(topic.body)",
                    json: .object([
                        .init("kind", .string("topic")), .init("name", .string(topic.name)),
                        .init("title", .string(topic.title)), .init("text", .string(topic.body)),
                    ]))
            }
        }
    }

    private static var all: [Topic] {
        [
            Topic(name: "one-liners", title: "topologies as words", body: oneLiners),
            Topic(name: "expressions", title: "expressions over records", body: expressions),
            Topic(name: "units", title: "durations, sizes and rates", body: units),
            Topic(
                name: "interpolation", title: "variables and files in topologies",
                body: interpolation),
            Topic(name: "types", title: "types of ports", body: types),
            Topic(name: "topology", title: "files that describe a job", body: topology),
            Topic(name: "exit-codes", title: "what commands end with", body: exitCodes),
            Topic(name: "files", title: "files and folders", body: files),
        ]
    }

    private static let oneLiners = """
        A topology can be written as words of a command line. Each terminal below is one word; only
        edges, C functions and values with spaces need quotes. A lone `!` needs none.

        ```text
        pipeline = chain , { chain } ;
        chain    = item , { "!" , [ edge ] , item } ;
        item     = OPERATOR , { setting } | FUNCTION , { setting } | "@" NODE [ "." PORT ] ;
        setting  = KEY "=" VALUE ;
        edge     = "[" { setting } "]" ;
        KEY      = "name" | "parallelism" | PARAMETER | "with." PARAMETER ;
        FUNCTION = LIBRARY "!" SYMBOL "(" … ")" "->" … ;
        ```

        * A word that is no setting and follows an item without `!` begins a new chain.
        * `@n` is the node named `n`, anywhere in the line: a producer at the start of a chain, a
          consumer behind `!`.
        * Keys of a node win over parameters; `with.` reaches a parameter of the same name.
        * A value has the type of its parameter; one that begins with `[` or `{` is JSON.
        * Without `name=` a node is called like its operator, with `_` for dots, then `_2`, `_3`.

        ```sh
        millrace run generate count=5 ! stdout
        millrace run file.source path=LICENSE ! lines ! words ! top n=3 ! stdout
        millrace run generate count=100 name=in ! null   @in ! '[partition=hash]' count ! stdout
        ```

        """

    private static let expressions = """
        Conditions and values over the fields of a JSON record, as in `filter where='amount > 100'`.

        ```text
        expr = and , { "or" , and } ;
        and  = not , { "and" , not } ;
        not  = [ "not" ] , test ;
        test = sum , [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) , sum
                     | [ "not" ] , "in" , list | "matches" , STRING ] ;
        sum  = prod , { ( "+" | "-" ) , prod } ;
        prod = unary , { ( "*" | "/" | "%" ) , unary } ;
        unary = [ "-" ] , atom ;
        atom = NUMBER | STRING | "true" | "false" | "null" | call | path | "(" , expr , ")" ;
        call = ( "has" | "len" | "lower" | "upper" | "coalesce" ) ,
               "(" , [ expr , { "," , expr } ] , ")" ;
        path = ( NAME | "$key" | "$time" ) , { "." , NAME | "[" , INT , "]" } ;
        list = "[" , [ expr , { "," , expr } ] , "]" ;
        ```

        A field that is absent makes the record an error, except inside `has` and `coalesce`.

        """

    private static let units = """
        Numbers with units are written without a space, the same in topologies, one-liners and
        flags.

        | kind | units | such as |
        | --- | --- | --- |
        | duration | `ns us ms s m h d`, falling from part to part | `250ms` `10s` `1h30m` `2d` |
        | size | none or `B` for bytes; `KiB MiB GiB TiB`; `kB MB GB TB` | `512` `64KiB` `1GiB` |
        | rate | none, `k`, `M` or `G`, then `/s /m /h /d` | `1k/s` `200/m` |
        | range | two values with `..` between | `200ms..5s` |

        """

    private static let interpolation = """
        Texts below `with`, paths in `plugins` and `checkpoint.store` may contain:

        | form | means |
        | --- | --- |
        | `${NAME}` | the variable; unset is MR2401 |
        | `${NAME:-text}` | the text when the variable is unset or empty |
        | `${NAME:?text}` | an error with that text when it is unset or empty |
        | `${file:PATH}` | the content of a file without its last newline |
        | `$$` | a dollar sign; before anything but `{` or `$` it stays itself |

        The result is not read again, so a value cannot change the shape of a file. A text that is
        one whole `${…}` has the type of its parameter. Keys, ids, `use` and `from` are never
        changed. `--env-file` gives variables; the environment wins.

        """

    private static let topology = """
        A topology is a YAML file (JSON is YAML, too), a folder of `*.yaml` files that are read as
        one, or a one-liner.

        ```yaml
        millrace: 1
        name: small
        nodes:
          source: {use: generate, with: {count: 5}}
          out: {use: stdout, from: source}
        ```

        * `nodes` are operators by the names you give them; `from` says what they read.
        * `millrace explain --list keys` lists all keys, `millrace explain nodes.from` explains one.
        * `millrace check FILE` says what is wrong, `millrace show FILE -o text` draws it.
        * `millrace explain topology -o schema` prints a JSON Schema with the operators there are.
          An editor takes it with this line at the top of a file:

        ```text
        # yaml-language-server: $schema=topology.schema.json
        ```

        """

    private static let types = """
        A port says what its records are.

        | type | is |
        | --- | --- |
        | `any` | anything |
        | `bytes` | bytes; what a port has that says nothing |
        | `text` | UTF-8 text |
        | `json` | one JSON value as UTF-8 text |
        | `struct{f64 x, i32 n}` | numbers and texts at fixed places |
        | `name/1` | a type that plugins agree on, with its revision |

        An output fits an input of the same type or of a wider one: `json` is `text`, `text` is
        `bytes`, everything is `any`.

        """

    private static var exitCodes: String {
        Markdown.table(
            ["status", "means"], ExitStatus.all.map { [String($0.number), $0.meaning] })
            + "\nA command that is ended by a failure has the status of its code: see\n"
            + "`millrace explain CODE`.\n"
    }

    private static let files = """
        | path | holds |
        | --- | --- |
        | `$XDG_DATA_HOME/millrace/plugins` | plugins you have added; else `~/.local/share/…` |
        | `$XDG_CACHE_HOME/millrace/plugins` | private copies of plugins by content, and what \
        probes found; else `~/.cache/…` |
        | `$XDG_RUNTIME_DIR/millrace` | a socket for each run; else `/tmp/millrace-UID` |
        | `./plugins` | plugins of a project |
        | `PREFIX/lib/millrace/plugins` | installed plugins; `PREFIX` is beside the program's \
        folder, or `MILLRACE_HOME` |

        """
}
