//! The order and use of indexes: the variables of boot, uv and pip, and indexes that offer only
//! HTML.

use boot::testing::Sha256;

use crate::support::pty::Pty;
use crate::support::{BOOT, Home, Index, Mirror, Server, Wheel};

/// Creates a home without a variable for an index.
fn home(mirror: &Mirror) -> Home {
    let mut home = Home::ready(mirror, &Index::new());
    home.set("BOOT_INDEX_URL", "");
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home
}

#[test]
fn index_variables_of_boot_uv_and_pip_count_in_order() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let indexes: Vec<Index> = (1..=9)
        .map(|number| Index::with_tool(&format!("{number}.0")))
        .collect();
    let url = |number: usize| indexes[number - 1].url();
    // Each one that is set now beats all those before it.
    let says = |home: &Home, words: &[&str], wanted: &str| {
        home.boot([&["tool", "install", "--force", "tool"], words].concat())
            .success();
        assert_eq!(home.tool_version("tool"), wanted);
    };
    home.write(
        ".config/boot/config.toml",
        &format!("[index]\nurl = \"{}\"\n", url(1)),
    );
    says(&home, &[], "1.0");
    home.write(
        ".config/pip/pip.conf",
        &format!("[global]\nindex-url = {}\n", url(2)),
    );
    says(&home, &[], "2.0");
    home.set("PIP_INDEX_URL", &url(3));
    says(&home, &[], "3.0");
    home.set("UV_DEFAULT_INDEX", &format!("main={}", url(4)));
    says(&home, &[], "4.0");
    // Further ones come before the main one of their own, and the first of them before the others;
    // they may have names.
    home.set("UV_INDEX", &format!("internal={} {}", url(5), url(6)));
    says(&home, &[], "5.0");
    home.set("BOOT_INDEX_URL", &url(7));
    says(&home, &[], "7.0");
    home.set(
        "BOOT_EXTRA_INDEX_URL",
        &format!("{}/nothing {}", url(8), url(8)),
    );
    says(&home, &[], "8.0");
    says(&home, &["--index-url", &url(9)], "9.0");
    // None that counts for nothing is even asked.
    for number in [2, 3, 4, 5, 6] {
        indexes[number - 1].server.requests();
    }
    home.set_page_age();
    says(&home, &["--extra-index-url", &url(9)], "9.0");
    for number in [2, 3, 4, 5, 6] {
        assert_eq!(indexes[number - 1].server.requests(), [""; 0], "{number}");
    }

    // What boot's and uv's further ones don't have, the main one has, whose ever it is.
    indexes[2].add(Wheel::new("other", "3.3").command("other", "hello"));
    for name in ["BOOT_INDEX_URL", "UV_DEFAULT_INDEX"] {
        home.set(name, "");
    }
    home.boot(["tool", "install", "other", "--with", "tool"])
        .success()
        .stderr_has(&format!("from {}: tool", url(8)));
    assert_eq!(home.tool_version("other"), "3.3");
}

#[test]
fn index_request_prefers_json_over_html() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let index = Index::with_tool("1.0");
    home.set("BOOT_INDEX_URL", &index.url());
    home.boot(["tool", "install", "tool"]).success();
    let asked = index.server.asked(&Index::page("tool"));
    let accept: Vec<&str> = asked
        .iter()
        .filter_map(|line| line.strip_prefix("accept: "))
        .collect();
    let [accept] = accept[..] else {
        panic!("{asked:?}")
    };
    // What has no q is wanted most (PEP 691).
    let kinds: Vec<(&str, f64)> = accept
        .split(',')
        .map(|kind| {
            kind.trim()
                .split_once(";q=")
                .map_or((kind.trim(), 1.0), |(kind, q)| (kind, q.parse().unwrap()))
        })
        .collect();
    assert_eq!(kinds[0], ("application/vnd.pypi.simple.v1+json", 1.0));
    let rank = |name: &str| {
        kinds
            .iter()
            .find(|(kind, _)| *kind == name)
            .unwrap_or_else(|| panic!("{accept}"))
            .1
    };
    assert!(
        rank("application/vnd.pypi.simple.v1+html") < 1.0 && rank("text/html") < 1.0,
        "{accept}"
    );
}

/// A static index of HTML pages and files.
struct Html {
    server: Server,
}

impl Html {
    /// Publishes these wheels of `name` on one page, each with further attributes of its anchor.
    fn page(&self, name: &str, head: &str, wheels: Vec<(Wheel, &str)>) {
        let mut page = format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\">{head}</head><body><h1>Links for \
             {name}</h1>\n"
        );
        for (wheel, attributes) in wheels {
            let (file, bytes) = (wheel.file_name(), wheel.bytes());
            let sha256 = Sha256::of(&bytes);
            self.server.put(
                &format!("/packages/{file}"),
                "application/octet-stream",
                bytes,
            );
            page.push_str(&format!(
                "<a href=\"../../packages/{file}#sha256={sha256}\" {attributes}>{file}</a><br/>\n"
            ));
        }
        self.server.put(
            &format!("/simple/{name}/"),
            "text/html; charset=utf-8",
            format!("{page}</body></html>").into_bytes(),
        );
    }
}

#[test]
fn tool_install_resolves_from_html_index() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let html = Html {
        server: Server::new(),
    };
    html.page(
        "tool",
        "",
        vec![
            (Wheel::new("tool", "1.0").command("tool", "too old"), ""),
            (
                Wheel::new("tool", "2.0")
                    .requires("first-one>=1")
                    .script("tool", "first_one:main"),
                "data-requires-python=\"&gt;=3.6,&lt;4\"",
            ),
            (
                Wheel::new("tool", "3.0").command("tool", "of tomorrow"),
                "data-requires-python=\"&gt;=4\"",
            ),
            (
                Wheel::new("tool", "4.0").command("tool", "withdrawn"),
                "data-yanked=\"it &quot;broke&quot;\"",
            ),
        ],
    );
    html.page(
        "first-one",
        "<base href=\"./\">",
        vec![(
            Wheel::new("first-one", "1.5")
                .requires("second[more]")
                .file(
                    "first_one.py",
                    "import second\ndef main():\n    print(second.WORD)\n",
                ),
            "data-core-metadata=\"true\"",
        )],
    );
    let second = Wheel::new("second", "1.0")
        .provides("more")
        .requires("third==1.*; extra == 'more'");
    html.page(
        "second",
        "",
        vec![(
            second.file(
                "second.py",
                "import third\nWORD = 'the end of the chain: ' + third.WORD\n",
            ),
            "rel=internal",
        )],
    );
    html.page(
        "third",
        "",
        vec![
            (
                Wheel::new("third", "1.9").file("third.py", "WORD = 'third 1.9'\n"),
                "",
            ),
            (
                Wheel::new("third", "2.0").file("third.py", "WORD = 'third 2.0'\n"),
                "",
            ),
        ],
    );
    home.set("BOOT_INDEX_URL", &format!("{}/simple/", html.server.url()));
    home.boot(["tool", "install", "tool"])
        .success()
        .stderr_has("installed tool 2.0");
    home.run(&mut home.command(home.bin().join("tool")))
        .success()
        .stdout_has("the end of the chain: third 1.9");
    // Such pages have no dates.
    home.boot([
        "tool",
        "install",
        "--force",
        "tool",
        "--before",
        "2026-01-01",
    ])
    .code(1)
    .one_error()
    .stderr_has("has no date");
    home.run(&mut home.command(home.bin().join("tool")))
        .success()
        .stdout_has("third 1.9");
    // The bytes are those that the page has the hash of.
    html.server.put(
        "/packages/third-1.9-py3-none-any.whl",
        "application/octet-stream",
        Wheel::new("third", "1.9").file("third.py", "").bytes(),
    );
    let _ = std::fs::remove_dir_all(home.root.join(".cache/boot"));
    home.boot(["tool", "install", "--force", "tool"])
        .code(1)
        .one_error()
        .stderr_has("SHA-256");
    home.run(&mut home.command(home.bin().join("tool")))
        .success()
        .stdout_has("third 1.9");
}

/// Counts the colour changes in a terminal's output.
fn colours(text: &str) -> usize {
    let ends = text.split("\u{1b}[").skip(1).filter_map(|rest| {
        rest.find(|c: char| !c.is_ascii_digit() && c != ';')
            .map(|end| &rest[end..])
    });
    ends.filter(|rest| rest.starts_with('m')).count()
}

#[test]
fn colours_appear_on_terminals_without_no_color() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let index = Index::with_tool("1.0");
    home.set("BOOT_INDEX_URL", &index.url());
    home.write(".bashrc", "PS1='> '\n");
    for (name, is_coloured) in [("", true), ("NO_COLOR", false)] {
        if !name.is_empty() {
            home.set(name, "1");
        }
        let Some(mut pty) = Pty::start(&home, "bash") else {
            return;
        };
        pty.type_line(&format!(
            "{BOOT} tool uninstall nobody; {BOOT} tool list --nonsense; {BOOT} tool install \
             --force tool; echo code=$?."
        ));
        pty.expect("code=0.");
        let shown = pty.screen();
        assert!(
            shown.contains("nobody isn't an installed tool") && shown.contains("--nonsense"),
            "{shown}"
        );
        assert_eq!(colours(&shown) > 0, is_coloured, "{shown:?}");
    }
    // What is no terminal sees none either way.
    let run = home.boot(["tool", "uninstall", "nobody"]).code(1);
    assert_eq!(colours(&run.stderr), 0, "{run}");
}
