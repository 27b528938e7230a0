//! Contents of real wheels: namespace packages, `.pth` files, several builds, graphical commands;
//! and environments at paths with special characters.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::support::{Home, Index, Mirror, Wheel, needs};

fn says(home: &Home, bin: &Path, command: &str) -> String {
    home.run(&mut home.command(bin.join(command)))
        .success()
        .stdout
        .trim()
        .into()
}

#[test]
fn tool_install_shares_namespaces_and_follows_pth_files() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let main = "from family.elder import name as elder\n\
                from family.younger import name as younger\nimport far\n\
                def main():\n    print(elder, younger, far.away)\n";
    let tool = Wheel::new("reunion", "1.0")
        .requires("family-elder")
        .requires("family-younger")
        .requires("path-maker");
    index.add(
        tool.file("reunion.py", main)
            .script("reunion", "reunion:main"),
    );
    // A folder without __init__.py, in both.
    index.add(
        Wheel::new("family-elder", "1.0").file("family/elder/__init__.py", "name = 'elder'\n"),
    );
    index.add(
        Wheel::new("family-younger", "1.0")
            .file("family/younger/__init__.py", "name = 'younger'\n"),
    );
    index.add(
        Wheel::new("path-maker", "1.0")
            .file("path_maker.pth", "elsewhere\n")
            .file("elsewhere/far.py", "away = 'far away'\n"),
    );
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "reunion"])
        .success()
        .stderr_lacks("both have");
    assert_eq!(
        says(&home, &home.bin(), "reunion"),
        "elder younger far away"
    );
}

#[test]
fn tool_install_takes_highest_build_number() {
    let (mirror, index) = (Mirror::new(), Index::new());
    for (build, word) in [("", "none"), ("-2", "two"), ("-10", "ten"), ("-9z", "nine")] {
        let file = format!("rebuilt-1.0{build}-py3-none-any.whl");
        index.add_bytes(
            "rebuilt",
            &file,
            Wheel::new("rebuilt", "1.0")
                .command("rebuilt", word)
                .bytes(),
        );
    }
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "rebuilt"]).success();
    assert!(says(&home, &home.bin(), "rebuilt").contains("ten"));
}

#[test]
fn tool_install_links_gui_scripts() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let points = "[gui_scripts]\nwindow = window:main\n";
    let wheel =
        Wheel::new("window", "1.0").file("window.py", "def main():\n    print('a window')\n");
    index.add(wheel.file("window-1.0.dist-info/entry_points.txt", points));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "window"])
        .success()
        .stderr_has(": window");
    assert_eq!(says(&home, &home.bin(), "window"), "a window");
}

#[test]
fn tool_runs_from_paths_with_blanks_quotes_or_great_length() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let script = "#!python\nimport sys\nprint('script of', sys.prefix)\n";
    let wheel = Wheel::new("teller", "1.0").file(
        "teller.py",
        "import sys\ndef main():\n    print('teller of', sys.prefix)\n",
    );
    index.add(
        wheel
            .file("teller-1.0.data/scripts/told", script)
            .script("teller", "teller:main"),
    );
    let long = "long".repeat(40);
    for folder in ["with a blank", "it's \"quoted\" $HOME `id`", long.as_str()] {
        let mut home = Home::ready(&mirror, &index);
        let data = home.root.join(folder).join("data");
        let bin = home.root.join(folder).join("bin");
        home.set("BOOT_DATA_DIR", &data.display().to_string());
        home.set("BOOT_BIN_DIR", &bin.display().to_string());
        home.boot(["python", "install", &mirror.minor()]).success();
        home.boot(["tool", "install", "teller"]).success();
        let prefix = data.join("tools/teller").display().to_string();
        assert_eq!(says(&home, &bin, "teller"), format!("teller of {prefix}"));
        assert_eq!(says(&home, &bin, "told"), format!("script of {prefix}"));
        home.boot(["tool", "reinstall", "teller"]).success();
        assert_eq!(says(&home, &bin, "teller"), format!("teller of {prefix}"));
        home.boot(["tool", "uninstall", "teller"]).success();
        assert_eq!(fs::read_dir(&bin).unwrap().count(), 0, "{folder}");
        home.no_leftovers();
    }
}

#[test]
fn tool_ignores_pythonpath_and_has_pip_of_its_python() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("helper", "1.0").file("helper.py", "word = 'right'\n"));
    let wheel = Wheel::new("teller", "1.0").requires("helper").file(
        "teller.py",
        "import helper\ndef main():\n    print(helper.word)\n",
    );
    index.add(wheel.script("teller", "teller:main"));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    home.write("mine/helper.py", "word = 'wrong'\n");
    let run = home
        .run(
            home.command(home.bin().join("teller"))
                .env("PYTHONPATH", home.root.join("mine")),
        )
        .success();
    assert_eq!(run.stdout.trim(), "right");
    if mirror.has_pip() {
        home.boot(["tool", "pip", "teller", "--", "list"])
            .success()
            .stdout_has("teller")
            .stdout_has("helper");
        home.boot(["tool", "pip", "teller", "--", "check"])
            .success()
            .stdout_has("No broken requirements");
    }
}

/// Returns the path of `file` in the cache below `folder`.
fn cached(folder: &Path, file: &str) -> PathBuf {
    let wheels = fs::read_dir(folder.join("wheels"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("tree").join(file));
    let mut found: Vec<PathBuf> = wheels.filter(|path| path.is_file()).collect();
    assert_eq!(found.len(), 1, "{file}");
    found.remove(0)
}

/// Publishes a tool with a module, a program as wheels ship them, and a library.
fn chest(index: &Index) {
    let tool = Wheel::new("chest", "1.0")
        .requires("drawer")
        .script("chest", "chest:main");
    let tool = tool.file("chest-1.0.data/scripts/lid", "#!/bin/sh\necho the lid\n");
    index.add(tool.file(
        "chest.py",
        "import drawer\ndef main():\n    print('a chest with', drawer.CONTENT)\n",
    ));
    index.add(Wheel::new("drawer", "1.0").file("drawer.py", "CONTENT = 'socks'\n"));
}

#[test]
fn tool_install_hard_links_files_of_cache() {
    let (mirror, index) = (Mirror::new(), Index::new());
    chest(&index);
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "chest"]).success();
    let site = home.data().join(format!(
        "tools/chest/lib/python{}/site-packages",
        mirror.minor()
    ));
    for file in ["chest.py", "drawer.py", "drawer-1.0.dist-info/METADATA"] {
        let (installed, kept) = (
            fs::metadata(site.join(file)).unwrap(),
            fs::metadata(cached(&home.root.join(".cache/boot"), file)).unwrap(),
        );
        assert_eq!(
            (installed.dev(), installed.ino()),
            (kept.dev(), kept.ino()),
            "{file}"
        );
    }
    // What differs from environment to environment is not, or one would write into all.
    let record = "drawer-1.0.dist-info/RECORD";
    let kept = fs::metadata(cached(&home.root.join(".cache/boot"), record)).unwrap();
    assert_ne!(fs::metadata(site.join(record)).unwrap().ino(), kept.ino());
}

#[test]
#[cfg(target_os = "linux")]
fn tool_install_copies_files_of_cache_on_other_disk() {
    let (mirror, index) = (Mirror::new(), Index::new());
    chest(&index);
    let mut home = Home::ready(&mirror, &index);
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let Some(other) = tempfile::tempdir_in("/dev/shm")
        .ok()
        .filter(|other| device(other.path()) != device(&home.root))
    else {
        needs::skipped("/dev/shm is no other disk");
        return;
    };
    home.set("BOOT_CACHE_DIR", &other.path().display().to_string());
    for words in [
        ["install", "chest"].as_slice(),
        &["install", "--force", "chest"],
        &["reinstall", "chest"],
    ] {
        home.boot([&["tool"], words].concat()).success();
        assert_eq!(
            says(&home, &home.bin(), "chest"),
            "a chest with socks",
            "{words:?}"
        );
        assert_eq!(says(&home, &home.bin(), "lid"), "the lid", "{words:?}");
    }
    let installed = home.data().join(format!(
        "tools/chest/lib/python{}/site-packages/drawer.py",
        mirror.minor()
    ));
    let kept = cached(other.path(), "drawer.py");
    assert_eq!(
        (fs::read(&installed).unwrap(), device(&installed)),
        (fs::read(&kept).unwrap(), device(&home.root))
    );
    assert_eq!(
        fs::metadata(&installed).unwrap().mode(),
        fs::metadata(&kept).unwrap().mode()
    );
    home.no_leftovers();
}

#[test]
fn tool_install_marks_only_requested_packages() {
    let (mirror, index) = (Mirror::new(), Index::new());
    chest(&index);
    index.add(
        Wheel::new("paint", "1.0")
            .requires("brush")
            .file("paint.py", ""),
    );
    index.add(Wheel::new("brush", "1.0").file("brush.py", ""));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "chest"]).success();
    home.boot(["tool", "inject", "chest", "paint"]).success();
    let site = home.data().join(format!(
        "tools/chest/lib/python{}/site-packages",
        mirror.minor()
    ));
    for (package, asked_for) in [
        ("chest", true),
        ("paint", true),
        ("drawer", false),
        ("brush", false),
    ] {
        let info = site.join(format!("{package}-1.0.dist-info"));
        assert_eq!(
            fs::read_to_string(info.join("INSTALLER")).unwrap(),
            "boot\n"
        );
        assert_eq!(info.join("REQUESTED").is_file(), asked_for, "{package}");
        let record = fs::read_to_string(info.join("RECORD")).unwrap();
        assert_eq!(record.contains("/REQUESTED,"), asked_for, "{record}");
    }
}

#[test]
fn tool_install_file_in_two_wheels_has_fixed_winner() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let main = "import both, ours\ndef main():\n    print(both.WORD, ours.WORD)\n";
    let tool = Wheel::new("umpire", "1.0")
        .requires("zebra")
        .requires("ant")
        .requires("bee")
        .script("umpire", "umpire:main");
    index.add(
        tool.file("umpire.py", main)
            .file("ours.py", "WORD = 'umpire'\n"),
    );
    for name in ["zebra", "ant", "bee"] {
        let word = format!("WORD = '{name}'\n");
        index.add(
            Wheel::new(name, "1.0")
                .file("both.py", &word)
                .file("ours.py", &word)
                .file(&format!("{name}.py"), "")
                .file("same.py", ""),
        );
    }
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    for _ in 0..8 {
        let run = home
            .boot(["tool", "install", "--force", "umpire"])
            .success();
        // The tool's own stands before all others, and those are in the order of their names.
        for (winner, loser, file) in [
            ("umpire", "ant", "ours"),
            ("umpire", "bee", "ours"),
            ("umpire", "zebra", "ours"),
            ("ant", "bee", "both"),
            ("ant", "zebra", "both"),
        ] {
            let site = format!("lib/python{}/site-packages", mirror.minor());
            let line = format!(
                "warning: {winner}-1.0 and {loser}-1.0 both have {site}/{file}.py; that of \
                 {winner}-1.0 stays\n"
            );
            assert_eq!(run.stderr.matches(&line).count(), 1, "no {line} in {run}");
        }
        assert_eq!(
            run.stderr.matches("warning").count(),
            5,
            "what is the same in all is no conflict: {run}"
        );
        assert_eq!(says(&home, &home.bin(), "umpire"), "ant umpire");
    }
}
