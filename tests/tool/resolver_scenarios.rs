//! Hard cases of the resolver as data: `tests/tool/scenarios/*.toml` describe an index, a request
//! and the expected result.
//!
//! An entry of `index` is `NAME VERSION FLAGS… | REQUIREMENT | REQUIREMENT…`. Flags: `yanked`,
//! `python=SPEC` (of the file), `says-python=SPEC` (in the metadata only), `tag=PY-ABI-PLATFORM`,
//! `build=N`, `sdist`, `date=DAY`, `extra=NAME`, `second` (on a second index, `{second}`), `lost`
//! (listed but missing), `broken` (unreadable metadata). `{files}` is the address of the files.
//! `install` is the tool and its additions; `gives` is the whole environment, or `says` are parts
//! of the error.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::sdist::Source;
use crate::support::{Home, Index, Mirror, Server, Wheel};
use boot::testing::Sha256;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    index: Vec<String>,
    install: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    constraints: Vec<String>,
    gives: Option<String>,
    #[serde(default)]
    says: Vec<String>,
    /// Parts of the warnings of a success.
    #[serde(default)]
    warns: Vec<String>,
}

#[test]
fn resolver_scenarios_give_recorded_results() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tool/scenarios");
    let mut scenarios: Vec<Scenario> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        scenarios.extend(toml::from_str::<File>(&text).unwrap().scenario);
    }
    assert!(scenarios.len() >= 60, "{}", scenarios.len());
    let mirror = Mirror::new();
    let home = Home::ready(&mirror, &Index::new());
    let next = AtomicUsize::new(0);
    let wrong = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(what) = play(&home, scenario) {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{}: {what}", scenario.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} of {} came out otherwise:\n{}",
        wrong.len(),
        scenarios.len(),
        wrong.join("\n")
    );
}

/// Installs into a data folder of its own that shares the home's Pythons.
fn play(home: &Home, scenario: &Scenario) -> Result<(), String> {
    let server = serve(&scenario.index);
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(home.data().join("pythons"), data.join("pythons")).unwrap();
    let filled = |text: &str| {
        text.replace("{second}", &format!("{}/second", server.url()))
            .replace("{files}", &format!("{}/files", server.url()))
    };
    let mut command = home.command(crate::support::BOOT);
    command
        .args(["tool", "install"])
        .arg(filled(&scenario.install[0]));
    for with in &scenario.install[1..] {
        command.arg("--with").arg(filled(with));
    }
    command.args(scenario.args.iter().map(|arg| filled(arg)));
    if !scenario.constraints.is_empty() {
        let file = root.path().join("constraints.txt");
        fs::write(&file, scenario.constraints.join("\n")).unwrap();
        command.arg("-c").arg(file);
    }
    command
        .env("BOOT_DATA_DIR", &data)
        .env("BOOT_CACHE_DIR", root.path().join("cache"))
        .env("BOOT_STATE_DIR", root.path().join("state"));
    command
        .env("BOOT_BIN_DIR", root.path().join("bin"))
        .env("BOOT_INDEX_URL", format!("{}/simple", server.url()));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let run = home.run(&mut command);
    let lacking = |words: &[String]| {
        words
            .iter()
            .find(|words| !run.stderr.contains(filled(words).as_str()))
            .cloned()
    };
    let Some(gives) = &scenario.gives else {
        return match (run.code, lacking(&scenario.says)) {
            (Some(1), None) if !run.stderr.contains("panicked") => Ok(()),
            (_, lacking) => Err(format!("no {lacking:?} in {run}")),
        };
    };
    if run.code != Some(0) {
        return Err(run.to_string());
    }
    if let Some(words) = lacking(&scenario.warns) {
        return Err(format!("no {words:?} in {run}"));
    }
    let tool = fs::read_dir(data.join("tools"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let receipt: toml::Table = fs::read_to_string(tool.join("boot-receipt.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let packages: Vec<&str> = receipt["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package.as_str().unwrap())
        .collect();
    if packages.join(" ") == *gives {
        Ok(())
    } else {
        Err(format!("{} instead of {gives}", packages.join(" ")))
    }
}

fn serve(entries: &[String]) -> Server {
    let server = Server::new();
    let mut pages: BTreeMap<(bool, String), Vec<serde_json::Value>> = BTreeMap::new();
    for entry in entries {
        let mut parts = entry.split(" | ");
        let mut words = parts.next().unwrap().split_whitespace();
        let (name, version) = (words.next().unwrap(), words.next().unwrap());
        let flags: Vec<&str> = words.collect();
        let has = |flag: &str| flags.contains(&flag);
        let value = |flag: &str| {
            flags
                .iter()
                .find_map(|word| word.strip_prefix(flag)?.strip_prefix('='))
        };
        let requires: Vec<&str> = parts.collect();
        let (file, content) = if has("sdist") {
            let source = Source::new(name, version, "x");
            let source = requires
                .iter()
                .fold(source, |source, requirement| source.requires(requirement));
            (source.file_name(), source.archive())
        } else {
            let mut wheel = requires.iter().fold(
                Wheel::new(name, version).command(name, "x"),
                |wheel, requirement| wheel.requires(requirement),
            );
            if let Some(specifier) = value("says-python") {
                wheel = wheel.requires_python(specifier);
            }
            for extra in flags.iter().filter_map(|flag| flag.strip_prefix("extra=")) {
                wheel = wheel.provides(extra);
            }
            if has("broken") {
                wheel = wheel.requires("what is this?!");
            }
            let build = value("build")
                .map(|build| format!("-{build}"))
                .unwrap_or_default();
            (
                format!(
                    "{}-{version}{build}-{}.whl",
                    name.replace('-', "_"),
                    value("tag").unwrap_or("py3-none-any")
                ),
                wheel.bytes(),
            )
        };
        let folder = if has("second") {
            "second-files"
        } else {
            "files"
        };
        pages
            .entry((has("second"), name.into()))
            .or_default()
            .push(serde_json::json!({
                "filename": file,
                "url": format!("../../{folder}/{file}"),
                "hashes": {"sha256": Sha256::of(&content).to_string()},
                "requires-python": value("python"),
                "yanked": has("yanked"),
                "upload-time": value("date").map(|day| format!("{day}T12:00:00.5Z")),
            }));
        if !has("lost") {
            server.put(
                &format!("/{folder}/{file}"),
                "application/octet-stream",
                content,
            );
        }
    }
    for ((second, name), files) in pages {
        let page =
            serde_json::json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
        let index = if second { "second" } else { "simple" };
        server.put(
            &format!("/{index}/{name}/"),
            "application/vnd.pypi.simple.v1+json",
            page.to_string().into_bytes(),
        );
    }
    server
}
