//! Workflows of pipx users: two versions beside each other, commands of a dependency, requirements
//! files, work inside an environment.

use std::fs;

use crate::support::{Home, Index, Mirror, Wheel};

fn speaker(version: &str) -> Wheel {
    Wheel::new("speaker", version).command("speaker", &format!("speaker {version}"))
}

/// Creates a home with two versions of a speaker, and a helper with a command.
fn home() -> (Home, Index) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(speaker("1.0"));
    index.add(speaker("2.0"));
    index.add(Wheel::new("helper", "1.0").command("helper", "helped"));
    (Home::ready(&mirror, &index), index)
}

fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .into()
}

/// Lists the names in the bin folder, sorted.
fn linked(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(home.bin())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn tool_install_suffix_keeps_two_versions() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "install", "speaker==1.0", "--suffix", "@1"])
        .success()
        .stderr_has("speaker@1 1.0");
    assert_eq!(
        (says(&home, "speaker"), says(&home, "speaker@1")),
        ("speaker 2.0".into(), "speaker 1.0".into())
    );
    let json = home.boot(["tool", "list", "--json"]).success().json();
    let of = |number: usize| {
        (
            json["tools"][number]["name"].clone(),
            json["tools"][number]["suffix"].clone(),
        )
    };
    assert_eq!(
        (of(0), of(1)),
        (
            ("speaker".into(), "".into()),
            ("speaker".into(), "@1".into())
        )
    );
    home.boot(["tool", "list"])
        .success()
        .stdout_has("speaker@1  1.0");
    // Each is upgraded by what it was asked for, and goes alone.
    home.boot(["tool", "upgrade", "speaker@1"])
        .success()
        .stderr_has("speaker@1 1.0 is the newest");
    home.boot(["tool", "uninstall", "speaker@1"]).success();
    assert_eq!(linked(&home), ["speaker"]);
    home.boot(["tool", "uninstall", "speaker@1"])
        .code(1)
        .one_error();
    assert_eq!(says(&home, "speaker"), "speaker 2.0");
    for wrong in ["/../x", " x", "a/b"] {
        home.boot(["tool", "install", "speaker", "--suffix", wrong])
            .code(2)
            .one_error();
    }
    assert_eq!(linked(&home), ["speaker"]);
}

#[test]
fn tool_install_expose_from_links_commands_of_dependency() {
    let (home, index) = home();
    index.add(
        Wheel::new("quiet", "1.0")
            .requires("helper")
            .file("quiet.py", ""),
    );
    home.boot(["tool", "install", "quiet"])
        .code(1)
        .one_error()
        .stderr_has("--expose-from");
    for (package, with) in [
        ("nobody", "helper"),
        ("speaker", "helper"),
        ("quiet", "helper"),
    ] {
        let run = home.boot([
            "tool",
            "install",
            "quiet",
            "--with",
            with,
            "--expose-from",
            package,
        ]);
        run.code(1).one_error().stderr_has(package);
    }
    assert_eq!(
        home.boot(["tool", "list"]).success().stdout,
        "",
        "nothing was installed meanwhile"
    );
    home.boot(["tool", "install", "quiet", "--expose-from", "Helper"])
        .success()
        .stderr_has(": helper");
    assert_eq!(says(&home, "helper"), "helped");
    home.boot(["tool", "reinstall", "quiet"]).success();
    assert_eq!(linked(&home), ["helper"]);
}

#[test]
fn tool_inject_expose_links_and_uninject_removes_commands() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "inject", "speaker", "helper"]).success();
    assert_eq!(linked(&home), ["speaker"]);
    home.boot(["tool", "inject", "speaker", "helper", "--expose"])
        .success()
        .stderr_has("injected helper 1.0 into speaker 2.0: helper");
    assert_eq!(says(&home, "helper"), "helped");
    home.boot(["tool", "inject", "speaker", "helper", "--expose"])
        .success()
        .stderr_has("already has helper 1.0");
    home.boot(["tool", "uninject", "speaker", "helper"])
        .success();
    assert_eq!(linked(&home), ["speaker"]);
    // Another tool's command stays that tool's, and what is advised can be typed.
    home.boot(["tool", "install", "helper"]).success();
    let before = home.tree();
    home.boot(["tool", "inject", "speaker", "helper", "--expose"])
        .code(1)
        .one_error()
        .stderr_has("boot tool unexpose helper helper");
    assert_eq!(home.tree(), before);
    home.boot(["tool", "unexpose", "helper", "helper"])
        .success();
    home.boot(["tool", "inject", "speaker", "helper", "--expose"])
        .success();
    home.boot(["tool", "uninstall", "speaker"]).success();
    assert_eq!(
        linked(&home),
        [""; 0],
        "what was injected leaves no command behind"
    );
}

/// Lists the packages in a tool's environment as `NAME-VERSION`, sorted.
fn packages(home: &Home, tool: &str) -> Vec<String> {
    let lib = fs::read_dir(home.data().join("tools").join(tool).join("lib"))
        .unwrap()
        .flatten()
        .next()
        .unwrap();
    let names = fs::read_dir(lib.path().join("site-packages"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().into_string().unwrap());
    let mut infos: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".dist-info").map(str::to_string))
        .collect();
    infos.sort();
    infos
}

#[test]
fn tool_uninject_restores_earlier_packages() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(
        Wheel::new("choir", "1.0")
            .requires("voice")
            .command("choir", "choir"),
    );
    index.add(Wheel::new("voice", "1.0").file("voice.py", ""));
    index.add(Wheel::new("voice", "2.0").file("voice.py", ""));
    index.add(
        Wheel::new("organ", "1.0")
            .requires("pipe")
            .requires("voice<2")
            .file("organ.py", ""),
    );
    index.add(
        Wheel::new("pipe", "1.0")
            .requires("tin")
            .file("pipe.py", ""),
    );
    index.add(Wheel::new("tin", "1.0").file("tin.py", ""));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "choir"]).success();
    let before = packages(&home, "choir");
    assert_eq!(before, ["choir-1.0", "voice-2.0"]);
    home.boot(["tool", "inject", "choir", "organ"]).success();
    assert_eq!(
        packages(&home, "choir"),
        ["choir-1.0", "organ-1.0", "pipe-1.0", "tin-1.0", "voice-1.0"]
    );
    home.boot(["tool", "uninject", "choir", "organ"]).success();
    assert_eq!(packages(&home, "choir"), before);
}

#[test]
fn tool_install_taken_command_stays_with_first_tool() {
    let (home, index) = home();
    index.add(Wheel::new("rival", "1.0").command("speaker", "rival"));
    home.boot(["tool", "install", "speaker"]).success();
    let before = home.tree();
    home.boot(["tool", "install", "rival"])
        .code(1)
        .one_error()
        .stderr_has("the tool speaker")
        .stderr_has("--suffix");
    assert_eq!(home.tree(), before);
    home.boot(["tool", "install", "rival", "--suffix=-2"])
        .success();
    assert_eq!(
        (says(&home, "speaker"), says(&home, "speaker-2")),
        ("speaker 2.0".into(), "rival".into())
    );
    home.boot(["tool", "install", "rival", "--force"]).success();
    assert_eq!(says(&home, "speaker"), "rival");
    // Who lost the name works on without it, and doesn't take it along.
    index.add(speaker("3.0"));
    home.set_page_age();
    home.boot(["tool", "upgrade", "speaker"])
        .success()
        .stderr_has("2.0 -> 3.0");
    home.boot(["tool", "reinstall", "--all"]).success();
    home.boot(["doctor"]).stdout_lacks("speaker");
    assert_eq!(says(&home, "speaker"), "rival");
    home.boot(["tool", "expose", "speaker", "speaker"])
        .code(1)
        .one_error()
        .stderr_has("rival");
    home.boot(["tool", "uninstall", "rival"]).success();
    home.boot(["tool", "expose", "speaker", "speaker"])
        .success();
    assert_eq!(says(&home, "speaker"), "speaker 3.0");
    home.boot(["tool", "install", "rival", "--force"])
        .success()
        .stderr_has("boot tool expose speaker speaker");
    home.boot(["tool", "uninstall", "speaker"]).success();
    assert_eq!(says(&home, "speaker"), "rival");
}

#[test]
fn tool_install_leaves_out_packages_by_marker() {
    let (home, _index) = home();
    home.write(
        "more.txt",
        "# mine\nhelper ; python_version >= '3'\nnobody ; python_version < \"3\"\n",
    );
    let run = home
        .boot(["tool", "install", "speaker", "-r", "more.txt"])
        .success();
    run.stderr_has("nobody is left out")
        .stderr_has("with helper 1.0")
        .stderr_lacks("helper is left out");
    home.boot(["tool", "reinstall", "speaker"]).success();
    home.boot(["tool", "uninject", "speaker", "helper"])
        .success();
    home.boot([
        "tool",
        "inject",
        "speaker",
        "nobody; sys_platform == 'win32'",
    ])
    .success()
    .stderr_has("nobody is left out");
    home.boot(["tool", "inject", "speaker", "helper; nonsense"])
        .code(2)
        .one_error();
    home.boot([
        "tool",
        "install",
        "helper",
        "--with",
        "nobody; python_version < '3'",
    ])
    .success()
    .stderr_has("nobody is left out");
    // A tool is wanted or not.
    home.boot(["tool", "install", "speaker; python_version < '3'"])
        .code(2)
        .one_error();
    home.boot(["tool", "inject", "speaker", "-r", "more.txt"])
        .success()
        .stderr_has("injected helper 1.0");
}

#[test]
fn tool_exec_passes_exit_code_and_signal() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker", "--with", "helper"])
        .success();
    home.boot([
        "tool",
        "exec",
        "speaker",
        "--",
        "python",
        "-c",
        "import helper, sys; sys.exit(7)",
    ])
    .code(7);
    home.boot([
        "tool",
        "exec",
        "speaker",
        "--",
        "sh",
        "-c",
        "helper; exit 3",
    ])
    .code(3)
    .stdout_has("helped");
    let run = home.boot(["tool", "exec", "speaker", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(run.code, None, "the signal is what ended it: {run}");
    home.boot(["tool", "exec", "speaker", "--", "no such command"])
        .code(127)
        .one_error()
        .stderr_has("boot tool inject speaker");
    home.boot(["tool", "exec", "nobody", "--", "true"])
        .code(1)
        .one_error();
}

#[test]
fn tool_pin_holds_version_through_other_commands() {
    let (home, index) = home();
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "pin", "speaker"])
        .success()
        .stderr_has("pinned speaker at 2.0");
    home.boot(["tool", "pin", "speaker"])
        .success()
        .stderr_has("already");
    index.add(speaker("3.0"));
    home.set_page_age();
    for verb in [
        ["tool", "inject", "speaker", "helper"].as_slice(),
        &["tool", "reinstall", "speaker"],
        &["tool", "upgrade"],
    ] {
        home.boot(verb).success();
        assert_eq!(says(&home, "speaker"), "speaker 2.0", "{verb:?}");
        let tool = &home.boot(["tool", "list", "--json"]).success().json()["tools"][0];
        assert_eq!(tool["pinned"], true, "{verb:?}");
    }
    home.boot(["tool", "unpin", "speaker"]).success();
    home.boot(["tool", "upgrade"]).success();
    assert_eq!(says(&home, "speaker"), "speaker 3.0");
}

#[test]
fn tool_install_impossible_bin_folder_installs_nothing() {
    let (mut home, _index) = home();
    home.write("file", "mine");
    let bin = home.root.join("file/bin").display().to_string();
    home.set("BOOT_BIN_DIR", &bin);
    home.boot(["tool", "install", "speaker"])
        .code(1)
        .one_error()
        .stderr_has("file/bin");
    assert_eq!(home.boot(["tool", "list"]).success().stdout, "");
    home.no_leftovers();
}

#[test]
#[cfg(target_os = "linux")]
fn tool_install_unwritable_bin_folder_installs_nothing() {
    let (mut home, _index) = home();
    // Nobody makes a link there, root neither.
    home.set("BOOT_BIN_DIR", "/sys/kernel");
    home.boot(["tool", "install", "speaker"])
        .code(1)
        .one_error()
        .stderr_has("/sys/kernel");
    assert_eq!(home.boot(["tool", "list"]).success().stdout, "");
    home.no_leftovers();
}

#[test]
fn tool_install_verbose_shows_steps_with_times() {
    let (home, _index) = home();
    let run = home.boot(["-v", "tool", "install", "speaker"]).success();
    let mut rest = run.stderr.as_str();
    for step in [
        "resolving for Python",
        "resolved to 1 packages",
        "linked into its environment",
        "published",
        "1 commands linked",
    ] {
        let line = rest
            .lines()
            .find(|line| line.contains(step))
            .unwrap_or_else(|| panic!("no {step} after the others: {run}"));
        let (time, what) = line
            .trim_start()
            .split_once(" ms  ")
            .unwrap_or_else(|| panic!("no time: {line}"));
        assert!(
            time.parse::<u64>().is_ok() && what.starts_with("speaker: "),
            "{line}"
        );
        rest = &rest[rest.find(line).unwrap_or_default() + line.len()..];
    }
    home.boot(["tool", "install", "helper"])
        .success()
        .stderr_lacks(" ms  ");
}

#[test]
fn tool_list_shows_others_beside_unreadable_receipt() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker", "helper"])
        .success();
    let receipt = home.data().join("tools/helper/boot-receipt.toml");
    let text = fs::read_to_string(&receipt).unwrap();
    fs::write(&receipt, text.replace("schema = 1", "schema = 9")).unwrap();
    home.boot(["tool", "list"])
        .code(4)
        .stdout_has("speaker  2.0")
        .one_error()
        .stderr_has("boot self update");
    assert_eq!(
        home.boot(["tool", "list", "--json"]).code(4).json()["tools"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    fs::write(&receipt, "nonsense").unwrap();
    home.boot(["tool", "list"])
        .code(4)
        .one_error()
        .stderr_has("boot tool uninstall helper");
    home.boot(["tool", "uninstall", "helper"]).success();
    home.boot(["tool", "list"]).success();
    assert_eq!(linked(&home), ["speaker"]);
}

#[test]
fn tool_commands_suggest_what_to_type() {
    let (home, index) = home();
    index.add(Wheel::new("library", "1.0").file("library.py", ""));
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "upgrade", "spaeker"])
        .code(1)
        .one_error()
        .stderr_has("did you mean speaker?");
    home.boot(["tool", "uninstall", "speakr"])
        .code(1)
        .one_error()
        .stderr_has("did you mean speaker?");
    home.boot(["tool", "inject", "something-else", "helper"])
        .code(1)
        .one_error()
        .stderr_lacks("did you mean");
    home.boot(["tool", "expose", "speaker", "nosuch"])
        .code(1)
        .one_error()
        .stderr_has("it has speaker")
        .stderr_has("boot tool expose speaker");
    home.boot(["tool", "install", "helper>=2,<1"])
        .code(1)
        .one_error()
        .stderr_has("excludes every version")
        .stderr_lacks("--python");
    home.boot(["tool", "run", "library"])
        .code(1)
        .one_error()
        .stderr_has("boot tool run --with library")
        .stderr_lacks("--expose-from");
    home.boot(["tool", "install", "library"])
        .code(1)
        .one_error()
        .stderr_has("--expose-from");
    fs::create_dir(home.root.join("empty")).unwrap();
    home.boot(["tool", "install", "./empty"])
        .code(1)
        .one_error()
        .stderr_has("is no Python project")
        .stderr_has("the right folder");
    for verb in ["reinstall", "uninstall"] {
        home.boot(["tool", verb])
            .code(2)
            .one_error()
            .stderr_has(&format!("boot tool {verb} --all"));
    }
    home.boot(["tool", "install", ""])
        .code(2)
        .one_error()
        .stderr_has("error: an empty name names no package");
    home.boot(["tool", "install", "speaker helper"])
        .code(2)
        .one_error()
        .stderr_has("two tools are two arguments");
    home.boot(["tool", "install", "helper", "--constraint", "nowhere.txt"])
        .code(2)
        .one_error()
        .stderr_has("is the path right?");
    assert_eq!(linked(&home), ["speaker"]);
}

#[test]
fn tool_commands_for_all_report_unreadable_receipt() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker", "helper"])
        .success();
    fs::write(
        home.data().join("tools/helper/boot-receipt.toml"),
        "nonsense",
    )
    .unwrap();
    home.boot(["tool", "upgrade"])
        .code(4)
        .stderr_has("error: ")
        .stderr_has("speaker 2.0 is the newest");
    home.boot(["tool", "reinstall", "--all"])
        .code(4)
        .stderr_has("boot tool uninstall helper")
        .stderr_has("reinstalled speaker");
    home.boot(["tool", "uninstall", "--all"])
        .code(4)
        .stderr_has("uninstalled speaker");
    home.boot(["tool", "upgrade"]).code(1).one_error();
}

#[test]
fn tool_inject_same_package_twice_combines_requests() {
    let (home, index) = home();
    for version in ["1.0", "2.0", "3.0"] {
        index.add(Wheel::new("plugin", version).file("plugin.py", ""));
    }
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "inject", "speaker", "plugin>=2", "plugin<2"])
        .code(1)
        .one_error()
        .stderr_has("excludes every version");
    assert_eq!(
        home.boot(["tool", "list", "--json"]).success().json()["tools"][0]["injected"],
        serde_json::json!([])
    );
    home.boot(["tool", "inject", "speaker", "plugin>=2", "plugin<3"])
        .success()
        .stderr_has("injected plugin 2.0");
    home.boot(["tool", "upgrade", "speaker"]).success();
    home.boot(["tool", "list"])
        .success()
        .stdout_has("+ plugin 2.0");
    home.boot([
        "tool",
        "inject",
        "speaker",
        "plugin",
        "plugin @ https://127.0.0.1:9/plugin-1.0-py3-none-any.whl",
    ])
    .code(2)
    .one_error();
}

#[test]
fn tool_upgrade_names_constraint_that_holds_tool_back() {
    let (home, _index) = home();
    home.boot(["tool", "install", "speaker<2"]).success();
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("speaker 1.0 is the newest that speaker<2 allows");
    home.boot(["tool", "uninstall", "speaker"]).success();
    home.boot(["tool", "install", "speaker"])
        .success()
        .stderr_has("speaker 2.0");
    // It is installed, and newer than what is asked for now.
    home.write("bounds.txt", "speaker<2\n");
    home.boot(["tool", "install", "speaker", "--constraint", "bounds.txt"])
        .success()
        .stderr_has("downgraded speaker 2.0 -> 1.0");
    home.boot(["tool", "install", "speaker", "--constraint", "bounds.txt"])
        .success()
        .stderr_has("already installed");
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("speaker 1.0 is the newest that --constraint allows");
    home.boot(["tool", "install", "speaker"])
        .success()
        .stderr_has("already installed");
    home.boot(["tool", "install", "speaker", "--before", "2001-01-01"])
        .code(1)
        .one_error()
        .stderr_has("--before");
    assert_eq!(says(&home, "speaker"), "speaker 1.0");
}
