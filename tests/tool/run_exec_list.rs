//! `boot tool run`, `exec` and `list`: visible packages, exit codes, and the report for scripts and
//! people.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Home, Index, Mirror, Wheel};

/// Program that prints its arguments and importable modules, and ends as its arguments say.
const GUEST: &str = "import os, sys\n\
    def word(name):\n    try:\n        return __import__(name).WORD\n    except \
    ImportError:\n        return '-'\n\
    def main():\n    print('guest', sys.argv[1:], word('helper'), word('other'))\n    \
    if sys.argv[1:2] == ['die']:\n        sys.stdout.flush()\n        os.kill(os.getpid(), \
    15)\n    \
    sys.exit(int(sys.argv[2]) if sys.argv[1:2] == ['end'] else 0)\n";

fn helper(version: &str) -> Wheel {
    Wheel::new("helper", version).file("helper.py", &format!("WORD = 'helper {version}'\n"))
}

fn home() -> (Mirror, Index, Home) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(
        Wheel::new("guest", "1.0")
            .provides("more")
            .requires("other; extra == 'more'")
            .file("guest.py", GUEST)
            .script("guest", "guest:main"),
    );
    index.add(helper("1.0"));
    index.add(helper("2.0"));
    index.add(Wheel::new("other", "1.0").file("other.py", "WORD = 'other'\n"));
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    (mirror, index, home)
}

#[test]
fn tool_run_sees_only_its_own_packages() {
    let (_mirror, _index, home) = home();
    home.write("mine/helper.py", "WORD = 'mine'\n");
    home.write("needs.txt", "other\n");
    for (words, says) in [
        (&["guest"][..], "guest [] - -"),
        (
            &["guest", "--", "--with", "a b", "-x"],
            "guest ['--with', 'a b', '-x'] - -",
        ),
        (&["--with", "helper", "guest"], "guest [] helper 2.0 -"),
        (
            &["--with", "helper<2", "guest", "--", "x"],
            "guest ['x'] helper 1.0 -",
        ),
        (
            &["--with", "helper==1.0", "--with", "other", "guest==1.0"],
            "guest [] helper 1.0 other",
        ),
        (&["guest[more]"], "guest [] - other"),
        (
            &["--from", "guest", "--with", "helper", "guest", "y"],
            "guest ['y'] helper 2.0 -",
        ),
    ] {
        for _ in 0..2 {
            let run = home.run(
                home.command(crate::support::BOOT)
                    .args(["tool", "run"])
                    .args(words)
                    .env("PYTHONPATH", home.root.join("mine")),
            );
            assert_eq!(run.success().stdout.trim(), says, "{words:?}");
        }
    }
    // Nor is the installed one changed by what goes with it for once.
    home.boot(["tool", "install", "guest"]).success();
    let before = home.tree();
    home.boot(["tool", "run", "--with", "helper", "guest"])
        .success()
        .stdout_has("helper 2.0");
    home.boot(["tool", "run", "guest"])
        .success()
        .stdout_has("guest [] - -");
    home.boot(["tool", "run", "--with", "no-such-package", "guest"])
        .code(1)
        .one_error()
        .stderr_has("no-such-package");
    home.boot(["tool", "run", "--with", "helper>2", "guest"])
        .code(1)
        .one_error()
        .stderr_has("helper");
    assert_eq!(home.tree(), before);
}

#[test]
fn tool_run_passes_exit_code_and_signal() {
    let (_mirror, _index, home) = home();
    for install in [false, true] {
        if install {
            home.boot(["tool", "install", "guest"]).success();
        }
        home.boot(["tool", "run", "guest", "--", "end", "7"])
            .code(7)
            .stdout_has("guest ['end', '7']");
        home.boot([
            "tool", "run", "--with", "helper", "guest", "--", "end", "127",
        ])
        .code(127)
        .stdout_has("helper 2.0");
        let run = home
            .boot(["tool", "run", "guest", "--", "die"])
            .stdout_has("guest ['die']");
        assert_eq!(run.code, None, "the signal is what ended it: {run}");
    }
    home.boot(["tool", "run", "helper"]).one_error();
    home.boot(["tool", "run", "--from", "guest", "host"])
        .code(127)
        .one_error()
        .stderr_has("guest");
}

#[test]
fn tool_exec_puts_commands_of_environment_first() {
    let (_mirror, _index, home) = home();
    home.boot(["tool", "install", "guest", "--with", "helper"])
        .success();
    home.program(".local/bin/python", "#!/bin/sh\necho another\n");
    let environment = home.data().join("tools/guest").display().to_string();
    let run = home.boot([
        "tool",
        "exec",
        "guest",
        "--",
        "sh",
        "-c",
        "command -v python; command -v guest; echo $VIRTUAL_ENV; pwd; echo \"$@\"",
        "sh",
        "a b",
        "-x",
    ]);
    let run = run.success();
    let lines: Vec<&str> = run.stdout.lines().collect();
    let here = home.root.display().to_string();
    assert_eq!(
        lines,
        [
            &format!("{environment}/bin/python"),
            &format!("{environment}/bin/guest"),
            &environment,
            &here,
            "a b -x"
        ],
        "{run}"
    );
    let program = "import helper, sys; print(helper.WORD, sys.prefix)";
    let run = home
        .boot(["tool", "exec", "guest", "--", "python", "-c", program])
        .success();
    assert_eq!(run.stdout.trim(), format!("helper 2.0 {environment}"));
    // By the tool's own name, and another of the same package by its suffix.
    home.boot(["tool", "install", "guest", "--suffix=-two"])
        .success();
    home.boot(["tool", "exec", "Guest-two", "--", "guest"])
        .success()
        .stdout_has("guest [] - -");
    home.boot(["tool", "exec", "GUEST", "--", "guest", "end", "3"])
        .code(3)
        .stdout_has("helper 2.0");
}

/// Returns the keys of an object.
fn keys(value: &serde_json::Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap_or_else(|| panic!("{value}"))
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn tool_list_json_has_every_documented_key() {
    let (mirror, index, home) = home();
    let empty = home.boot(["tool", "list", "--json"]).success();
    assert_eq!(empty.json(), serde_json::json!({"schema": 1, "tools": []}));
    index.add(
        Wheel::new("second", "3.0")
            .command("second", "second")
            .script("second-too", "second:main"),
    );
    home.boot([
        "tool",
        "install",
        "Guest>=1,<2",
        "--suffix=-old",
        "--with",
        "helper<2",
        "--with",
        "other",
    ])
    .success();
    home.boot(["tool", "install", "second"]).success();
    home.boot(["tool", "pin", "guest-old"]).success();
    let run = home.boot(["tool", "list", "--json"]).success();
    assert!(
        run.stdout.starts_with("{\"schema\":1,")
            || run
                .stdout
                .trim_start_matches(['{', '\n', ' '])
                .starts_with("\"schema\": 1"),
        "{run}"
    );
    let list = run.json();
    assert_eq!(keys(&list), ["schema", "tools"].into());
    let [guest, second] = &list["tools"].as_array().unwrap()[..] else {
        panic!("{list}")
    };
    for tool in [guest, second] {
        assert_eq!(
            keys(tool),
            [
                "name", "version", "spec", "suffix", "python", "pinned", "env", "apps", "injected"
            ]
            .into(),
            "{tool}"
        );
        assert_eq!(tool["python"], mirror.key.to_string());
        tool["apps"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|app| assert_eq!(keys(app), ["name", "path"].into(), "{app}"));
        tool["injected"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|one| assert_eq!(keys(one), ["name", "version", "spec"].into(), "{one}"));
    }
    let path = |name: &str| home.bin().join(name).display().to_string();
    let environment = |name: &str| home.data().join("tools").join(name).display().to_string();
    assert_eq!(
        (&guest["name"], &guest["version"], &guest["suffix"]),
        (&"guest".into(), &"1.0".into(), &"-old".into())
    );
    let spec = guest["spec"].as_str().unwrap();
    assert!(
        spec.starts_with("guest") && spec.contains(">=1") && spec.contains("<2"),
        "{spec}"
    );
    assert_eq!(
        (&guest["pinned"], &guest["env"]),
        (&true.into(), &environment("guest-old").into())
    );
    assert_eq!(
        guest["apps"],
        serde_json::json!([{"name": "guest-old", "path": path("guest-old")}])
    );
    assert_eq!(
        guest["injected"],
        serde_json::json!([
            {"name": "helper", "version": "1.0", "spec": "helper<2"},
            {"name": "other", "version": "1.0", "spec": "other"},
        ])
    );
    assert_eq!(
        (&second["suffix"], &second["pinned"], &second["spec"]),
        (&"".into(), &false.into(), &"second".into())
    );
    assert_eq!(
        second["apps"],
        serde_json::json!([
            {"name": "second", "path": path("second")},
            {"name": "second-too", "path": path("second-too")},
        ])
    );
    assert_eq!(
        (&second["env"], &second["injected"]),
        (&environment("second").into(), &serde_json::json!([]))
    );
    // What it says is there is there.
    for tool in [guest, second] {
        assert!(
            fs::metadata(tool["env"].as_str().unwrap())
                .unwrap()
                .is_dir()
        );
        for app in tool["apps"].as_array().unwrap() {
            home.run(&mut home.command(app["path"].as_str().unwrap()))
                .success();
        }
    }

    // The same for people: a row a tool, with its Python, its commands, and what was injected.
    let table = home.boot(["tool", "list"]).success();
    let row = |name: &str| {
        table
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{table}"))
    };
    for (name, words) in [
        (
            "guest-old",
            &[
                "1.0",
                &mirror.version(),
                "guest-old",
                "helper 1.0",
                "other 1.0",
                "pinned",
            ][..],
        ),
        ("second", &["3.0", &mirror.version(), "second, second-too"]),
    ] {
        let lacking: Vec<_> = words
            .iter()
            .filter(|word| !row(name).contains(**word))
            .collect();
        assert!(lacking.is_empty(), "no {lacking:?} in {table}");
    }
    assert!(
        !row("second ").contains("pinned") && !row("second ").contains("helper"),
        "{table}"
    );
}
