//! What has no wheel on an index: source archives, folders, git repositories, wheels by path and by address.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::sdist::{Source, commit};
use crate::support::{Home, Index, Mirror, Wheel, index};

/// The stand-in's interpreter runs an environment as the machine's python3 would.
fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command))).success().stdout.trim().to_string()
}

fn site(home: &Home, mirror: &Mirror, tool: &str) -> PathBuf {
    home.data().join(format!("tools/{tool}/lib/python{}/site-packages", mirror.minor()))
}

fn direct_url(site: &Path, info: &str) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(site.join(info).join("direct_url.json")).unwrap()).unwrap()
}

fn ready() -> (Mirror, Index, Home) {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    // Compiling goes on after boot has ended, and would look like something left behind.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    (mirror, index, home)
}

#[test]
fn a_source_archive_of_the_index_is_built_once() {
    let (mirror, index, mut home) = ready();
    // The user's own packages have no place in a build.
    home.set("PYTHONPATH", &home.root.display().to_string());
    index.add(Wheel::new("helper", "1").file("helper.py", ""));
    index.add_source(&Source::new("made", "1.0", "made").requires("click").build_requires("helper"));
    home.boot(["tool", "install", "made"]).success().stderr_lacks("asked for what a build needs");
    assert_eq!(says(&home, "made"), "made");
    let site = site(&home, &mirror, "made");
    assert!(site.join("click.py").is_file(), "what its metadata asks for");
    assert!(!site.join("helper.py").exists(), "what only the build needed");
    assert!(!site.join("made-1.0.dist-info/direct_url.json").exists());
    home.boot(["tool", "uninstall", "made"]).success();
    home.boot(["--offline", "-v", "tool", "install", "made"]).success().stderr_lacks("building");
    home.no_leftovers();
}

#[test]
fn a_source_whose_metadata_is_final_is_not_run_to_learn_it() {
    let (_mirror, index, home) = ready();
    index.add_source(&Source::new("old", "1", "old").stated());
    index.add_source(&Source::new("old", "2", "old").requires("click<8").stated().file("broken", "never"));
    index.add(Wheel::new("user", "1").requires("old").requires("click>=8").command("user", "x"));
    home.boot(["tool", "install", "user"]).success();
}

#[test]
fn a_build_that_fails_shows_its_output_and_leaves_nothing() {
    let (_mirror, index, home) = ready();
    index.add_source(&Source::new("bad", "1", "x").file("broken", "no such header"));
    let kept = || home.tree().into_iter().filter(|path| !path.starts_with(".cache")).collect::<Vec<_>>();
    let before = kept();
    home.boot(["tool", "install", "bad"])
        .code(1)
        .stderr_has("something of the compiler's")
        .stderr_has("the build broke: no such header")
        .stderr_has(".local/state/boot/log/")
        .one_error();
    assert_eq!(kept(), before);
    home.no_leftovers();
    home.boot(["tool", "install", "--no-build", "bad"]).code(1).stderr_has("--no-build").one_error();
    // A wheel, however old, is what --no-build takes.
    index.add(Wheel::new("bad", "0.9").command("bad", "old"));
    let mut home = home;
    home.set("BOOT_CACHE_DIR", &home.root.join("cache2").display().to_string());
    home.boot(["tool", "install", "--no-build", "bad"]).success().stderr_has("0.9");
    // Nor does an upgrade build.
    home.boot(["tool", "upgrade", "bad"]).success();
}

#[test]
fn a_folder_is_built_and_an_editable_one_is_used_where_it_lies() {
    let (mirror, _index, home) = ready();
    let folder = Source::new("mine", "1.0", "first").requires("click").folder(&home, "work/my project");
    home.boot_in(&home.root.join("work"), ["tool", "install", "./my project"]).success();
    assert_eq!(says(&home, "mine"), "first");
    let about = direct_url(&site(&home, &mirror, "mine"), "mine-1.0.dist-info");
    assert_eq!(about["url"], format!("file://{}", folder.display()).replace(' ', "%20"));
    assert!(about["dir_info"].is_object() && about["dir_info"]["editable"].is_null());

    fs::write(folder.join("mine.py"), "def main():\n    print('second')\n").unwrap();
    home.boot(["tool", "install", &folder.display().to_string()]).success().stderr_has("already");
    home.boot(["tool", "upgrade", "mine"]).success();
    assert_eq!(says(&home, "mine"), "second");

    home.boot(["tool", "install", "--editable", &folder.display().to_string()]).success();
    assert_eq!(direct_url(&site(&home, &mirror, "mine"), "mine-1.0.dist-info")["dir_info"]["editable"], true);
    fs::write(folder.join("mine.py"), "def main():\n    print('third')\n").unwrap();
    assert_eq!(says(&home, "mine"), "third");
    home.boot(["tool", "reinstall", "mine"]).success();
    fs::write(folder.join("mine.py"), "def main():\n    print('fourth')\n").unwrap();
    assert_eq!(says(&home, "mine"), "fourth", "the receipt keeps that it is editable");
    home.boot(["tool", "install", "--editable", "black"]).code(2).stderr_has("editable").one_error();
    home.boot(["tool", "install", "./nothing"]).code(1).stderr_has("./nothing").one_error();
}

#[test]
fn a_git_repository_at_a_tag_and_at_its_newest() {
    let (mirror, _index, home) = ready();
    let folder = Source::new("repo", "1.0", "tagged").repository(&home, "repositories/repo");
    let at = |rev: &str| format!("git+file://{}{rev}", folder.display());
    home.boot(["tool", "install", &at("@v1")]).success();
    assert_eq!(says(&home, "repo"), "tagged");
    fs::write(folder.join("repo.py"), "def main():\n    print('newest')\n").unwrap();
    let newest = commit(&home, &folder);
    home.boot(["tool", "upgrade", "repo"]).success().stderr_has("newest");
    assert_eq!(says(&home, "repo"), "tagged", "a tag is a tag");
    home.boot(["tool", "install", &at("")]).success();
    assert_eq!(says(&home, "repo"), "newest");
    let about = direct_url(&site(&home, &mirror, "repo"), "repo-1.0.dist-info");
    assert_eq!(about["vcs_info"]["commit_id"], newest);
    assert!(about["vcs_info"]["requested_revision"].is_null());
    fs::write(folder.join("repo.py"), "def main():\n    print('newer')\n").unwrap();
    commit(&home, &folder);
    home.boot(["tool", "upgrade", "repo"]).success();
    assert_eq!(says(&home, "repo"), "newer", "the version is the same, the commit isn't");
    home.boot(["tool", "install", &at("@v9")]).code(1).stderr_has("v9").one_error();
    home.boot(["tool", "install", &at("@--upload-pack=x")]).code(1).one_error();
    // A package in a folder of the repository, with extras and a dependency.
    Source::new("part", "2", "a part").requires("click; extra == 'x'").folder(&home, "repositories/repo/packages/part");
    commit(&home, &folder);
    home.boot(["tool", "install", &format!("part[x] @ {}#subdirectory=packages/part", at(""))]).success();
    assert_eq!(says(&home, "part"), "a part");
    assert!(site(&home, &mirror, "part").join("click.py").is_file());
    assert_eq!(direct_url(&site(&home, &mirror, "part"), "part-2.dist-info")["subdirectory"], "packages/part");
}

#[test]
fn wheels_and_archives_by_path_and_by_address() {
    let (mirror, index, home) = ready();
    let server = &index.server;
    server.put(
        "/else/direct-1.0-py3-none-any.whl",
        "application/zip",
        Wheel::new("direct", "1.0").requires("click").command("direct", "x").bytes(),
    );
    let url = format!("{}/else/direct-1.0-py3-none-any.whl", server.url());
    home.boot(["tool", "install", &url]).success();
    assert!(site(&home, &mirror, "direct").join("click.py").is_file());
    let about = direct_url(&site(&home, &mirror, "direct"), "direct-1.0.dist-info");
    assert_eq!(about["url"], url);
    assert!(about["archive_info"]["hashes"]["sha256"].as_str().unwrap().len() == 64);
    home.boot(["tool", "uninstall", "direct"]).success();
    home.boot(["--offline", "tool", "install", &url]).success();
    home.boot(["tool", "uninstall", "direct"]).success();
    let wrong = format!("{url}#sha256={}", "0".repeat(64));
    home.boot(["tool", "install", &wrong]).code(1).stderr_has("SHA-256").one_error();
    assert!(!home.data().join("tools/direct").exists());

    let source = Source::new("packed", "3.1", "packed");
    fs::write(home.root.join(source.file_name()), source.archive()).unwrap();
    home.boot(["tool", "install", &source.file_name()]).success();
    assert_eq!(says(&home, "packed"), "packed");
    // As code hosts offer them: the name tells nothing.
    server.put("/else/main.tar.gz", "application/gzip", Source::new("hosted", "1", "hosted").archive());
    home.boot(["tool", "install", &format!("{}/else/main.tar.gz", server.url())]).success();
    assert_eq!(says(&home, "hosted"), "hosted");
    // One that is another than was asked for.
    home.boot(["tool", "install", &format!("other @ {url}")]).code(1).stderr_has("other").one_error();
    home.boot(["tool", "inject", "black", &url]).code(1);
    home.boot(["tool", "install", "black", "--with", &url]).success();
    assert!(site(&home, &mirror, "black").join("direct.py").is_file());
    home.no_leftovers();
}
