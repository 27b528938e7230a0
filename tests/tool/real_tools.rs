//! Popular tools from the public index: each runs, `pip check` finds nothing, and its environment
//! is what pip chooses with the same Python on the same day. `real_tools.toml` lists the tools and
//! the known differences.
//!
//! Runs only with BOOT_TEST_NETWORK=1.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use serde::Deserialize;

use super::public_index::online;
use crate::support::{Home, Mirror};

#[derive(Deserialize)]
struct All {
    tool: Vec<Tool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    install: String,
    #[serde(default)]
    with: Vec<String>,
    run: Vec<String>,
    #[serde(default)]
    says: String,
    #[serde(default)]
    links: Vec<String>,
    kind: String,
    /// Package and reason.
    #[serde(default)]
    differs: BTreeMap<String, String>,
}

type Packages = BTreeMap<String, String>;

#[test]
fn tools_from_the_network_match_what_pip_chooses() {
    let Some(mut home) = online(Home::new) else {
        return;
    };
    let all: All = toml::from_str(include_str!("real_tools.toml")).unwrap();
    assert!(all.tool.len() >= 25);
    assert!(
        all.tool
            .iter()
            .all(|tool| !tool.kind.is_empty() && tool.differs.values().all(|why| !why.is_empty()))
    );
    // A genuine interpreter, which environments know for what it is.
    home.boot(["python", "adopt", &Mirror::machine().display().to_string()])
        .success();
    home.set(
        "PIP_CACHE_DIR",
        &home.root.join("pip-cache").display().to_string(),
    );
    home.set("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    // The pip of today, in an environment of the same Python.
    home.boot(["tool", "install", "pip"]).success();
    let home = &home;

    let left = Mutex::new(all.tool.iter());
    let problems = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(tool) = left.lock().unwrap().next() else {
                        break;
                    };
                    let found = try_out(home, tool);
                    problems.lock().unwrap().extend(
                        found
                            .into_iter()
                            .map(|problem| format!("{}: {problem}", tool.install)),
                    );
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    home.no_leftovers();
}

/// Returns all problems of one tool.
fn try_out(home: &Home, tool: &Tool) -> Vec<String> {
    let mut words = vec!["tool", "install", &tool.install];
    tool.with
        .iter()
        .for_each(|with| words.extend(["--with", with]));
    let made = home.boot(&words);
    if made.code != Some(0) {
        return vec![made.to_string()];
    }
    let mut problems = Vec::new();
    let ran = home.run(
        home.command(home.bin().join(&tool.run[0]))
            .args(&tool.run[1..]),
    );
    if ran.code != Some(0) || !format!("{}{}", ran.stdout, ran.stderr).contains(&tool.says) {
        problems.push(ran.to_string());
    }
    let share = home.root.join(".local/share");
    problems.extend(
        tool.links
            .iter()
            .filter(|link| !share.join(link).is_file())
            .map(|link| format!("{link} isn't linked")),
    );
    let name = tool.install.split('[').next().unwrap();
    let environment = home.data().join("tools").join(name);
    let python = home.data().join("tools/pip/bin/python");
    let pip =
        |words: &[&str]| home.run(home.command(&python).args(["-I", "-m", "pip"]).args(words));
    let check = pip(&[
        "--python",
        &environment.join("bin/python").display().to_string(),
        "check",
    ]);
    if check.code != Some(0) {
        problems.push(check.to_string());
    }

    let mut words = vec![
        "install",
        "--quiet",
        "--dry-run",
        "--ignore-installed",
        "--report",
        "-",
        &tool.install,
    ];
    words.extend(tool.with.iter().map(String::as_str));
    let said = pip(&words);
    if said.code != Some(0) {
        problems.push(said.to_string());
        return problems;
    }
    let (ours, theirs) = (installed(&environment), chosen(&said.json()));
    problems.extend(unexplained(&ours, &theirs, &tool.differs));
    problems
}

/// Returns differences without a known reason, and known reasons without a difference.
fn unexplained(
    ours: &Packages,
    theirs: &Packages,
    differs: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    let names: BTreeSet<&String> = ours
        .keys()
        .chain(theirs.keys())
        .chain(differs.keys())
        .collect();
    for name in names {
        let (our, their) = (ours.get(name), theirs.get(name));
        match (our == their, differs.contains_key(name)) {
            (false, false) => problems.push(format!(
                "{name} is {our:?}, and pip takes {their:?}; nothing in real_tools.toml says why"
            )),
            (true, true) => problems.push(format!(
                "{name} is what pip takes; real_tools.toml says that it differs"
            )),
            _ => {}
        }
    }
    problems
}

#[test]
fn real_tools_difference_needs_reason_and_vice_versa() {
    let packages = |lines: &[(&str, &str)]| {
        lines
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect::<Packages>()
    };
    let (ours, theirs) = (
        packages(&[("a", "1"), ("b", "1"), ("c", "1")]),
        packages(&[("a", "1"), ("b", "2")]),
    );
    let found = |differs: &[(&str, &str)]| unexplained(&ours, &theirs, &packages(differs));
    assert_eq!(
        found(&[]).len(),
        2,
        "another version, and one that pip doesn't take"
    );
    assert_eq!(found(&[("b", "why"), ("c", "why")]), [""; 0]);
    assert_eq!(
        found(&[("a", "why"), ("b", "why"), ("c", "why"), ("gone", "why")]).len(),
        2,
        "one that is the same, one that nobody has"
    );
}

/// Lists the packages in an environment by their metadata.
fn installed(environment: &Path) -> Packages {
    let lib = fs::read_dir(environment.join("lib"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("site-packages"));
    let infos = lib
        .flat_map(|site| fs::read_dir(site).unwrap().flatten())
        .map(|entry| entry.path());
    infos
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "dist-info")
        })
        .map(|path| {
            let bytes = fs::read(path.join("METADATA")).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let header = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap()
                    .trim()
                    .to_string()
            };
            (normal(&header("Name:")), header("Version:"))
        })
        .collect()
}

/// Lists the packages that pip's report would install.
fn chosen(report: &serde_json::Value) -> Packages {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let items = report["install"].as_array().unwrap();
    items
        .iter()
        .map(|item| &item["metadata"])
        .map(|data| (normal(&text(&data["name"])), text(&data["version"])))
        .collect()
}

fn normal(name: &str) -> String {
    name.split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
        .to_lowercase()
}
