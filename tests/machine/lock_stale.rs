//! Stale locks: a script changed, or the lock lacks this platform. `apply` reports or repairs it,
//! `apply --locked` refuses.

use super::lock::{LOCK, OTHERS, index, lock_for_three, machine, manifest};
use crate::support::{Mirror, Wheel};
use boot::testing::Platform;

/// Removes the tables of this platform from a lock.
fn without_this_machine(text: &str) -> String {
    let own = format!("platform.{}", Platform::host().unwrap());
    let parts = text.split("\n[").filter(|table| !table.starts_with(&own));
    parts.collect::<Vec<_>>().join("\n[")
}

#[test]
fn lock_is_stale_after_script_change() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let scripts = "[[run]]\nid = 'hello'\ncmd = 'scripts/hello.sh'\non = 'change'\n\
                   [[run]]\nid = 'plain'\ncmd = 'echo plain >>\"$HOME/ran\"'\n\
                   watch = ['watched']\n";
    home.write(
        ".config/boot/boot.toml",
        &format!("{}{scripts}", manifest(&mirror, "black = \"*\"\n")),
    );
    home.write(
        ".config/boot/scripts/hello.sh",
        "echo first >>\"$HOME/ran\"\n",
    );
    home.write(".config/boot/watched", "first");
    home.boot(["lock"]).success();
    let first = home.read(LOCK);
    let lock: toml::Table = toml::from_str(&first).unwrap();
    let scripts = lock["scripts"].as_table().unwrap();
    assert_eq!(scripts.keys().collect::<Vec<_>>(), ["hello", "plain"]);
    assert!(
        scripts
            .values()
            .all(|sha256| sha256.as_str().unwrap().len() == 64),
        "{first}"
    );
    // The text of one, and what the other watches.
    for (file, id) in [("scripts/hello.sh", "hello"), ("watched", "plain")] {
        home.write(
            &format!(".config/boot/{file}"),
            "echo second >>\"$HOME/ran\"\n",
        );
        let says = format!("the script {id} has changed");
        home.boot(["lock", "--check"])
            .code(1)
            .one_error()
            .stderr_has(&says);
        home.boot(["apply", "--locked", "--yes"])
            .code(1)
            .one_error()
            .stderr_has(&says)
            .stderr_has("boot lock");
        assert!(
            !home.root.join("ran").exists() && !home.bin().join("black").exists(),
            "nothing was done"
        );
        let before = home.read(LOCK);
        home.boot(["lock"]).success();
        let after = home.read(LOCK);
        let new: Vec<&str> = after
            .lines()
            .filter(|line| !before.contains(line))
            .collect();
        assert!(new.len() == 1 && new[0].contains(id), "{new:?}");
    }
    home.boot(["apply", "--locked", "--yes"]).success();
    assert_eq!(home.read("ran"), "second\nplain\n");
}

#[test]
fn apply_adds_missing_platform_to_lock() {
    let (mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    let text = lock_for_three(&first);
    let home = machine(&mirror, &index);
    home.write(LOCK, &without_this_machine(&text));
    let host = Platform::host().unwrap().to_string();
    assert!(
        OTHERS.iter().all(|other| home.read(LOCK).contains(other))
            && !home.read(LOCK).contains(&host)
    );
    let before = home.tree();
    let run = home.boot(["apply", "--locked"]).code(1).one_error();
    run.stderr_has(&format!("it has nothing for {host}"))
        .stderr_has("boot lock");
    assert_eq!(home.tree(), before, "nothing was done");
    home.boot(["apply"]).success();
    assert_eq!(home.read(LOCK), text, "and what it had stays");
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
}

#[test]
fn lock_is_stale_after_script_removal() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let script = "[[run]]\nid = 'hello'\ncmd = 'true'\n";
    home.write(
        ".config/boot/boot.toml",
        &format!("{}{script}", manifest(&mirror, "black = \"*\"\n")),
    );
    home.boot(["lock"]).success();
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\n"),
    );
    home.boot(["lock", "--check"])
        .code(1)
        .one_error()
        .stderr_has("it has the script hello");
    home.boot(["lock"]).success().stderr_has("wrote boot.lock");
    home.boot(["lock", "--check"]).success();
}

#[test]
fn lock_records_system_packages_without_enforcing_them() {
    let (mirror, index) = (Mirror::new(), index());
    let mut home = machine(&mirror, &index);
    home.program("fake/apt-get", "#!/bin/sh\n");
    home.program(
        "fake/dpkg-query",
        "#!/bin/sh\necho 'install ok installed'\n",
    );
    home.set(
        "PATH",
        &format!("{}/fake:/usr/bin:/bin", home.root.display()),
    );
    let with = |names: &str| {
        format!(
            "{}[packages]\nany = [{names}]\nbrew = ['libpq']\n",
            manifest(&mirror, "black = \"*\"\n")
        )
    };
    home.write(".config/boot/boot.toml", &with("'ripgrep', 'jq'"));
    home.boot(["lock"]).success();
    let before = home.read(LOCK);
    assert!(
        before.contains(
            "\n[packages]\nany = [\n  \"jq\",\n  \"ripgrep\",\n]\nbrew = [\n  \"libpq\",\n]\n"
        ),
        "{before}"
    );
    home.boot(["apply"]).success();
    home.write(".config/boot/boot.toml", &with("'ripgrep', 'fd'"));
    home.boot(["apply", "--locked"]).success();
    home.boot(["lock", "--check"])
        .code(1)
        .stderr_has("packages of the system");
    home.boot(["lock"]).success();
    let new: Vec<String> = home
        .read(LOCK)
        .lines()
        .filter(|line| !before.contains(line))
        .map(str::to_string)
        .collect();
    assert_eq!(new, ["  \"fd\","]);
}

/// A tool that exists only on some platforms is locked for those.
#[test]
fn lock_includes_tool_only_for_matching_platforms() {
    let (mirror, index) = (Mirror::new(), index());
    index.add(
        Wheel::new("appletool", "1.0")
            .tag("py3-none-macosx_11_0_arm64")
            .command("appletool", "x"),
    );
    let home = machine(&mirror, &index);
    let tools = |only: &str| {
        manifest(
            &mirror,
            &format!("black = {{ only = [{only}] }}\nappletool = {{ only = ['macos-aarch64'] }}\n"),
        )
    };
    home.write(
        ".config/boot/boot.toml",
        &tools("'linux', 'ci', 'host:other'"),
    );
    let text = lock_for_three(&home);
    let lock: toml::Table = toml::from_str(&text).unwrap();
    let has = |platform: &str, tool: &str| {
        lock["platform"][platform]
            .get("tool")
            .is_some_and(|tools| tools.get(tool).is_some())
    };
    for platform in OTHERS {
        assert_eq!(
            has(platform, "appletool"),
            platform == "darwin-aarch64-none",
            "{text}"
        );
        assert!(
            has(platform, "black"),
            "a host, or CI, may be of any kind: {text}"
        );
    }
    home.boot(["lock", "--check"]).success();
    home.write(".config/boot/boot.toml", &tools("'linux'"));
    home.boot(["lock", "--check"])
        .code(1)
        .stderr_has("it has black for darwin-aarch64-none");
    home.boot(["lock"]).success();
    assert!(
        home.read(LOCK).matches("tool.black]").count() >= 1
            && !home.read(LOCK).contains("darwin-aarch64-none.tool.black]")
    );
}

#[test]
fn apply_with_all_installed_still_writes_lock() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.boot(["python", "install", &mirror.version()])
        .success();
    home.boot(["tool", "install", "black"]).success();
    home.write(
        ".config/boot/boot.toml",
        &format!("{}[dotfiles]\n", manifest(&mirror, "black = \"*\"\n")),
    );
    home.write(".config/boot/home/.somerc", "x\n");
    home.boot(["apply"]).success();
    assert!(home.read(LOCK).contains("black-24.1.0-py3-none-any.whl"));
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
}
