//! Options of tools in the manifest, with and without a lock: extras, versions, other command
//! names, suffixes, git revisions, folders of the repository.

use std::fs;

use crate::support::sdist::{Source, commit};
use crate::support::{Home, Index, Mirror, Wheel};

/// Creates an index with a tool that has an extra, and a tool of two versions.
fn index() -> Index {
    let index = Index::new();
    index.add(Wheel::new("boto", "1.0").file("boto.py", ""));
    index.add(
        Wheel::new("dvc", "3.0")
            .provides("s3")
            .requires("boto; extra == 's3'")
            .command("dvc", "dvc 3.0")
            .script("dvc-more", "dvc:main"),
    );
    index.add(Wheel::new("elsewhere", "1.0").command("elsewhere", "elsewhere 1.0"));
    index.add(Wheel::new("black", "23.1.0").command("black", "black 23.1.0"));
    index.add(Wheel::new("black", "24.1.0").command("black", "black 24.1.0"));
    index
}

/// Creates a home with `manifest` in `dots`, and a tool in a folder beside it.
fn home(mirror: &Mirror, index: &Index, tools: &str) -> Home {
    let mut home = Home::with(mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.write(
        "dots/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{}']\n[tools]\n{tools}",
            mirror.minor()
        ),
    );
    Source::new("mine", "1.0", "mine").folder(&home, "dots/tools/mine");
    home
}

fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .to_string()
}

#[test]
fn apply_tool_options_work_with_and_without_lock() {
    let (mirror, index) = (Mirror::new(), index());
    let source = Home::new();
    let repository = Source::new("tagged", "1.0", "tagged").repository(&source, "tagged");
    fs::write(
        repository.join("tagged.py"),
        "def main():\n    print('newest')\n",
    )
    .unwrap();
    commit(&source, &repository);
    let tools = format!(
        "dvc = {{ extras = ['s3'], expose = {{ dvc3 = 'dvc' }} }}\nblack = '*'\n\
         black-old = {{ version = '<24', suffix = '-old' }}\n\
         tagged = {{ git = 'file://{}', rev = 'v1' }}\nmine = {{ path = 'tools/mine' }}\n\
         elsewhere = {{ only = ['host:no-such-host'] }}\n",
        repository.display()
    );
    let first = home(&mirror, &index, &tools);
    first
        .boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("5 tools");
    let lock = first.read("dots/boot.lock");
    assert!(lock.contains("boto-1.0-py3-none-any.whl"), "{lock}");
    // What comes later is for who has no lock.
    index.add(Wheel::new("boto", "2.0").file("boto.py", "new = 1\n"));
    let second = home(&mirror, &index, &tools);
    second.write("dots/boot.lock", &lock);
    second.boot(["init", "dots", "--yes"]).success();
    second
        .boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    for home in [&first, &second] {
        for (command, said) in [
            ("dvc", "dvc 3.0"),
            ("dvc3", "dvc 3.0"),
            ("dvc-more", "dvc 3.0"),
            ("black", "black 24.1.0"),
        ] {
            assert_eq!(says(home, command), said);
        }
        assert_eq!(
            (
                says(home, "black-old"),
                says(home, "tagged"),
                says(home, "mine")
            ),
            ("black 23.1.0".into(), "tagged".into(), "mine".into())
        );
        assert!(!home.data().join("tools/elsewhere").exists());
        let python = format!("lib/python{}/site-packages", mirror.minor());
        assert_eq!(
            fs::read_to_string(home.data().join("tools/dvc").join(python).join("boto.py")).unwrap(),
            "",
            "the extra's, as locked"
        );
        home.boot(["apply"]).success().stderr_has("nothing to do");
    }
}

/// Each changed option recreates its tool and no other.
#[test]
fn apply_changed_tool_option_remakes_only_that_tool() {
    let (mirror, index) = (Mirror::new(), index());
    let home = home(&mirror, &index, "dvc = '*'\nblack = '*'\n");
    let manifest = home.read("dots/boot.toml");
    home.boot(["init", "dots", "--yes"]).success();
    let python = format!("lib/python{}/site-packages", mirror.minor());
    let boto = home.data().join("tools/dvc").join(python).join("boto.py");
    assert!(!boto.exists() && !home.bin().join("dvc3").exists());
    for (before, after, says) in [
        ("dvc = '*'", "dvc = { extras = ['s3'] }", "dvc"),
        (
            "dvc = { extras = ['s3'] }",
            "dvc = { extras = ['s3'], expose = { dvc3 = 'dvc' } }",
            "dvc",
        ),
        ("black = '*'", "black = '<24'", "black"),
    ] {
        let text = home.read("dots/boot.toml").replace(before, after);
        home.write("dots/boot.toml", &text);
        let plan = home.boot(["plan", "--json"]).success().json();
        let items = plan["items"].as_array().unwrap();
        let todo: Vec<&str> = items
            .iter()
            .filter(|item| item["state"] == "todo")
            .map(|item| item["id"].as_str().unwrap())
            .collect();
        assert_eq!(todo, [says], "{after}");
        home.boot(["apply"]).success().stderr_has("new: 1 tool\n");
    }
    assert!(boto.exists());
    assert_eq!(
        (says(&home, "dvc3"), says(&home, "black")),
        ("dvc 3.0".into(), "black 23.1.0".into())
    );
    // And back.
    home.write("dots/boot.toml", &manifest);
    home.boot(["apply"]).success();
    home.boot(["apply"]).success().stderr_has("nothing to do");
}
