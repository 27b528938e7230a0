//! Names, paths and requests that are easily confused, and commands that are missing, hidden or
//! foreign.

use std::fs;

use crate::support::pty::Pty;
use crate::support::sdist::Source;
use crate::support::{BOOT, Home, Index, Mirror, Wheel};

fn home() -> (Mirror, Index, Home) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("speaker", "1.0").command("speaker", "1.0"));
    index.add(Wheel::new("speaker", "2.0").command("speaker", "2.0"));
    index.add(Wheel::new("speaker-two", "5.0").command("speaker-two", "another"));
    index.add(Wheel::new("helper", "1.0").command("helper", "helped"));
    let home = Home::ready(&mirror, &index);
    (mirror, index, home)
}

fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .into()
}

fn tools(home: &Home) -> Vec<String> {
    let list = home.boot(["tool", "list", "--json"]).success().json();
    let name = |tool: &serde_json::Value| {
        format!("{}{} {}", tool["name"], tool["suffix"], tool["version"]).replace('"', "")
    };
    list["tools"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn tool_suffix_is_not_mistaken_for_a_name() {
    let (_mirror, _index, home) = home();
    home.boot(["tool", "install", "speaker", "--suffix=_two"])
        .success();
    home.boot(["tool", "install", "speaker-two"]).success();
    // Each by the name that it has.
    home.boot(["tool", "pin", "speaker_two"])
        .success()
        .stderr_has("pinned speaker_two at 2.0");
    home.boot(["tool", "uninstall", "speaker_two"])
        .success()
        .stderr_has("uninstalled speaker_two");
    assert_eq!(tools(&home), ["speaker-two 5.0"]);
    // One name for two packages is one too many.
    home.boot(["tool", "install", "speaker", "--suffix=-two"])
        .code(2)
        .one_error()
        .stderr_has("speaker-two is here already");
    home.boot(["tool", "install", "--force", "speaker", "--suffix=-two"])
        .code(2)
        .one_error();
    assert_eq!(
        (tools(&home), says(&home, "speaker-two")),
        (vec!["speaker-two 5.0".into()], "another".into())
    );
    home.boot(["tool", "uninstall", "speaker-two"]).success();
    home.boot(["tool", "install", "speaker", "--suffix=-two"])
        .success();
    home.boot(["tool", "install", "speaker-two"])
        .code(2)
        .one_error()
        .stderr_has("it is speaker with the suffix -two");
    assert_eq!(says(&home, "speaker-two"), "2.0");
}

#[test]
fn tool_install_two_requests_for_one_tool_are_merged() {
    let (_mirror, _index, home) = home();
    home.boot(["tool", "install", "speaker<2", "helper", "Speaker>=1"])
        .success();
    assert_eq!(tools(&home), ["helper 1.0", "speaker 1.0"]);
    home.boot(["tool", "install", "speaker==1.0", "speaker==2.0"])
        .code(1)
        .one_error();
    home.boot([
        "tool",
        "install",
        "speaker",
        "speaker @ https://example.invalid/speaker-3.0-py3-none-any.whl",
    ])
    .code(2)
    .one_error();
    assert_eq!(tools(&home), ["helper 1.0", "speaker 1.0"]);
}

#[test]
fn tool_install_and_upgrade_restore_lost_command_file() {
    let (_mirror, _index, home) = home();
    home.boot(["tool", "install", "speaker"]).success();
    for verb in ["install", "upgrade"] {
        fs::remove_file(home.data().join("tools/speaker/bin/speaker")).unwrap();
        home.boot(["doctor"])
            .code(1)
            .stdout_has("its command speaker is gone");
        home.boot(["tool", verb, "speaker"]).success();
        assert_eq!(says(&home, "speaker"), "2.0", "{verb}");
    }
}

#[test]
fn tool_inject_expose_links_again_after_unexpose() {
    let (_mirror, _index, home) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "inject", "--expose", "speaker", "helper"])
        .success()
        .stderr_has(": helper");
    home.boot(["tool", "unexpose", "speaker", "helper"])
        .success();
    home.boot(["tool", "reinstall", "speaker"]).success();
    assert!(!home.bin().join("helper").exists(), "a choice is kept");
    home.boot(["tool", "uninject", "speaker", "helper"])
        .success();
    home.boot(["tool", "inject", "--expose", "speaker", "helper"])
        .success()
        .stderr_has(": helper");
    assert_eq!(says(&home, "helper"), "helped");
    home.write("none.txt", "# nothing yet\n");
    home.boot(["tool", "inject", "speaker", "-r", "none.txt"])
        .success()
        .stderr_has("nothing is to be injected into speaker");
}

#[test]
fn tool_of_branch_stays_at_commit_until_upgrade() {
    let (_mirror, _index, home) = home();
    let source = Source::new("mine", "1.0", "first");
    let folder = source.repository(&home, "mine");
    home.boot([
        "tool",
        "install",
        &format!("git+file://{}", folder.display()),
    ])
    .success();
    fs::write(folder.join("mine.py"), "def main():\n    print('second')\n").unwrap();
    let git = |words: &[&str]| {
        home.run(home.command("git").arg("-C").arg(&folder).args(words))
            .success()
    };
    git(&[
        "-c",
        "user.name=me",
        "-c",
        "user.email=me@example.org",
        "commit",
        "-qam",
        "second",
    ]);
    let commit = git(&["rev-parse", "HEAD"]).stdout.trim().to_string();
    // What goes on around it moves nothing, and news are told.
    for words in [
        ["inject", "mine", "helper"].as_slice(),
        &["uninject", "mine", "helper"],
        &["reinstall", "mine"],
    ] {
        home.boot([&["tool"], words].concat()).success();
        assert_eq!(says(&home, "mine"), "first", "{words:?}");
    }
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stdout_has(&format!("1.0 ({})", &commit[..7]));
    home.boot(["tool", "pin", "mine"]).success();
    home.boot(["tool", "upgrade"]).success();
    fs::remove_dir_all(home.data().join("tools/mine/bin")).unwrap();
    home.boot(["tool", "upgrade"]).success();
    assert_eq!(
        says(&home, "mine"),
        "first",
        "a held one is mended as it was"
    );
    home.boot(["tool", "unpin", "mine"]).success();
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has(&format!(" -> {}", &commit[..7]));
    assert_eq!(says(&home, "mine"), "second");
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stdout_lacks("mine");
}

#[test]
fn tool_install_prefers_boot_python_over_default() {
    let (mirror, index, mut home) = home();
    index.add(
        Wheel::new("where", "1.0")
            .script("where", "where:main")
            .file(
                "where.py",
                "def main():\n    import sys; print(sys.base_prefix)\n",
            ),
    );
    home.plant(&mirror, "3.4.1");
    home.boot(["python", "pin", "--global", &mirror.minor()])
        .success();
    home.set("BOOT_PYTHON", "3.4");
    home.boot(["tool", "install", "where"])
        .success()
        .stderr_has("(3.4.1)");
    // It is no wish of the tool's: what it has, it keeps.
    home.set("BOOT_PYTHON", &mirror.minor());
    home.boot(["tool", "reinstall", "where"])
        .success()
        .stderr_has("(3.4.1)");
    home.boot(["tool", "install", "speaker"])
        .success()
        .stderr_has(&format!("({})", mirror.version()));
}

#[test]
fn tool_run_reads_script_block_and_markers() {
    let (_mirror, _index, home) = home();
    let block =
        "# /// script\n# dependencies = [\"helper\", \"nobody; python_version < '3'\"]\n# ///\n";
    home.write(
        "task",
        &format!("#!/usr/bin/env -S boot tool run\n{block}import helper\nprint('done')\n"),
    );
    home.boot(["tool", "run", "./task"])
        .success()
        .stdout_has("done")
        .stderr_has("nobody is left out");
}

#[test]
fn tool_exec_pip_is_never_that_of_path() {
    let (_mirror, _index, mut home) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.program("tempting/pip", "#!/bin/sh\necho tempted\n");
    home.set(
        "PATH",
        &format!("{}:/usr/bin:/bin", home.root.join("tempting").display()),
    );
    let run = home.boot(["tool", "exec", "speaker", "--", "pip", "--version"]);
    run.stdout_lacks("tempted");
}

#[test]
fn tool_install_yanked_version_needs_exact_request() {
    let (_mirror, index, home) = home();
    index.yank("speaker", "speaker-2.0-py3-none-any.whl");
    home.boot(["tool", "install", "speaker==2.0"])
        .success()
        .stderr_has("speaker 2.0 was withdrawn");
    home.boot(["tool", "install", "--force", "speaker"])
        .success()
        .stderr_lacks("withdrawn");
    assert_eq!(says(&home, "speaker"), "1.0");
}

#[test]
fn tool_install_names_each_failure_on_terminal() {
    let (_mirror, index, home) = home();
    for name in ["one", "two"] {
        index.add(
            Wheel::new(name, "1.0")
                .requires("nowhere-to-be-found")
                .command(name, name),
        );
    }
    let run = home
        .boot(["tool", "install", "one", "speaker", "two"])
        .code(4);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "{run}");
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!(
        "{BOOT} tool install one helper two; echo code=$?."
    ));
    pty.expect("code=4.");
    let shown = pty.screen();
    for name in ["one", "two"] {
        assert!(
            shown.contains(&format!("{name} ")) || shown.contains(&format!("{name}:")),
            "{shown}"
        );
    }
    assert_eq!(shown.matches("error:").count(), 2, "{shown}");
    // Nothing is drawn over what was said.
    let last = shown.rfind("error:").unwrap();
    let line = shown[last..].lines().next().unwrap();
    assert!(
        !shown[last + line.len()..].contains("\u{1b}[1A\r\u{1b}[2K\u{1b}[1A\r\u{1b}[2K\u{1b}[1A"),
        "{shown:?}"
    );
}

/// A marker belongs to the request: another Python may meet it.
#[test]
fn tool_inject_markers_follow_python_of_tool() {
    let (mirror, index, home) = home();
    index.add(Wheel::new("backport", "1.0").file("backport.py", ""));
    index.add(Wheel::new("modern", "1.0").file("modern.py", ""));
    let minor = mirror.minor();
    let key = mirror
        .key
        .to_string()
        .replacen(&mirror.version(), "3.4.1", 1);
    home.plant(&mirror, "3.4.1");
    let record = home.data().join("pythons").join(&key).join("boot.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    about["facts"]["markers"]["python_version"] = "3.4".into();
    about["facts"]["markers"]["python_full_version"] = "3.4.1".into();
    fs::write(record, about.to_string()).unwrap();
    home.write(
        "more.txt",
        "backport ; python_version < '3.5'\nmodern ; python_version >= '3.5'\n\
                            helper==1.* ; python_version < '3.5'\n\
                            helper ; python_version >= '3.5'\n",
    );
    let injected = || -> Vec<String> {
        let list = home.boot(["tool", "list", "--json"]).success().json();
        let mut names: Vec<String> = list["tools"][0]["injected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_string())
            .collect();
        names.dedup();
        names
    };
    let install = home
        .boot([
            "tool", "install", "speaker", "--python", &minor, "-r", "more.txt",
        ])
        .success();
    install
        .stderr_has("backport is left out")
        .stderr_lacks("modern is left out")
        .stderr_lacks("helper is left out");
    assert_eq!(injected(), ["modern", "helper"]);
    home.boot(["tool", "install", "speaker", "-r", "more.txt"])
        .success()
        .stderr_has("already");
    home.boot(["tool", "reinstall", "speaker", "--python", "3.4"])
        .success()
        .stderr_has("modern is left out");
    assert_eq!(injected(), ["backport", "helper"]);
    // Only what it doesn't need here: it is kept in mind, and said.
    home.boot([
        "tool", "uninject", "speaker", "backport", "modern", "helper",
    ])
    .success();
    home.boot([
        "tool",
        "inject",
        "speaker",
        "modern; python_version >= '3.5'",
    ])
    .success()
    .stderr_has("modern is left out");
    assert_eq!(injected(), [""; 0]);
    home.boot([
        "tool",
        "inject",
        "speaker",
        "modern; python_version >= '3.5'",
    ])
    .success()
    .stderr_has("already");
    home.boot(["tool", "reinstall", "speaker", "--python", &minor])
        .success();
    assert_eq!(injected(), ["modern"]);
}
