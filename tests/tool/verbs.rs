//! Commands for installed tools: choosing commands, listing upgrades, running once.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::pty::Pty;
use crate::support::{BOOT, Fault, Home, Index, Mirror, Wheel};

fn speaker(version: &str) -> Wheel {
    let module = format!(
        "import sys\ndef main():\n    print('speaker {version}', *sys.argv[1:])\n\
         def other():\n    print('other {version}')\n"
    );
    Wheel::new("speaker", version)
        .file("speaker.py", &module)
        .script("speaker", "speaker:main")
        .script("speakerd", "speaker:other")
}

fn home() -> (Home, Index) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(speaker("1.0"));
    index.add(
        Wheel::new("helper", "2.0")
            .file(
                "helper.py",
                "WORD = 'helped'\ndef main():\n    print(WORD)\n",
            )
            .script("helper", "helper:main"),
    );
    (Home::ready(&mirror, &index), index)
}

fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .into()
}

#[test]
fn tool_expose_choice_is_kept_by_upgrade() {
    let (home, index) = home();
    home.boot(["tool", "install", "speaker", "--with", "helper"])
        .success();
    home.boot(["tool", "unexpose", "speaker", "speakerd"])
        .success();
    home.boot(["tool", "expose", "speaker", "speaker", "--as", "say"])
        .success()
        .stderr_has("linked say");
    home.boot(["tool", "expose", "speaker", "helper"]).success();
    home.boot(["tool", "expose", "speaker", "helper"])
        .success()
        .stderr_has("nothing to do");
    let there = |home: &Home| {
        let names = fs::read_dir(home.bin())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(there(&home), ["helper", "say", "speaker"]);
    assert_eq!(says(&home, "say"), "speaker 1.0");
    index.add(speaker("1.1"));
    home.boot(["tool", "upgrade"]).success().stderr_has("1.1");
    assert_eq!(there(&home), ["helper", "say", "speaker"]);
    assert_eq!(says(&home, "say"), "speaker 1.1");
    home.boot(["tool", "reinstall", "speaker"]).success();
    assert_eq!(there(&home), ["helper", "say", "speaker"]);
    home.boot(["tool", "expose", "speaker", "speakerd"])
        .success();
    assert_eq!(says(&home, "speakerd"), "other 1.1");
    home.boot(["tool", "uninstall", "speaker"]).success();
    assert_eq!(there(&home), [""; 0]);
}

#[test]
fn tool_expose_impossible_choice_is_one_error() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "expose", "speaker", "nothing"])
        .code(1)
        .one_error()
        .stderr_has("speakerd");
    for name in ["../x", "python3", "-x", "a/b"] {
        home.boot([
            "tool",
            "expose",
            "speaker",
            "speaker",
            &format!("--as={name}"),
        ])
        .code(2)
        .one_error();
    }
    home.write(".local/bin/mine", "x");
    home.boot(["tool", "expose", "speaker", "speaker", "--as", "mine"])
        .code(1)
        .one_error()
        .stderr_has("mine");
    assert_eq!(home.read(".local/bin/mine"), "x");
    home.boot(["tool", "unexpose", "speaker", "nothing"])
        .code(1)
        .one_error();
    home.boot(["tool", "expose", "nobody", "x"])
        .code(1)
        .one_error();
    assert_eq!(says(&home, "speaker"), "speaker 1.0", "nothing changed");
}

#[test]
fn tool_list_outdated_changes_nothing() {
    let (home, index) = home();
    home.boot(["tool", "install", "speaker", "helper"])
        .success();
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stderr_has("newest");
    index.add(speaker("1.1"));
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stdout_has("speaker  1.0  1.1");
    let json = home
        .boot(["tool", "list", "--outdated", "--json"])
        .success()
        .json();
    assert_eq!(json["tools"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            json["tools"][0]["version"].clone(),
            json["tools"][0]["newest"].clone()
        ),
        ("1.0".into(), "1.1".into())
    );
    home.boot(["tool", "pin", "speaker"]).success();
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stdout_has("(pinned)");
    assert_eq!(says(&home, "speaker"), "speaker 1.0");
    // What was asked for limits what is news.
    home.boot(["tool", "unpin", "speaker"]).success();
    home.boot(["tool", "install", "speaker<1.1"]).success();
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stderr_has("newest that was asked for");
}

#[test]
fn bootx_runs_tool_without_installing_it() {
    let (home, _index) = home();
    fs::create_dir_all(home.bin()).unwrap();
    symlink(BOOT, home.bin().join("bootx")).unwrap();
    let bootx = |args: &[&str]| home.run(home.command(home.bin().join("bootx")).args(args));
    assert_eq!(
        bootx(&["speaker", "to", "--you"]).success().stdout.trim(),
        "speaker 1.0 to --you"
    );
    assert_eq!(
        bootx(&["--from", "speaker", "speakerd"])
            .success()
            .stdout
            .trim(),
        "other 1.0"
    );
    bootx(&["--from", "speaker", "none"]).code(127).one_error();
    assert_eq!(
        home.boot(["tool", "list"]).success().stdout,
        "",
        "nothing is installed by it"
    );
}

/// Builds a tool that prints its version and its environment.
fn placed(version: &str) -> Wheel {
    let main = format!("import sys\ndef main():\n    print('{version}', sys.prefix)\n");
    Wheel::new("placed", version)
        .file("placed.py", &main)
        .script("placed", "placed:main")
}

#[test]
fn tool_run_uses_installed_tool_if_it_suits() {
    let (home, index) = home();
    index.add(placed("1.0"));
    index.add(placed("1.1"));
    home.boot(["tool", "install", "placed>=1.1"]).success();
    let installed = format!("1.1 {}", home.data().join("tools/placed").display());
    index.add(placed("2.0"));
    home.set_page_age();
    index.server.requests();
    for spec in ["placed", "placed>=1", "placed==1.1", "Placed@1.1"] {
        assert_eq!(
            home.boot(["tool", "run", spec]).success().stdout.trim(),
            installed,
            "{spec}"
        );
    }
    assert_eq!(
        index.server.requests(),
        [""; 0],
        "the installed one needs nobody"
    );
    // One that won't do is left as it is.
    let before = home.tree();
    let run = home.boot(["tool", "run", "placed==1.0"]).success();
    let (version, environment) = run.stdout.trim().split_once(' ').unwrap();
    assert!(
        version == "1.0"
            && environment.starts_with(&home.root.join(".cache/boot").display().to_string()),
        "{run}"
    );
    home.boot(["tool", "run", "placed>=2"])
        .success()
        .stdout_has("2.0 ");
    home.boot(["tool", "run", "placed", "--with", "helper"])
        .success()
        .stdout_lacks("tools/placed");
    assert_eq!(home.tree(), before);
    assert_eq!(says(&home, "placed"), installed);
    // What was made for it serves the second time, with nobody to ask.
    home.set_page_age();
    index.server.requests();
    for words in [
        ["placed==1.0"].as_slice(),
        &["placed>=2"],
        &["placed", "--with", "helper"],
    ] {
        home.boot([&["tool", "run"], words].concat())
            .success()
            .stdout_has(&home.root.join(".cache/boot").display().to_string());
    }
    assert_eq!(index.server.requests(), [""; 0], "the cached ones neither");
}

#[test]
fn tool_run_script_gets_its_dependencies() {
    let (mut home, index) = home();
    let script = "# /// script\n# dependencies = [\"helper>=2\"]\n# ///\nimport sys, helper\n\
                  print(helper.WORD, sys.argv)\n";
    home.write("a script.py", script);
    let run = home
        .boot(["tool", "run", "a script.py", "--", "-x", "y z"])
        .success();
    run.stdout_has("helped").stdout_has("'-x', 'y z'");
    // A second time from the cache, with nobody to ask.
    index.server.requests();
    home.set("BOOT_OFFLINE", "1");
    home.boot(["tool", "run", "a script.py"])
        .success()
        .stdout_has("helped");
    assert_eq!(index.server.requests(), [""; 0]);
    home.set("BOOT_OFFLINE", "0");
    home.write(
        "plain.py",
        "import sys\nprint('plain', sys.prefix != sys.base_prefix)\nsys.exit(7)\n",
    );
    home.boot(["tool", "run", "plain.py"])
        .code(7)
        .stdout_has("plain True");
    // What it doesn't say itself can be said for it.
    home.write(
        "needy.py",
        "import helper, sys\nprint('needy', helper.WORD, sys.argv[1:])\nsys.exit(7)\n",
    );
    home.boot(["tool", "run", "needy.py"])
        .code(1)
        .stderr_has("No module named 'helper'");
    home.boot(["tool", "run", "needy.py", "--with", "helper", "--", "x"])
        .code(7)
        .stdout_has("needy helped ['x']");
    home.write("bad.py", "# /// script\n# dependencies = [\n# ///\n");
    home.boot(["tool", "run", "bad.py"])
        .code(1)
        .one_error()
        .stderr_has("bad.py");
    home.write(
        "late.py",
        "# /// script\n# requires-python = \">=99\"\n# ///\n",
    );
    home.boot(["tool", "run", "late.py"]).code(1).one_error();
}

#[test]
#[cfg(target_os = "linux")]
fn tool_upgrade_shows_progress_and_one_line_per_tool() {
    let (mut home, index) = home();
    index.add(Wheel::new("broken", "1.0").command("broken", "x"));
    home.boot(["tool", "install", "speaker", "helper", "broken"])
        .success();
    index.add(speaker("1.1"));
    index.add(Wheel::new("helper", "2.1").command("helper", "newer"));
    let lost = index.add(Wheel::new("broken", "1.1").command("broken", "y"));
    let (kind, whole) = index.server.content(&lost);
    index
        .server
        .put(&lost, "text/html", b"<html>log in</html>".to_vec());
    // As long as it takes until the test has seen enough.
    home.set("BOOT_READ_TIMEOUT", "120");
    for name in ["speaker", "helper"] {
        index.server.fault(&Index::page(name), Fault::Held(10));
    }
    home.set_page_age();
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!("{BOOT} tool upgrade; echo code=$?."));
    // What each is at is shown meanwhile, a line each, drawn anew from the first one.
    pty.expect("speaker resolving");
    pty.expect("helper resolving");
    pty.expect("\u{1b}[1A");
    index.server.mend();
    // One fails, and stops no other.
    pty.expect("code=4.");
    let shown = pty.screen();
    drop(pty);
    assert!(
        shown.contains("upgraded speaker 1.0 -> 1.1")
            && shown.contains("upgraded helper 2.0 -> 2.1"),
        "{shown}"
    );
    assert_eq!(says(&home, "speaker"), "speaker 1.1");
    assert_eq!(says(&home, "broken"), "x");
    // Without a terminal: what came of it, and nothing else.
    index.server.put(&lost, &kind, whole);
    let run = home.boot(["tool", "upgrade"]).success();
    assert_eq!(run.stderr.lines().count(), 3, "a line a tool: {run}");
    run.stderr_has("upgraded broken 1.0 -> 1.1")
        .stderr_has("speaker 1.1 is the newest");
    home.boot(["tool", "reinstall", "--all"])
        .success()
        .stderr_has("reinstalled speaker 1.1")
        .stderr_has("reinstalled helper 2.1");
    home.boot(["tool", "uninstall", "speaker", "nobody", "helper"])
        .code(4)
        .stderr_has("nobody")
        .stderr_has("uninstalled helper");
    home.boot(["tool", "uninstall", "--all"])
        .success()
        .stderr_has("uninstalled broken");
    home.boot(["tool", "list"])
        .success()
        .stderr_has("no tools are installed");
}

#[test]
fn tool_install_moves_pinned_tool_to_requested_version() {
    let (home, index) = home();
    index.add(speaker("1.1"));
    home.write("limits.txt", "helper<3\n");
    home.boot([
        "tool",
        "install",
        "speaker",
        "--with",
        "helper",
        "--constraint",
        "limits.txt",
    ])
    .success();
    home.boot(["tool", "pin", "speaker"]).success();
    home.boot(["tool", "install", "speaker==1.0"])
        .success()
        .stderr_has("downgraded speaker 1.1 -> 1.0");
    index.add(Wheel::new("helper", "3.0").file("helper.py", ""));
    home.boot(["tool", "upgrade"]).success();
    let tool = &home.boot(["tool", "list", "--json"]).success().json()["tools"][0];
    assert_eq!(
        (&tool["pinned"], &tool["version"]),
        (&true.into(), &"1.0".into())
    );
    home.boot(["tool", "unpin", "speaker"]).success();
    home.boot(["tool", "install", "speaker"])
        .success()
        .stderr_has("speaker 1.0 is already installed");
    home.boot(["tool", "install", "speaker>=1.1"])
        .success()
        .stderr_has("upgraded speaker 1.0 -> 1.1");
    let tool = &home.boot(["tool", "list", "--json"]).success().json()["tools"][0];
    assert_eq!(
        tool["injected"][0]["version"], "2.0",
        "the constraint holds"
    );
}

#[test]
fn tool_upgrade_names_new_packages_and_commands() {
    let (home, index) = home();
    index.add(Wheel::new("extra", "1.0").file("extra.py", ""));
    home.boot(["tool", "install", "speaker", "--with", "extra"])
        .success();
    index.add(
        Wheel::new("extra", "1.1")
            .requires("helper")
            .file("extra.py", "new = 1\n"),
    );
    home.set_page_age();
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("upgraded packages of speaker 1.0")
        .stderr_has(": extra 1.0 -> 1.1, helper 2.0 is new\n");
    index.add(speaker("2.0").script("louder", "speaker:other"));
    home.set_page_age();
    let run = home
        .boot(["tool", "upgrade", "speaker"])
        .success()
        .stderr_has("upgraded speaker 1.0 -> 2.0");
    assert!(run.stderr.trim_end().ends_with("; new: louder"), "{run}");
}

#[test]
fn tool_uninject_removes_what_is_there_and_names_the_rest() {
    let (home, index) = home();
    index.add(Wheel::new("extra", "1.0").file("extra.py", ""));
    home.boot([
        "tool", "install", "speaker", "--with", "helper", "--with", "extra",
    ])
    .success();
    home.boot(["tool", "uninject", "speaker", "helper", "nobody"])
        .code(4)
        .one_error()
        .stderr_has("nobody")
        .stderr_has("helper");
    let injected = |home: &Home| {
        home.boot(["tool", "list", "--json"]).success().json()["tools"][0]["injected"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(injected(&home), 1);
    home.boot(["tool", "uninject", "speaker", "helper"])
        .code(1)
        .one_error()
        .stderr_has("helper");
    home.boot(["tool", "uninject", "speaker", "Extra"])
        .success();
    assert_eq!(injected(&home), 0);
}
