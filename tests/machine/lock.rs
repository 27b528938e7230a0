//! `boot.lock`: written for other platforms, reproducible, with small diffs, and applied without a
//! resolution.

use std::fs;
use std::sync::Arc;

use crate::support::sdist::Source;
use crate::support::{Fault, Home, Index, Mirror, Wheel};
use boot::testing::Sha256;
use boot::testing::{Key, Platform};

pub const OTHERS: [&str; 2] = ["darwin-aarch64-none", "linux-aarch64-gnu"];

/// Creates an index whose packages depend on the platform, by a marker and by wheels.
pub fn index() -> Index {
    let index = Index::new();
    index.add(Wheel::new("click", "8.1.0").file("click.py", ""));
    index.add(Wheel::new("onlymac", "1.0").file("onlymac.py", ""));
    for tag in [
        "manylinux_2_17_x86_64",
        "manylinux_2_17_aarch64",
        "macosx_11_0_arm64",
        "macosx_10_9_x86_64",
        "musllinux_1_1_x86_64",
    ] {
        index.add(
            Wheel::new("native", "2.0")
                .tag(&format!("py3-none-{tag}"))
                .file("native.py", tag),
        );
    }
    // Too new for the oldest machines of the platform.
    index.add(
        Wheel::new("native", "2.1")
            .tag("py3-none-manylinux_2_99_x86_64")
            .file("native.py", "new"),
    );
    let black = Wheel::new("black", "24.1.0")
        .requires("click>=8")
        .requires("native")
        .requires("onlymac; sys_platform == 'darwin'");
    index.add(black.command("black", "black 24.1.0"));
    index.add(Wheel::new("docutils", "0.20").file("docutils.py", ""));
    index.add(
        Wheel::new("sphinx", "7.0.0")
            .requires("docutils")
            .command("sphinx-build", "sphinx 7.0.0"),
    );
    index.add(
        Wheel::new("furo", "2024.1.1")
            .requires("sphinx>=6")
            .requires("docutils<0.21")
            .file("furo.py", ""),
    );
    index
}

/// Publishes new versions.
pub fn a_month_later(index: &Index) {
    index.add(Wheel::new("click", "8.2.0").file("click.py", "new = 1\n"));
    index.add(
        Wheel::new("black", "24.2.0")
            .requires("click>=8")
            .command("black", "black 24.2.0"),
    );
    index.add(
        Wheel::new("sphinx", "7.1.0")
            .requires("docutils")
            .command("sphinx-build", "sphinx 7.1.0"),
    );
}

/// Creates a home with the manifest in `dots`; the catalog has the mirror's Python for other
/// platforms too.
pub fn machine(mirror: &Mirror, index: &Index) -> Home {
    let mut home = Home::with(mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    let mut catalog = home.read("catalog.tsv");
    for platform in OTHERS {
        let file = other_archive(mirror, platform);
        catalog.push_str(&format!(
            "{}\t{platform}\tdefault\t20260101\t{file}\t{}\n",
            mirror.version(),
            Sha256::of(platform.as_bytes())
        ));
    }
    home.write("catalog.tsv", &catalog);
    home.write(
        "dots/boot.toml",
        &manifest(mirror, "black = \"*\"\nsphinx = { inject = [\"furo\"] }\n"),
    );
    home.write(".config/boot/boot.toml", &home.read("dots/boot.toml"));
    home
}

/// Returns the name of the Python's archive for another platform.
fn other_archive(mirror: &Mirror, platform: &str) -> String {
    format!(
        "cpython-{}+20260101-{platform}-install_only_stripped.tar.gz",
        mirror.version()
    )
}

pub fn manifest(mirror: &Mirror, tools: &str) -> String {
    format!(
        "version = 1\n[python]\ninstall = [\"{}\"]\n[tools]\n{tools}",
        mirror.minor()
    )
}

pub const LOCK: &str = ".config/boot/boot.lock";

pub fn lock_for_three(home: &Home) -> String {
    home.boot(["lock", "--platform", OTHERS[0], "--platform", OTHERS[1]])
        .success()
        .stderr_has(OTHERS[0]);
    home.read(LOCK)
}

/// Returns the packages of a tool as `pip freeze` prints them.
pub fn packages(home: &Home, tool: &str) -> Vec<String> {
    let receipt: toml::Table =
        toml::from_str(&home.read(&format!(".local/share/boot/tools/{tool}/boot-receipt.toml")))
            .unwrap();
    receipt["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package.as_str().unwrap().to_string())
        .collect()
}

#[test]
fn lock_for_three_platforms_is_reproducible() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let text = lock_for_three(&home);
    for address in ["://", "127.0.0.1", "localhost", "http"] {
        assert!(!text.contains(address), "{address} in {text}");
    }
    assert!(
        !home.root.join(".local/share/boot/pythons").exists(),
        "nothing is installed for it"
    );
    let again = machine(&mirror, &index);
    assert_eq!(
        lock_for_three(&again),
        text,
        "the same manifest, index and day give the same bytes"
    );
    home.boot(["lock"]).success().stderr_has("nothing to do");
    home.boot(["lock", "--check"]).success();

    let lock: toml::Table = toml::from_str(&text).unwrap();
    let files = |platform: &str| -> Vec<String> {
        let tool = &lock["platform"][platform]["tool"]["black"];
        tool["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| package["file"].as_str().unwrap().to_string())
            .collect()
    };
    let plain = [
        "black-24.1.0-py3-none-any.whl",
        "click-8.1.0-py3-none-any.whl",
    ];
    let with = |more: &[&str]| {
        plain
            .iter()
            .chain(more)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        files(OTHERS[0]),
        with(&[
            "native-2.0-py3-none-macosx_11_0_arm64.whl",
            "onlymac-1.0-py3-none-any.whl"
        ])
    );
    assert_eq!(
        files(OTHERS[1]),
        with(&["native-2.0-py3-none-manylinux_2_17_aarch64.whl"])
    );
    // And the Python of each, as the catalog has it.
    for platform in OTHERS {
        let python = &lock["platform"][platform]["python"][&mirror.minor()];
        let said = ["key", "release", "file", "sha256"]
            .map(|key| python[key].as_str().unwrap().to_string());
        let (key, file) = (
            format!("cpython-{}-{platform}", mirror.version()),
            other_archive(&mirror, platform),
        );
        assert_eq!(
            said,
            [
                key,
                "20260101".into(),
                file,
                Sha256::of(platform.as_bytes()).to_string()
            ]
        );
    }
}

#[test]
fn lock_falls_back_to_wheels_for_newer_machines() {
    let (mirror, index) = (Mirror::new(), index());
    // For this machine too, whatever it is: a lock has an entry for it.
    let here = [
        "macosx_11_0_arm64",
        "macosx_10_9_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_2_aarch64",
        "manylinux_2_34_aarch64",
    ];
    for tag in here.into_iter().chain(["manylinux_2_34_x86_64"]) {
        index.add(
            Wheel::new("fresh", "1.0")
                .tag(&format!("py3-none-{tag}"))
                .command("fresh", "fresh"),
        );
    }
    index.add(
        Wheel::new("fresher", "1.0")
            .tag("py3-none-manylinux_2_99_x86_64")
            .command("fresher", "fresher"),
    );
    let home = machine(&mirror, &index);
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "fresh = \"*\"\nblack = \"*\"\n"),
    );
    home.boot(["lock", "--platform", "linux-x86_64-gnu"])
        .success();
    let lock = home.read(LOCK);
    assert!(
        lock.contains("fresh-1.0-py3-none-manylinux_2_34_x86_64.whl"),
        "{lock}"
    );
    assert!(
        lock.contains("native-2.0-py3-none-manylinux_2_17_x86_64.whl"),
        "the others are for all machines: {lock}"
    );
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "fresher = \"*\"\n"),
    );
    home.boot(["lock", "--platform", "linux-x86_64-gnu"])
        .code(1)
        .stderr_has("has no wheel for this Python");
}

#[test]
fn apply_git_tool_uses_default_python_of_manifest() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.plant(&mirror, "3.98.1");
    home.boot(["python", "uninstall", &mirror.version()])
        .success();
    let folder = Source::new("mytool", "1.0", "mine").repository(&home, "src/mytool");
    let tools = format!("mytool = {{ git = \"file://{}\" }}\n", folder.display());
    home.write(".config/boot/boot.toml", &manifest(&mirror, &tools));
    home.boot(["apply"]).success();
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(list["tools"][0]["python"], mirror.key.to_string(), "{list}");
}

#[test]
fn lock_of_each_platform_equals_resolution_on_it() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let text = lock_for_three(&home);
    let lock: toml::Table = toml::from_str(&text).unwrap();
    // This platform: an install that knows of no lock.
    let other = Home::ready(&mirror, &index);
    other.boot(["tool", "install", "black"]).success();
    other
        .boot(["tool", "install", "sphinx", "--with", "furo"])
        .success();
    let here = Platform::host().unwrap().to_string();
    for tool in ["black", "sphinx"] {
        let locked = &lock["platform"][&here]["tool"][tool]["packages"];
        let locked: Vec<String> = locked
            .as_array()
            .unwrap()
            .iter()
            .map(|package| {
                format!(
                    "{}=={}",
                    package["name"].as_str().unwrap(),
                    package["version"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(locked, packages(&other, tool));
    }
    home.boot(["apply"]).success();
    for tool in ["black", "sphinx"] {
        assert_eq!(packages(&home, tool), packages(&other, tool));
    }
    // The others: an interpreter of theirs, as it describes itself when it is run there.
    let inputs = |asked: &[&str]| boot::testing::resolve::Inputs::parse(asked, &[], false).unwrap();
    let ctx = boot::testing::Context::new(
        boot::testing::Paths::from(&|name| (name == "HOME").then(|| other.root.clone().into()))
            .unwrap(),
        std::sync::Arc::new(boot::testing::Silent),
        true,
    );
    for (platform, machine, libc, macos) in [
        (OTHERS[0], "arm64", None, Some((14, 5))),
        (
            OTHERS[1],
            "aarch64",
            Some(("glibc".to_string(), 2, 36)),
            None,
        ),
    ] {
        let key: Key = format!("cpython-{}-{platform}", mirror.version())
            .parse()
            .unwrap();
        let mut facts = boot::testing::facts(&key);
        facts.libc = libc;
        facts.macos = macos;
        facts.markers.platform_machine = machine.into();
        facts.markers.platform_release = "23.5.0".into();
        let pages = Pages {
            ctx: &ctx,
            index: &index,
            home: &other,
        };
        for (tool, asked) in [("black", &["black"][..]), ("sphinx", &["sphinx", "furo"])] {
            let resolution =
                boot::testing::resolve::resolve_from(&pages, &facts, &inputs(asked)).unwrap();
            let found: Vec<String> = resolution.pins.iter().map(|pin| pin.file.clone()).collect();
            let locked = lock["platform"][platform]["tool"][tool]["packages"]
                .as_array()
                .unwrap();
            let locked: Vec<String> = locked
                .iter()
                .map(|package| package["file"].as_str().unwrap().to_string())
                .collect();
            assert_eq!(locked, found, "{tool} for {platform}");
        }
    }
}

/// Source of pages that asks the index directly.
struct Pages<'a> {
    ctx: &'a boot::testing::Context,
    index: &'a Index,
    home: &'a Home,
}

impl boot::testing::resolve::PackageSource for Pages<'_> {
    fn page(
        &self,
        name: &boot::testing::Name,
    ) -> Result<Option<Arc<Vec<boot::testing::page::File>>>, boot::testing::index::Error> {
        let url = format!("{}/{name}/", self.index.url());
        let mut command = self.home.command("python3");
        let run = self.home.run(command.args([
            "-c",
            "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())",
            &url,
        ]));
        let files = boot::testing::page::parse(
            &url,
            Some("application/vnd.pypi.simple.v1+json"),
            run.success().stdout.as_bytes(),
        );
        Ok(Some(Arc::new(files.unwrap())))
    }

    fn direct(
        &self,
        _: &boot::testing::Name,
        _: &str,
        _: bool,
    ) -> Result<boot::testing::direct::DirectWheel, boot::testing::direct::Error> {
        unreachable!("nothing is asked for by its address")
    }

    fn metadata(
        &self,
        file: &boot::testing::page::File,
    ) -> Result<Arc<boot::testing::metadata::Metadata>, boot::testing::metadata::Error> {
        let online =
            boot::testing::Context::new(self.ctx.paths.clone(), self.ctx.report.clone(), false);
        boot::testing::metadata::fetch(&online, file)
    }
}

#[test]
fn apply_locked_a_month_later_installs_same_versions() {
    let (mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    first.boot(["apply"]).success();
    assert!(
        first.root.join(LOCK).exists(),
        "an apply without a lock writes one"
    );
    a_month_later(&index);
    let second = machine(&mirror, &index);
    second.write(LOCK, &first.read(LOCK));
    index.server.requests();
    second.boot(["apply", "--locked"]).success();
    let asked = index.server.requests();
    assert!(
        asked.iter().all(|request| request.contains("/files/")),
        "nothing is resolved: {asked:?}"
    );
    for tool in ["black", "sphinx"] {
        assert_eq!(packages(&first, tool), packages(&second, tool));
    }
    assert_eq!(second.read(LOCK), first.read(LOCK));
    let body = |home: &Home| {
        home.read(&format!(
            ".local/share/boot/tools/black/lib/python{}/site-packages/click.py",
            mirror.minor()
        ))
    };
    assert_eq!(body(&first), body(&second));
    second.boot(["apply"]).success().stderr_has("nothing to do");
    assert!(
        index.server.requests().is_empty()
            && first
                .boot(["apply"])
                .success()
                .stderr
                .contains("nothing to do")
    );
    // Without the lock it would have been the new ones.
    let third = machine(&mirror, &index);
    third.boot(["apply"]).success();
    assert_ne!(packages(&third, "black"), packages(&first, "black"));
    // And update is how to have them.
    first.set_page_age();
    first.boot(["update", "--yes"]).success();
    assert_eq!(packages(&first, "black"), packages(&third, "black"));
}

#[test]
fn lock_json_report_is_one_object() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let none = home.boot(["lock", "--check", "--json"]).code(1);
    assert!(
        none.stdout.starts_with("{\n  \"schema\": 1,"),
        "{}",
        none.stdout
    );
    assert_eq!(
        (&none.json()["current"], &none.json()["reason"]),
        (&false.into(), &"there is none".into())
    );
    assert!(!home.root.join(LOCK).exists(), "a check writes nothing");

    let made = home
        .boot(["lock", "--json", "--platform", OTHERS[0]])
        .success();
    assert!(
        made.stdout.starts_with("{\n  \"schema\": 1,"),
        "{}",
        made.stdout
    );
    let json = made.json();
    assert_eq!(json["lock"].as_str(), home.root.join(LOCK).to_str());
    assert_eq!(
        (&json["written"], &json["failed"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert!(
        json["platforms"]
            .as_array()
            .unwrap()
            .iter()
            .any(|platform| platform == OTHERS[0]),
        "{json}"
    );
    assert_eq!(
        home.boot(["lock", "--json"]).success().json()["written"],
        false,
        "it is right already"
    );
    let right = home.boot(["lock", "--check", "--json"]).success().json();
    assert_eq!(
        (&right["current"], &right["reason"]),
        (&true.into(), &serde_json::Value::Null)
    );

    let before = home.read(LOCK);
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\nnowhere = \"*\"\n"),
    );
    assert_eq!(
        home.boot(["lock", "--check", "--json"]).code(1).json()["current"],
        false
    );
    let failed = home.boot(["lock", "--json"]).code(1).json();
    assert_eq!(failed["written"], false);
    let whose: Vec<&str> = failed["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert!(
        !whose.is_empty() && whose.iter().all(|what| what.contains("nowhere")),
        "{failed}"
    );
    assert_eq!(
        home.read(LOCK),
        before,
        "half a lock would be taken for a whole one"
    );
}

#[test]
fn lock_change_of_one_tool_is_small_diff() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let before = lock_for_three(&home);
    a_month_later(&index);
    home.set_page_age();
    home.write(
        ".config/boot/boot.toml",
        &manifest(
            &mirror,
            "black = \"*\"\nsphinx = { inject = [\"furo\"] }\n# a word about it\n",
        ),
    );
    home.boot(["lock", "--check"]).success();
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\nsphinx = \"*\"\n"),
    );
    home.boot(["lock", "--check"])
        .code(1)
        .stderr_has("boot.toml has changed")
        .one_error();
    home.boot(["apply", "--locked"])
        .code(1)
        .stderr_has("boot lock")
        .one_error();
    assert!(
        !home.bin().join("black").exists(),
        "a stale lock is found before anything is done"
    );
    home.boot(["lock"]).success();
    let after = home.read(LOCK);
    let gone: Vec<&str> = before
        .lines()
        .filter(|line| !after.contains(line))
        .collect();
    let new: Vec<&str> = after
        .lines()
        .filter(|line| !before.contains(line))
        .collect();
    // For each of the three platforms: what was asked for, and the package. And once the manifest's
    // hash.
    assert!(
        gone.len() == 7
            && gone
                .iter()
                .all(|line| line.contains("furo") || line.starts_with("manifest")),
        "{gone:#?}"
    );
    assert!(
        new.len() == 4,
        "what sphinx and black had they keep: {new:#?}"
    );
}

#[test]
fn apply_locked_finds_files_on_another_mirror() {
    let (mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    first.boot(["apply"]).success();
    // The same files, found at other addresses: asked for by their checksums.
    let text = first.read(LOCK).replace("../../files/", "../../elsewhere/");
    let second = machine(&mirror, &index);
    second.write(LOCK, &text);
    second.boot(["apply", "--locked"]).success();
    assert_eq!(packages(&first, "black"), packages(&second, "black"));
    // A file that isn't what the lock names is refused wherever it lies.
    let third = machine(&mirror, &index);
    let sha = Sha256::of(b"something else").to_string();
    let honest = first
        .read(LOCK)
        .lines()
        .find(|line| line.contains("click"))
        .and_then(|line| Some(line.split("sha256 = \"").nth(1)?[..64].to_string()))
        .unwrap();
    third.write(LOCK, &first.read(LOCK).replace(&honest, &sha));
    third
        .boot(["apply", "--locked"])
        .code(4)
        .stderr_has("black");
    assert!(!third.bin().join("black").exists() && third.bin().join("sphinx-build").exists());
}

#[test]
fn apply_unresolvable_tool_stops_no_other() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\nno-such-tool = \"*\"\n"),
    );
    home.boot(["apply"]).code(4).stderr_has("no-such-tool");
    assert!(home.bin().join("black").exists());
    home.boot(["lock", "--check"]).code(1);
    home.boot(["lock"]).code(1).stderr_has("no-such-tool");
    index.server.fault("/simple/black/", Fault::Status(500));
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\n"),
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
}

#[test]
fn update_unreachable_tool_keeps_its_lock_entry() {
    let (mirror, index) = (Mirror::new(), index());
    let mut home = machine(&mirror, &index);
    // It is compiled by a process that outlives the command, and writes into the cache.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["apply"]).success();
    a_month_later(&index);
    home.set_page_age();
    fs::remove_dir_all(home.root.join(".cache/boot")).unwrap();
    index.server.fault("/simple/sphinx/", Fault::Status(500));
    home.boot(["update", "--yes"])
        .code(4)
        .stderr_has("error: tool sphinx")
        .stderr_has("kept in boot.lock as it was: tool sphinx");
    let lock = home.read(LOCK);
    assert!(
        lock.contains("black-24.2.0")
            && lock.contains("sphinx-7.0.0")
            && lock.contains("furo-2024.1.1"),
        "{lock}"
    );
    assert!(
        packages(&home, "black")
            .iter()
            .any(|package| package == "black==24.2.0"),
        "what is new is installed too"
    );
    home.boot(["lock", "--check"]).success();

    // Of a tool that is new nothing is known: half a lock isn't written.
    let tools = "black = \"*\"\nsphinx = { inject = [\"furo\"] }\nno-such-tool = \"*\"\n";
    home.write(".config/boot/boot.toml", &manifest(&mirror, tools));
    home.boot(["update", "--yes"])
        .code(1)
        .stderr_has("no-such-tool");
    assert_eq!(home.read(LOCK), lock);
}

#[test]
fn update_with_all_tools_unreachable_writes_nothing() {
    let (mirror, index) = (Mirror::new(), index());
    let mut home = machine(&mirror, &index);
    // It is compiled by a process that outlives the command, and writes into the cache.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["apply"]).success();
    let before = home.read(LOCK);
    fs::remove_dir_all(home.root.join(".cache/boot")).unwrap();
    for name in ["black", "sphinx"] {
        index
            .server
            .fault(&format!("/simple/{name}/"), Fault::Status(500));
    }
    home.boot(["update", "--yes"])
        .code(1)
        .stderr_has("tool black")
        .stderr_has("tool sphinx")
        .stderr_lacks("kept in boot.lock");
    assert_eq!(home.read(LOCK), before);
}

#[test]
fn apply_tampered_lock_is_one_error() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.boot(["lock"]).success();
    let good = home.read(LOCK);
    let before = home.tree();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    for bad in [
        with("at = \"../../files/", "at = \"https://evil.example/"),
        with("at = \"../../files/", "at = \"//evil.example/"),
        with("file = \"black-24.1.0", "file = \"evil-24.1.0"),
        with("file = \"black-24.1.0", "file = \"../../black-24.1.0"),
        with("file = \"cpython-", "file = \"../cpython-"),
        with("key = \"cpython-", "key = \"pypy-"),
        with("version = 1", "version = 2"),
        with(
            "version = 1",
            "version = 1\nmirror = 'https://evil.example'",
        ),
        "\u{1b}[2J".into(),
        String::new(),
    ] {
        home.write(LOCK, &bad);
        for verb in ["plan", "apply"] {
            let run = home.boot([verb]).code(1).one_error();
            assert!(
                !run.stderr.contains('\u{1b}') && run.stderr.contains("boot.lock"),
                "{run}"
            );
        }
    }
    fs::remove_file(home.root.join(LOCK)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", home.root.join(LOCK)).unwrap();
    home.boot(["apply"]).code(1).one_error();
    assert_eq!(home.tree(), before);
}
