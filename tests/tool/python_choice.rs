//! The Python of a tool: the default, the newest that suits, or the requested one, which it keeps;
//! never one that boot neither installed nor adopted.

use std::fs;

use crate::support::{Home, Index, Mirror, Wheel};

fn speaker(version: &str) -> Wheel {
    Wheel::new("speaker", version).command("speaker", &format!("speaker {version}"))
}

/// Like [`Home::plant`], with the facts of that version, which requirements are compared with.
/// Returns the key.
pub fn plant(home: &Home, mirror: &Mirror, version: &str) -> String {
    home.plant(mirror, version);
    let key = mirror
        .key
        .to_string()
        .replacen(&mirror.version(), version, 1);
    let record = home.data().join("pythons").join(&key).join("boot.json");
    let mut about: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    let numbers: Vec<u32> = version
        .split('.')
        .map(|number| number.parse().unwrap())
        .collect();
    about["facts"]["version"] = serde_json::json!(numbers);
    about["facts"]["markers"]["python_version"] = format!("{}.{}", numbers[0], numbers[1]).into();
    about["facts"]["markers"]["python_full_version"] = version.into();
    fs::write(record, about.to_string()).unwrap();
    key
}

/// Returns the key of the Python that runs a tool.
pub fn python(home: &Home, tool: &str) -> String {
    let list = home.boot(["tool", "list", "--json"]).success().json();
    let tools = list["tools"].as_array().unwrap();
    tools
        .iter()
        .find(|there| there["name"] == tool)
        .unwrap_or_else(|| panic!("{list}"))["python"]
        .as_str()
        .unwrap()
        .into()
}

pub fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .into()
}

#[test]
fn tool_install_uses_default_or_newest_accepted_python() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(speaker("1.0"));
    index.add(
        Wheel::new("modern", "1.0")
            .requires_python(">=3.5")
            .command("modern", "modern"),
    );
    index.add(
        Wheel::new("old", "1.0")
            .requires_python("<3.5")
            .command("old", "old"),
    );
    // Not the tool itself, but what it needs.
    index.add(
        Wheel::new("around", "1.0")
            .requires("around-part")
            .command("around", "around"),
    );
    index.add(
        Wheel::new("around-part", "1.0")
            .requires_python(">=3.4,<3.5")
            .file("around_part.py", ""),
    );
    let home = Home::ready(&mirror, &index);
    let newest = mirror.key.to_string();
    let [oldest, older] = ["3.3.1", "3.4.2"].map(|version| plant(&home, &mirror, version));
    home.boot(["python", "pin", "--global", "3.3"]).success();
    home.boot(["tool", "install", "speaker"])
        .success()
        .stderr_lacks("is made with Python");
    assert_eq!(python(&home, "speaker"), oldest, "the default suits");
    home.boot(["tool", "install", "modern"])
        .success()
        .stderr_has(&format!(
            "modern is made with Python {}: newer or",
            mirror.version()
        ));
    assert_eq!(python(&home, "modern"), newest);
    home.boot(["tool", "install", "around"])
        .success()
        .stderr_has("around is made with Python 3.4.2: newer or");
    assert_eq!(python(&home, "around"), older);
    // The newest one is the default, and not accepted.
    home.boot(["python", "pin", "--global", &mirror.minor()])
        .success();
    home.boot(["tool", "install", "old"])
        .success()
        .stderr_has("old is made with Python 3.4.2: newer or");
    assert_eq!(python(&home, "old"), older, "the newest of those that are");
    for tool in ["speaker", "modern", "around", "old"] {
        assert_eq!(says(&home, tool).split(' ').next(), Some(tool));
    }
    // It keeps what it has, whatever the default is by now.
    index.add(speaker("1.1"));
    home.set_page_age();
    home.boot(["tool", "upgrade", "speaker"])
        .success()
        .stderr_has("1.0 -> 1.1");
    assert_eq!(python(&home, "speaker"), oldest);
}

#[test]
fn tool_keeps_requested_python_until_reinstall() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(speaker("1.0"));
    index.add(Wheel::new("helper", "1.0").file("helper.py", ""));
    let home = Home::ready(&mirror, &index);
    let [older, old] = ["3.3.1", "3.4.2"].map(|version| plant(&home, &mirror, version));
    home.boot(["tool", "install", "speaker", "--python", "3.3"])
        .success();
    assert_eq!(python(&home, "speaker"), older);
    index.add(speaker("1.1"));
    home.set_page_age();
    for words in [
        ["upgrade", "speaker"].as_slice(),
        &["inject", "speaker", "helper"],
        &["install", "--force", "speaker"],
        &["reinstall", "speaker"],
    ] {
        home.boot([&["tool"], words].concat()).success();
        assert_eq!(
            (python(&home, "speaker"), says(&home, "speaker")),
            (older.clone(), "speaker 1.1".into()),
            "{words:?}"
        );
    }
    home.boot(["tool", "reinstall", "speaker", "--python", "3.4"])
        .success()
        .stderr_has("reinstalled speaker 1.1 (3.4.2)");
    assert_eq!(python(&home, "speaker"), old);
    // That is its wish from now on.
    index.add(speaker("1.2"));
    home.set_page_age();
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("1.1 -> 1.2 (3.4.2)");
    assert_eq!(
        (python(&home, "speaker"), says(&home, "speaker")),
        (old.clone(), "speaker 1.2".into())
    );
    // A Python that its package doesn't accept changes nothing.
    index.add(
        Wheel::new("speaker", "2.0")
            .requires_python(">=3.4")
            .command("speaker", "speaker 2.0"),
    );
    home.set_page_age();
    home.boot(["tool", "upgrade"]).success();
    home.write("bounds.txt", "speaker>=2\n");
    home.boot([
        "tool",
        "install",
        "speaker",
        "--constraint",
        "bounds.txt",
        "--python",
        "3.3",
    ])
    .code(1)
    .one_error()
    .stderr_has(">=3.4");
    assert_eq!(
        (python(&home, "speaker"), says(&home, "speaker")),
        (old, "speaker 2.0".into())
    );
}

#[test]
fn tool_install_never_uses_system_python() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(speaker("1.0"));
    // One that could be installed isn't to be had, and those on PATH would tell that they ran.
    let mut home = Home::new();
    home.set("BOOT_INDEX_URL", &index.url());
    for name in ["python", "python3", &format!("python{}", mirror.minor())] {
        home.program(
            &format!("tempting/{name}"),
            "#!/bin/sh\necho \"$0\" >>\"$HOME/ran\"\nexec /usr/bin/python3 \"$@\"\n",
        );
    }
    home.set(
        "PATH",
        &format!("{}:/usr/bin:/bin", home.root.join("tempting").display()),
    );
    let minor = mirror.minor();
    for words in [
        ["install", "speaker"].as_slice(),
        &["install", "speaker", "--python", "system"],
        &["install", "speaker", "--python", &minor],
        &["run", "speaker"],
        &["run", "--python", "system", "speaker"],
    ] {
        for first in [[].as_slice(), &["--offline"]] {
            let run = home.boot([first, &["tool"], words].concat()).one_error();
            assert!(matches!(run.code, Some(1 | 2)), "{run}");
        }
    }
    assert!(!home.root.join("ran").exists(), "{}", home.read("ran"));
    let pythons = fs::read_dir(home.data().join("pythons"))
        .into_iter()
        .flatten()
        .count();
    assert!(
        !home.data().join("tools").exists() && pythons == 0,
        "{:?}",
        home.tree()
    );
    // Nor where boot has one of its own.
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "speaker", "--python", "system"])
        .one_error()
        .stderr_has("boot python adopt");
    assert_eq!(home.boot(["tool", "list"]).success().stdout, "");
    home.boot(["tool", "install", "speaker"]).success();
    home.boot(["tool", "reinstall", "speaker", "--python", "system"])
        .one_error();
    assert_eq!(
        (python(&home, "speaker"), says(&home, "speaker")),
        (mirror.key.to_string(), "speaker 1.0".into())
    );
}
