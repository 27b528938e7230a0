//! `boot tool install black`, `boot tool inject sphinx furo`.

use std::fs;

use crate::support::{Fault, Home, Index, Mirror, Wheel, index};

#[test]
fn tool_install_list_and_uninstall_work() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "black"])
        .success()
        .stderr_has("black 24.1.0");
    home.no_leftovers();
    let site = format!("tools/black/lib/python{}/site-packages", mirror.minor());
    assert!(
        home.data().join(&site).join("click.py").is_file(),
        "the dependency came along"
    );
    assert_eq!(
        fs::read_link(home.bin().join("black")).unwrap(),
        home.data().join("tools/black/bin/black")
    );
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black 24.1.0");

    index.server.requests();
    home.boot(["tool", "install", "black"])
        .success()
        .stderr_has("already installed");
    assert_eq!(
        index.server.requests(),
        [] as [&str; 0],
        "what is there needs no request"
    );

    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(list["schema"], 1);
    let tool = &list["tools"][0];
    assert_eq!(
        (&tool["name"], &tool["version"]),
        (&"black".into(), &"24.1.0".into())
    );
    assert_eq!(tool["apps"][0]["name"], "black");
    home.boot(["tool", "list"]).success().stdout_has("black");

    home.boot(["tool", "uninstall", "black"]).success();
    assert!(!home.bin().join("black").exists() && !home.data().join("tools/black").exists());
    home.no_leftovers();
}

#[test]
fn tool_inject_resolves_with_the_tool() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    let site = home.data().join(format!(
        "tools/sphinx/lib/python{}/site-packages",
        mirror.minor()
    ));
    home.boot(["tool", "install", "sphinx"]).success();
    assert!(site.join("docutils-0.21.dist-info").is_dir());
    home.boot(["tool", "inject", "sphinx", "furo"])
        .success()
        .stderr_has("furo");
    assert!(site.join("furo.py").is_file());
    assert!(
        site.join("docutils-0.20.dist-info").is_dir()
            && !site.join("docutils-0.21.dist-info").exists(),
        "furo needs an older docutils"
    );
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(list["tools"][0]["injected"][0]["name"], "furo");
    // The receipt keeps it, and what it holds back: the newer docutils is no news.
    index.add(Wheel::new("docutils", "0.20.1").file("docutils.py", ""));
    for (verb, docutils) in [("reinstall", "0.20"), ("upgrade", "0.20.1")] {
        home.set_page_age();
        home.boot(["tool", verb, "sphinx"]).success();
        assert!(
            site.join("furo.py").is_file()
                && site.join(format!("docutils-{docutils}.dist-info")).is_dir(),
            "{verb}"
        );
        assert!(!site.join("docutils-0.21.dist-info").exists(), "{verb}");
    }
    home.boot(["tool", "uninject", "sphinx", "furo"]).success();
    assert!(
        !site.join("furo.py").exists() && site.join("docutils-0.21.dist-info").is_dir(),
        "it is held back no more"
    );
}

#[test]
fn tool_install_foreign_command_is_found_before_download() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    home.write(".local/bin/black", "mine");
    home.boot(["tool", "install", "black"])
        .code(1)
        .stderr_has(".local/bin/black")
        .stderr_has("--force")
        .one_error();
    assert!(
        !index
            .server
            .requests()
            .iter()
            .any(|request| request.contains("/files/black")),
        "no wheel was fetched"
    );
    assert_eq!(home.read(".local/bin/black"), "mine");
    assert!(!home.data().join("tools/black").exists());
    home.boot(["tool", "install", "--force", "black"]).success();
    assert!(
        fs::symlink_metadata(home.bin().join("black"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn tool_upgrade_failure_keeps_old_tool() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "black"]).success();
    let before = home.tree();
    let path = index.add(
        Wheel::new("black", "25.0.0")
            .requires("click>=8")
            .command("black", "black 25"),
    );
    // Pages are fresh for a while: a new cache has none.
    let cache = home.root.join("cache2").display().to_string();
    home.set("BOOT_CACHE_DIR", &cache);
    index.server.fault(&path, Fault::Status(500));
    home.boot(["tool", "upgrade", "black"]).code(1).one_error();
    // A file that is listed and isn't there is passed over, which is said.
    index.server.fault(&path, Fault::Status(404));
    home.boot(["tool", "upgrade", "black"])
        .success()
        .stderr_has("25.0.0 is listed by the index, but isn't there");
    let after: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with("cache2"))
        .collect();
    assert_eq!(before, after);
    index.server.mend();
    home.boot(["tool", "upgrade", "black"])
        .success()
        .stderr_has("25.0.0");
}

#[test]
fn tool_install_bad_wheel_or_name_is_one_error() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "no-such-tool"])
        .code(1)
        .stderr_has("no-such-tool")
        .one_error();
    let path = index.add(Wheel::new("spoiled", "1").command("spoiled", "x"));
    index.server.put(
        &path,
        "application/octet-stream",
        b"something else".to_vec(),
    );
    home.boot(["tool", "install", "spoiled"])
        .code(1)
        .one_error();
    index.add(Wheel::new("library", "1").file("library.py", ""));
    home.boot(["tool", "install", "library"])
        .code(1)
        .one_error();
    index.add(
        Wheel::new("contrary", "1")
            .requires("black")
            .requires("click<8")
            .command("contrary", "x"),
    );
    let run = home
        .boot(["tool", "install", "contrary"])
        .code(1)
        .stderr_has("click");
    assert!(run.stderr.lines().count() <= 8, "{run}");
    assert!(
        !home
            .data()
            .join("tools")
            .read_dir()
            .is_ok_and(|mut tools| tools.next().is_some()),
        "{:?}",
        home.tree()
    );
    home.no_leftovers();
}

#[test]
fn tool_install_offline_uses_cache_or_says_so() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "black"]).success();
    home.boot(["tool", "uninstall", "black"]).success();
    home.boot(["--offline", "tool", "install", "black"])
        .success();
    home.set("BOOT_INDEX_URL", "http://127.0.0.1:9/simple");
    home.boot(["tool", "install", "sphinx"])
        .code(1)
        .stderr_has("127.0.0.1")
        .one_error();
    home.boot(["--offline", "tool", "install", "sphinx"])
        .code(1)
        .stderr_has("--offline")
        .one_error();
}

#[test]
fn tool_install_failure_stops_no_other_tool() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "black", "no-such-tool", "sphinx"])
        .code(4)
        .stderr_has("no-such-tool");
    for (command, says) in [("black", "black 24.1.0"), ("sphinx-build", "sphinx 7.0.0")] {
        home.run(&mut home.command(home.bin().join(command)))
            .success()
            .stdout_has(says);
    }
    assert_eq!(
        fs::read_dir(home.data().join("tools")).unwrap().count(),
        2,
        "nothing of the one that isn't there"
    );
    home.no_leftovers();
}

#[test]
fn tool_install_links_man_pages_and_completions() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let data = |path: &str| format!("pages-1.0.data/data/{path}");
    let pages = Wheel::new("pages", "1.0")
        .command("pages", "pages 1.0")
        .requires("other")
        .file(&data("share/man/man1/pages.1"), ".TH pages 1.0")
        .file(&data("share/man/de/man1/pages.1"), ".TH pages 1.0 de")
        .file(&data("share/man/man1/theirs.1"), ".TH theirs")
        .file(&data("share/doc/pages/README"), "read")
        .file(
            &data("share/bash-completion/completions/pages"),
            "complete pages",
        )
        .file(&data("share/zsh/site-functions/_pages"), "#compdef pages")
        .file(
            &data("share/fish/vendor_completions.d/pages.fish"),
            "complete -c pages",
        );
    index.add(pages);
    index.add(
        Wheel::new("other", "1.0")
            .file("other.py", "")
            .file("other-1.0.data/data/share/man/man1/other.1", ".TH other"),
    );
    let home = Home::ready(&mirror, &index);
    home.write(".local/share/man/man1/theirs.1", "mine");
    home.boot(["tool", "install", "pages"]).success();
    let share = ".local/share";
    for (path, content) in [
        ("man/man1/pages.1", ".TH pages 1.0"),
        ("man/de/man1/pages.1", ".TH pages 1.0 de"),
        ("man/man1/theirs.1", "mine"),
        ("bash-completion/completions/pages", "complete pages"),
        ("zsh/site-functions/_pages", "#compdef pages"),
        ("fish/vendor_completions.d/pages.fish", "complete -c pages"),
    ] {
        assert_eq!(home.read(&format!("{share}/{path}")), content, "{path}");
    }
    let there = |path: &str| fs::symlink_metadata(home.root.join(share).join(path)).is_ok();
    assert!(
        !there("man/man1/other.1") && !there("doc"),
        "neither a dependency's nor what nobody looks for"
    );

    // A version that has fewer of them.
    index.add(
        Wheel::new("pages", "2.0")
            .command("pages", "pages 2.0")
            .file(
                "pages-2.0.data/data/share/man/man1/pages.1",
                ".TH pages 2.0",
            ),
    );
    home.boot(["tool", "upgrade", "pages"]).success();
    assert_eq!(home.read(".local/share/man/man1/pages.1"), ".TH pages 2.0");
    assert!(!there("man/de/man1/pages.1") && !there("zsh/site-functions/_pages"));
    home.boot(["tool", "uninstall", "pages"]).success();
    assert!(!there("man/man1/pages.1"));
    assert_eq!(home.read(".local/share/man/man1/theirs.1"), "mine");
}

#[test]
fn tool_install_adds_python_if_none_is_accepted() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(
        Wheel::new("modern", "1.0")
            .requires_python(">=3.9")
            .command("modern", "modern times"),
    );
    index.add(
        Wheel::new("future", "1.0")
            .requires_python(">=4")
            .command("future", ""),
    );
    let home = Home::ready(&mirror, &index);
    home.plant(&mirror, "3.8.1");
    home.boot(["python", "uninstall", &mirror.version()])
        .success();
    // An old one is left.
    let record = home.data().join(format!(
        "pythons/{}/boot.json",
        mirror
            .key
            .to_string()
            .replacen(&mirror.version(), "3.8.1", 1)
    ));
    let mut old: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    old["facts"]["version"] = serde_json::json!([3, 8, 1]);
    old["facts"]["markers"]["python_version"] = "3.8".into();
    old["facts"]["markers"]["python_full_version"] = "3.8.1".into();
    fs::write(&record, old.to_string()).unwrap();
    let pythons = || {
        home.boot(["python", "list", "--json"]).success().json()["pythons"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(pythons(), 1);

    // What no Python accepts brings none along, and the error is of those that are there.
    home.boot(["tool", "install", "future"])
        .code(1)
        .one_error()
        .stderr_has("needs Python >=4")
        .stderr_has("3.8.1");
    // What was asked for by name is no question.
    home.boot(["tool", "install", "modern", "--python", "3.8"])
        .code(1)
        .one_error();
    home.boot(["--offline", "tool", "install", "modern"])
        .code(1)
        .one_error();
    assert_eq!(pythons(), 1);

    let run = home.boot(["tool", "install", "modern"]).success();
    run.stderr_has(&format!(
        "modern accepts none of the installed Pythons: installing {} first",
        mirror.minor()
    ));
    assert_eq!(pythons(), 2);
    home.run(&mut home.command(home.bin().join("modern")))
        .success()
        .stdout_has("modern times");
    home.boot(["tool", "install", "modern"])
        .success()
        .stderr_has("already installed");
}

#[test]
fn tool_install_version_after_at_sign_is_exact() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    index.add(
        Wheel::new("black", "25.0.0")
            .requires("click>=8")
            .command("black", "black 25"),
    );
    let home = Home::ready(&mirror, &index);
    let is = |version: &str, says: &str| {
        let tool = &home.boot(["tool", "list", "--json"]).success().json()["tools"][0];
        assert_eq!(
            (&tool["version"], &tool["spec"]),
            (&version.into(), &format!("black=={version}").into()),
            "{tool}"
        );
        home.run(&mut home.command(home.bin().join("black")))
            .success()
            .stdout_has(says);
    };
    home.boot(["tool", "install", "black@24.1.0"])
        .success()
        .stderr_has("installed black 24.1.0");
    is("24.1.0", "black 24.1.0");
    // Asked for so it stays so.
    home.boot(["tool", "upgrade"]).success();
    is("24.1.0", "black 24.1.0");
    home.boot(["tool", "install", "Black@25.0.0"])
        .success()
        .stderr_has("upgraded black 24.1.0 -> 25.0.0");
    is("25.0.0", "black 25");
    home.boot(["tool", "install", "black@26"])
        .code(1)
        .one_error()
        .stderr_has("26");
    home.boot(["tool", "install", "black@"]).code(2).one_error();
    is("25.0.0", "black 25");
}
