//! The cache, completions, man pages and `boot self version`.

use std::fs;
use std::path::Path;

use crate::support::{BOOT, Home, Mirror, index, needs};

/// Creates a home with a tool whose wheel is in the cache.
fn home() -> Home {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "black"]).success();
    home
}

fn black(home: &Home) {
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black 24.1.0");
}

#[test]
fn cache_dir_size_and_clean_agree_and_tools_still_run() {
    let mut home = home();
    let folder = home.root.join(".cache/boot").display().to_string();
    assert_eq!(
        home.boot(["cache", "dir"]).success().stdout,
        format!("{folder}\n")
    );
    home.boot(["cache", "size"])
        .success()
        .stdout_has("wheels")
        .stdout_has("~/.cache/boot/wheels");
    let json = home.boot(["cache", "size", "--json"]).success().json();
    assert_eq!(json["schema"], 1);
    let parts = json["parts"].as_array().unwrap();
    assert_eq!(
        json["bytes"],
        parts
            .iter()
            .map(|part| part["bytes"].as_u64().unwrap())
            .sum::<u64>()
    );
    let wheels = parts.iter().find(|part| part["name"] == "wheels").unwrap();
    assert!(
        wheels["files"].as_u64().unwrap() > 0 && wheels["path"] == format!("{folder}/wheels"),
        "{json}"
    );

    home.boot(["cache", "clean"])
        .success()
        .stderr_has("the cache is empty");
    let json = home.boot(["cache", "size", "--json"]).success().json();
    assert!(
        json["parts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|part| part["files"] == 0),
        "{json}"
    );
    black(&home);
    home.boot(["tool", "list"]).success().stdout_has("black");
    home.boot(["cache", "clean"]).success();
    // What has to be fetched again can't be had without a network.
    home.boot(["--offline", "tool", "install", "sphinx"])
        .code(1)
        .one_error();
    let elsewhere = home.root.join("elsewhere").display().to_string();
    home.set("BOOT_CACHE_DIR", &elsewhere);
    assert_eq!(
        home.boot(["cache", "dir"]).success().stdout,
        format!("{elsewhere}\n")
    );
}

/// Makes all files below `path` so many days old.
fn age(home: &Home, path: &Path, days: u32) {
    home.run(home.command("find").arg(path).args([
        "-exec",
        "touch",
        "-h",
        "-d",
        &format!("{days} days ago"),
        "{}",
        "+",
    ]))
    .success();
}

/// Returns whether this disk records access times.
fn remembers_reading(home: &Home) -> bool {
    let file = home.write("probe", "x");
    age(home, &file, 9);
    home.read("probe");
    let said = fs::metadata(file)
        .unwrap()
        .accessed()
        .unwrap()
        .elapsed()
        .is_ok_and(|age| age.as_secs() < 3600);
    if !said {
        needs::skipped("reading leaves no trace on this disk");
    }
    said
}

#[test]
fn cache_prune_deletes_entries_unused_for_three_months() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    // It is compiled by a process that outlives the command, and writes into what is made old here.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "black"]).success();
    home.boot(["cache", "prune"])
        .success()
        .stderr_has("nothing to prune");
    let of = |name: &str| {
        let wheels = fs::read_dir(home.root.join(".cache/boot/wheels"))
            .unwrap()
            .flatten()
            .map(|entry| entry.path());
        wheels
            .into_iter()
            .find(|path| path.join("tree").join(name).exists())
            .unwrap()
    };
    let (black_wheel, click) = (of("black.py"), of("click.py"));
    age(&home, &black_wheel, 91);
    age(&home, &click, 89);
    // To look at it is no use of it.
    home.boot(["cache", "size"]).success();
    home.boot(["cache", "prune"])
        .success()
        .stderr_has("deleted 1 unused entry of the cache");
    assert!(!black_wheel.exists() && click.exists());
    home.boot(["cache", "prune"])
        .success()
        .stderr_has("nothing to prune");
    black(&home);
    // It is fetched again, once it is needed.
    home.boot(["tool", "reinstall", "black"]).success();
    assert!(black_wheel.exists());
    black(&home);
}

/// Covers a wheel that an environment links, and an environment in which a command ran: both were
/// only read.
#[test]
fn cache_prune_keeps_entries_that_were_read() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    if !remembers_reading(&home) {
        return;
    }
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "run", "black"])
        .success()
        .stdout_has("black 24.1.0");
    let cache = home.root.join(".cache/boot");
    let entries = |part: &str| fs::read_dir(cache.join(part)).unwrap().count();
    let before = (entries("wheels"), entries("environments"));
    assert!(before.0 >= 2 && before.1 >= 1, "{before:?}");
    // Run again, from what is there.
    age(&home, &cache.join("environments"), 91);
    home.boot(["--offline", "tool", "run", "black"])
        .success()
        .stdout_has("black 24.1.0");
    home.boot(["cache", "prune"])
        .success()
        .stderr_has("nothing to prune");
    // Linked from, into an environment that lies elsewhere.
    age(&home, &cache.join("wheels"), 91);
    home.boot(["tool", "install", "black"]).success();
    home.boot(["cache", "prune"]).success();
    assert_eq!((entries("wheels"), entries("environments")), before);
}

/// The shells run with errexit and nounset.
#[test]
fn completions_load_in_each_shell() {
    let home = Home::new();
    fs::create_dir_all(home.bin()).unwrap();
    std::os::unix::fs::symlink(BOOT, home.bin().join("boot")).unwrap();
    for (shell, options, script) in [
        (
            "bash",
            &["--norc", "-eu"][..],
            "source \"$1\"; COMP_WORDS=(boot comp); COMP_CWORD=1; COMP_LINE='boot comp'; \
             COMP_POINT=9; COMP_TYPE=9\n\
             words=($(complete -p boot)); for ((i = 0; i < ${#words[@]}; i++)); do [[ ${words[i]} \
             != -F ]] || function=${words[i+1]}; done\n\
             \"$function\" boot comp boot; echo \"${COMPREPLY[@]}\"",
        ),
        (
            "zsh",
            &["-f", "-eu"],
            "autoload -Uz compinit; compinit -D -u; source \"$1\"; echo \"completions by \
             ${_comps[boot]}\"",
        ),
        (
            "fish",
            &["--no-config"],
            "source $argv[1]; complete -C 'boot comp'",
        ),
    ] {
        if !needs::program(shell) {
            continue;
        }
        let completions = home.write(
            "completions",
            &home.boot(["completions", shell]).success().stdout,
        );
        let mut command = home.command(shell);
        command.args(options).args(["-c", script]);
        // fish has no name before its arguments.
        if shell != "fish" {
            command.arg(shell);
        }
        let run = home
            .run(command.arg(completions))
            .success()
            .stdout_has("completions");
        assert_eq!(run.stderr, "", "{run}");
    }
    home.boot(["completions", "tcsh"])
        .code(2)
        .one_error()
        .stderr_has("tcsh");
}

#[test]
fn man_writes_page_for_every_command() {
    let home = Home::new();
    home.boot(["man", "pages"]).success();
    let pages: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| path.starts_with("pages/"))
        .collect();
    for page in &pages {
        let name = page
            .strip_prefix("pages/")
            .unwrap()
            .strip_suffix(".1")
            .unwrap_or_else(|| panic!("{page}"));
        let text = home.read(page);
        let title = text
            .lines()
            .find_map(|line| line.strip_prefix(".TH "))
            .unwrap_or_else(|| panic!("no .TH in {page}"));
        assert_eq!(
            title.split_whitespace().take(2).collect::<Vec<_>>(),
            [name, "1"],
            "{page}"
        );
        assert!(
            text.contains("\n.SH NAME\n") && text.contains("\n.SH SYNOPSIS\n"),
            "{page}"
        );
    }
    // Each word of the help has one, and what is hidden has none.
    let help = home.boot(["--help"]).success().stdout;
    let commands: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .collect();
    for verb in [
        "apply",
        "cache",
        "completions",
        "doctor",
        "init",
        "lock",
        "man",
        "self",
        "tool",
    ] {
        assert!(
            commands.contains(&verb) && pages.contains(&format!("pages/boot-{verb}.1")),
            "{verb}: {pages:?}"
        );
    }
    assert!(
        pages.contains(&"pages/boot-tool-install.1".into())
            && !pages.contains(&"pages/boot-shell-enter.1".into())
    );
    if which::which("man").is_ok() {
        for page in ["pages/boot.1", "pages/boot-tool-install.1"] {
            let run = home
                .run(
                    home.command("man")
                        .env("MANPAGER", "cat")
                        .env("MANROFFOPT", "-c")
                        .args(["-l", page]),
                )
                .success();
            let plain: String = run.stdout.replace('\u{8}', "");
            assert!(
                plain.lines().count() > 20 && plain.contains("NAME") && run.stderr.is_empty(),
                "{run}"
            );
        }
    }
    // A file is no folder to write into.
    home.write("file", "mine\n");
    home.boot(["man", "file"])
        .code(1)
        .one_error()
        .stderr_has("file");
    assert_eq!(home.read("file"), "mine\n");
}

#[test]
fn self_version_prints_text_and_json() {
    let home = Home::new();
    let (version, target) = (env!("CARGO_PKG_VERSION"), boot::testing::target());
    assert_eq!(
        home.boot(["self", "version"]).success().stdout,
        format!("boot {version} ({target}) in {BOOT}\n")
    );
    let json = home.boot(["self", "version", "--json"]).success().json();
    assert_eq!(
        [
            &json["schema"],
            &json["version"],
            &json["target"],
            &json["path"]
        ],
        [
            &serde_json::json!(1),
            &version.into(),
            &target.into(),
            &BOOT.into()
        ]
    );
    assert_eq!(
        home.boot(["--version"]).success().stdout,
        format!("boot {version}\n")
    );
}
