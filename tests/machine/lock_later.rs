//! An old lock: the index and the mirror have moved on, and the locked files are installed byte for
//! byte. Also locks of packages that have to be built.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::lock::{
    LOCK, OTHERS, a_month_later, index, lock_for_three, machine, manifest, packages,
};
use crate::support::sdist::Source;
use crate::support::{Fault, Home, Mirror, Wheel};

/// Returns every installed file with its bytes and every link with its target; the home directory
/// is replaced by `~`.
fn installed(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let root = home.root.display().to_string();
    let kept = |path: &&String| {
        let bytecode = path.ends_with(".pyc") || path.contains("/meta/");
        [
            ".local/share/boot/tools/",
            ".local/share/boot/pythons/",
            ".local/bin/",
        ]
        .iter()
        .any(|folder| path.starts_with(folder))
            && !bytecode
    };
    let content = |path: &String| {
        let path = home.root.join(path);
        match fs::read_link(&path) {
            Ok(target) => target
                .display()
                .to_string()
                .replace(&root, "~")
                .into_bytes(),
            Err(_) if path.is_dir() => Vec::new(),
            Err(_) => {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).replace(&root, "~");
                // The hash of a script, which names the home directory.
                text.lines()
                    .filter(|line| !line.starts_with("../../../bin/"))
                    .collect::<Vec<_>>()
                    .join("\n")
                    .into_bytes()
            }
        }
    };
    home.tree()
        .iter()
        .filter(kept)
        .map(|path| (path.clone(), content(path)))
        .collect()
}

#[test]
fn apply_locked_a_month_later_installs_same_bytes() {
    let (mut mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    first.boot(["apply"]).success();
    let there = installed(&first);
    assert!(
        there.len() > 20
            && there
                .keys()
                .any(|path| path.ends_with("site-packages/click.py")),
        "{:?}",
        there.keys()
    );
    // New versions, a withdrawn one, and the next patch of the Python.
    a_month_later(&index);
    index.yank("black", "black-24.1.0-py3-none-any.whl");
    index.yank("docutils", "docutils-0.20-py3-none-any.whl");
    mirror.publish_next();
    let second = machine(&mirror, &index);
    second.write(LOCK, &first.read(LOCK));
    index.server.requests();
    second.boot(["apply", "--locked"]).success();
    let asked = index.server.requests();
    assert!(
        !asked.is_empty() && asked.iter().all(|request| request.contains("/files/")),
        "nothing is resolved: {asked:?}"
    );
    let here = installed(&second);
    assert_eq!(
        here.keys().collect::<Vec<_>>(),
        there.keys().collect::<Vec<_>>()
    );
    for (path, bytes) in &there {
        assert!(
            here[path] == *bytes,
            "{path}:\n{}\n{}",
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&here[path])
        );
    }
}

#[test]
fn apply_locked_failed_download_delays_no_other() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.boot(["lock"]).success();
    // Neither for the Python, which never comes, nor for a wheel of another tool.
    mirror.server.fault(&mirror.path(), Fault::Status(404));
    index
        .server
        .fault("/files/click-8.1.0-py3-none-any.whl", Fault::Status(404));
    index.server.requests();
    home.boot(["apply", "--locked"]).code(1);
    let asked = index.server.requests();
    for file in [
        "black-24.1.0",
        "native-2.0",
        "sphinx-7.0.0",
        "docutils-0.20",
        "furo-2024.1.1",
    ] {
        assert!(
            asked.iter().any(|request| request.contains(file)),
            "{file}: {asked:?}"
        );
    }
    let pages: Vec<&String> = asked
        .iter()
        .filter(|request| request.contains("/simple/"))
        .collect();
    // The wheel that isn't where the lock has it is looked for by its checksum; nothing else is
    // asked of the index.
    assert!(
        pages.iter().all(|page| page.contains("/simple/click/")),
        "{pages:?}"
    );
}

/// The server answers nothing before the Python and all wheels of both tools are requested.
#[test]
fn apply_locked_starts_all_downloads_at_once() {
    let (mirror, index) = (Mirror::new(), index());
    let first = machine(&mirror, &index);
    first.boot(["lock"]).success();
    let text = first.read(LOCK);
    let wheels: Vec<&str> = text
        .split("file = \"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|file| file.ends_with(".whl"))
        .collect();
    assert_eq!(wheels.len(), 6, "{text}");
    // Another machine: what the lock was made from is in the cache of the first. Both kinds come
    // from one server, so that they can wait for each other.
    let mut second = machine(&mirror, &index);
    index.server.put(
        &mirror.path(),
        "application/gzip",
        mirror.archive().to_vec(),
    );
    second.set("BOOT_PYTHON_MIRROR", &index.server.url());
    second.set("BOOT_READ_TIMEOUT", "60");
    second.write(LOCK, &text);
    let mut paths: Vec<String> = wheels.iter().map(|file| format!("/files/{file}")).collect();
    paths.push(mirror.path());
    index
        .server
        .together(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    index.server.requests();
    second.boot(["apply", "--locked"]).success();
    let asked = index.server.requests();
    assert_eq!(
        asked.len(),
        paths.len(),
        "each once, and at the first try: {asked:?}"
    );
    second
        .run(&mut second.command(second.bin().join("black")))
        .success()
        .stdout_has("black 24.1.0");
}

/// Two Pythons, and two tools without a lock: the server answers each pair together.
#[test]
fn apply_without_lock_fetches_in_parallel() {
    let (mut mirror, index) = (Mirror::new(), index());
    let next = mirror.publish_next();
    let mut home = machine(&mirror, &index);
    home.set("BOOT_READ_TIMEOUT", "60");
    let pythons = format!(
        "version = 1\n[python]\ninstall = [\"{}\", \"{next}\"]\n",
        mirror.version()
    );
    home.write(
        ".config/boot/boot.toml",
        &format!("{pythons}[tools]\nblack = \"*\"\nsphinx = \"*\"\n"),
    );
    let archives: Vec<String> = mirror
        .catalog()
        .lines()
        .map(|line| line.split('\t').nth(4).unwrap().to_string())
        .collect();
    let archives: Vec<String> = archives
        .iter()
        .map(|file| mirror.path().replace(&mirror.file(), file))
        .collect();
    assert_eq!(archives.len(), 2);
    mirror
        .server
        .together(&archives.iter().map(String::as_str).collect::<Vec<_>>());
    index
        .server
        .together(&["/simple/black/", "/simple/sphinx/"]);
    home.boot(["apply"])
        .success()
        .stderr_has("new: 2 Pythons, 2 tools");
    assert_eq!(mirror.server.requests().len(), 2);
}

/// Only the deleted tool is recreated and downloaded.
#[test]
fn apply_remakes_only_missing_tool() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.boot(["apply"]).success();
    let sphinx = home.data().join("tools/sphinx");
    let before = fs::metadata(&sphinx).unwrap().ino();
    fs::remove_dir_all(home.data().join("tools/black")).unwrap();
    fs::remove_file(home.bin().join("black")).unwrap();
    home.boot(["cache", "clean"]).success();
    index.server.requests();
    mirror.server.requests();
    home.boot(["apply"]).success().stderr_has("new: 1 tool\n");
    let mut asked = index.server.requests();
    asked.sort();
    let wheels = ["black-24.1.0", "click-8.1.0", "native-2.0"];
    assert!(
        asked.len() == 3
            && asked
                .iter()
                .zip(wheels)
                .all(|(asked, wheel)| asked.contains(wheel)),
        "{asked:?}"
    );
    assert!(mirror.server.requests().is_empty());
    assert_eq!(
        fs::metadata(sphinx).unwrap().ino(),
        before,
        "what is there stays"
    );
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black 24.1.0");
}

#[test]
fn apply_locked_builds_tool_from_locked_source() {
    let (mirror, index) = (Mirror::new(), index());
    index.add(Wheel::new("helper", "1").file("helper.py", ""));
    index.add_source(
        &Source::new("made", "1.0", "made")
            .requires("click")
            .requires("onlymac; sys_platform == 'darwin'")
            .build_requires("helper"),
    );
    let home = machine(&mirror, &index);
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "black = \"*\"\nmade = \"*\"\n"),
    );
    // Only a build can tell what it needs, and there is nothing to build with.
    home.boot(["lock"])
        .code(1)
        .stderr_has("only a build with Python")
        .stderr_has("boot python install");
    home.boot(["apply"]).success();
    home.run(&mut home.command(home.bin().join("made")))
        .success()
        .stdout_has("made");
    home.boot(["lock", "--check"]).success();
    let text = lock_for_three(&home);
    assert_eq!(
        text.matches("file = \"made-1.0.tar.gz\", sha256 = \"")
            .count(),
        3,
        "{text}"
    );
    let lock: toml::Table = toml::from_str(&text).unwrap();
    let names = |platform: &str| -> Vec<String> {
        let packages = lock["platform"][platform]["tool"]["made"]["packages"]
            .as_array()
            .unwrap();
        packages
            .iter()
            .map(|package| package["name"].as_str().unwrap().to_string())
            .collect()
    };
    assert_eq!(
        (names(OTHERS[0]), names(OTHERS[1])),
        (
            vec!["click".into(), "made".into(), "onlymac".into()],
            vec!["click".to_string(), "made".into()]
        )
    );
    // Another machine, later: the same source, though there is a newer one.
    index.add_source(&Source::new("made", "2.0", "new"));
    let second = machine(&mirror, &index);
    second.write(
        ".config/boot/boot.toml",
        &home.read(".config/boot/boot.toml"),
    );
    second.write(LOCK, &text);
    second.boot(["apply", "--locked"]).success();
    second
        .run(&mut second.command(second.bin().join("made")))
        .success()
        .stdout_has("made");
    assert_eq!(packages(&second, "made"), packages(&home, "made"));
    second
        .boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    // Other bytes under its name are no source of the lock's.
    let (kind, _) = index.server.content("/files/made-1.0.tar.gz");
    index.server.put(
        "/files/made-1.0.tar.gz",
        &kind,
        Source::new("made", "1.0", "evil").archive(),
    );
    let third = machine(&mirror, &index);
    third.write(
        ".config/boot/boot.toml",
        &home.read(".config/boot/boot.toml"),
    );
    third.write(LOCK, &text);
    third
        .boot(["apply", "--locked"])
        .code(4)
        .stderr_has("tool made");
    assert!(!third.bin().join("made").exists() && third.bin().join("black").exists());
}

/// An adopted Python of a version without a prebuilt archive: the lock names its source, and later
/// runs do nothing.
#[test]
fn lock_python_without_archive_names_its_source() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    home.boot(["python", "install", &mirror.minor()]).success();
    // The catalog has it no more, but the source of it.
    let (file, sha) = (format!("Python-{}.tgz", mirror.version()), "a".repeat(64));
    home.write(
        "catalog.tsv",
        &format!(
            "{}\tsource\tdefault\tupstream\t{file}\t{sha}\n",
            mirror.version()
        ),
    );
    home.boot(["apply"]).success();
    assert!(home.bin().join("black").exists());
    assert!(
        home.read(LOCK).contains(&format!(
            "release = \"source\"\nfile = \"{file}\"\nsha256 = \"{sha}\""
        )),
        "{}",
        home.read(LOCK)
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["lock", "--check"]).success();
}
