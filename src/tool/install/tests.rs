//! What installing promises, without a network and without a Python that runs: old or new, nothing
//! foreign touched.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::package::link::tests::facts;
use crate::package::wheel::CachedWheel;
use crate::package::wheel::tests::{paths, wheel};
use crate::python::installed::{Installed, Origin};
use crate::python::key::Key;
use crate::report::Silent;
use crate::store::digest::Sha256;
use crate::tool::environment;
use crate::tool::expose;
use crate::tool::uninstall;

/// A home with a Python in it that nobody runs, and no network.
struct Home {
    ctx: Context,
    root: tempfile::TempDir,
}

impl Home {
    fn new() -> Home {
        let root = tempfile::tempdir().unwrap();
        let ctx = Context::new(paths(root.path()), Arc::new(Silent), true);
        fs::create_dir_all(&ctx.paths.bin).unwrap();
        Home { ctx, root }
    }

    fn python(&self) -> Installed {
        let key: Key = "cpython-3.11.9-linux-x86_64-gnu".parse().unwrap();
        let root = self.ctx.paths.pythons().join(key.to_string());
        let executable = root.join("bin/python3.11");
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(&executable, "").unwrap();
        let _ = std::os::unix::fs::symlink(&root, self.ctx.paths.pythons().join("3.11"));
        Installed {
            key,
            root,
            executable,
            origin: Origin::Prebuilt,
            facts: facts(),
            build: Default::default(),
            replaces: None,
        }
    }

    /// What a resolver would say: each package's name, version, and commands.
    fn resolved(&self, packages: &[(&str, &str, &[&str])]) -> environment::Resolved {
        let pins = packages.iter().map(|(name, version, commands)| {
            let mut points = String::from("[console_scripts]\n");
            commands
                .iter()
                .for_each(|command| points.push_str(&format!("{command} = {name}:main\n")));
            let module = format!("{name}.py");
            let bytes = wheel(
                name,
                version,
                &[
                    (&module, "def main(): pass\n"),
                    ("INFO/entry_points.txt", &points),
                ],
            );
            let file = format!("{name}-{version}-py3-none-any.whl");
            let path = self.root.path().join(&file);
            fs::write(&path, &bytes).unwrap();
            CachedWheel::from_file(&self.ctx.paths, &path).unwrap();
            pin(name, version, file, Sha256::of(&bytes))
        });
        environment::Resolved {
            pins: pins.collect(),
            python: self.python(),
        }
    }

    fn make(
        &self,
        wanted: &Wanted,
        additions: &[Addition],
        packages: &[(&str, &str, &[&str])],
        force: bool,
    ) -> Result<Receipt> {
        Install::new(&self.ctx, wanted, additions, &Silent)
            .force(force)
            .make(&self.resolved(packages))
            .map(|made| made.receipt)
    }

    fn bin(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.ctx.paths.bin)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn tools(&self) -> Vec<String> {
        let entries = fs::read_dir(self.ctx.paths.tools())
            .map(|entries| entries.flatten().collect::<Vec<_>>())
            .unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    }
}

fn pin(name: &str, version: &str, file: String, sha256: Sha256) -> environment::ResolvedPin {
    environment::ResolvedPin {
        name: name.parse().unwrap(),
        version: version.parse().unwrap(),
        file,
        url: Some("https://example.invalid/".into()),
        sha256,
        size: None,
        requested: false,
        direct_url: None,
    }
}

fn wanted(name: &str) -> Wanted {
    Wanted::new(name.parse().unwrap())
}

fn adds(name: &str, expose: bool) -> Addition {
    Addition {
        expose,
        ..Addition::inside(name.parse().unwrap())
    }
}

#[test]
fn make_links_remakes_and_uninstall_removes() {
    let home = Home::new();
    let receipt = home
        .make(
            &wanted("black"),
            &[],
            &[
                ("black", "1.0", &["black", "blackd"]),
                ("click", "8", &["click"]),
            ],
            false,
        )
        .unwrap();
    let packages: Vec<String> = receipt
        .packages
        .iter()
        .map(|(name, version)| format!("{name}=={version}"))
        .collect();
    assert_eq!(packages, ["black==1.0", "click==8"]);
    assert_eq!(home.bin(), ["black", "blackd"]);
    assert!(health::is_complete(&home.ctx, &receipt));
    let script = fs::read_to_string(home.ctx.paths.bin.join("black")).unwrap();
    assert!(
        script.starts_with(&format!(
            "#!{}/black/bin/python -E\n",
            home.ctx.paths.tools().display()
        )),
        "{script}"
    );
    // The next version has lost a command: its link goes.
    home.make(
        &wanted("black"),
        &[],
        &[("black", "2.0", &["black"])],
        false,
    )
    .unwrap();
    assert_eq!(
        (home.bin(), home.tools()),
        (vec!["black".to_string()], vec!["black".to_string()])
    );
    let site = folder(&home.ctx.paths, "black").join("lib/python3.11/site-packages");
    assert!(site.join("black-2.0.dist-info/REQUESTED").exists() && !site.join("click.py").exists());
    assert_eq!(uninstall(&home.ctx, "Black").unwrap(), "black");
    assert_eq!((home.bin().len(), home.tools().len()), (0, 0));
    assert!(matches!(
        uninstall(&home.ctx, "black"),
        Err(Error::NotInstalled { .. })
    ));
    assert!(matches!(
        uninstall(&home.ctx, "../.."),
        Err(Error::NotInstalled { .. })
    ));
}

#[test]
fn make_exposes_injected_commands_only_if_asked() {
    let home = Home::new();
    let packages: &[(&str, &str, &[&str])] = &[
        ("sphinx", "8", &["sphinx-build"]),
        ("furo", "1", &["furo-cli"]),
    ];
    home.make(&wanted("sphinx"), &[adds("furo", false)], packages, false)
        .unwrap();
    assert_eq!(home.bin(), ["sphinx-build"]);
    let receipt = home
        .make(&wanted("sphinx"), &[adds("furo", true)], packages, false)
        .unwrap();
    assert_eq!(home.bin(), ["furo-cli", "sphinx-build"]);
    assert_eq!(
        (
            receipt.injected[0].name().as_str(),
            receipt.injected[0].version.clone()
        ),
        ("furo", Some("1".parse().unwrap()))
    );
    let error = home
        .make(
            &wanted("sphinx"),
            &[adds("lib", true)],
            &[packages[0], ("lib", "1", &[])],
            false,
        )
        .unwrap_err();
    assert!(matches!(error, Error::NothingToExpose { .. }), "{error}");
    assert_eq!(
        Receipt::read(&folder(&home.ctx.paths, "sphinx"))
            .unwrap()
            .unwrap(),
        receipt,
        "the old one is untouched"
    );
}

#[test]
fn make_failure_keeps_old_tool() {
    let home = Home::new();
    let old = home
        .make(
            &wanted("black"),
            &[],
            &[("black", "1.0", &["black"])],
            false,
        )
        .unwrap();
    fs::write(home.ctx.paths.bin.join("blackd"), "mine").unwrap();
    let new: &[(&str, &str, &[&str])] = &[("black", "2.0", &["black", "blackd"])];
    let error = home.make(&wanted("black"), &[], new, false).unwrap_err();
    assert!(
        matches!(error, Error::Expose(expose::Error::Foreign { .. })),
        "{error}"
    );
    let error = home
        .make(&wanted("black"), &[], &[("black", "2.0", &[])], false)
        .unwrap_err();
    assert!(matches!(error, Error::NoCommands { .. }), "{error}");
    // A wheel that isn't in the cache, and no network.
    let mut resolved = home.resolved(new);
    resolved.pins.push(pin(
        "gone",
        "1",
        "gone-1-py3-none-any.whl".into(),
        Sha256::of(b"gone"),
    ));
    let error = Install::new(&home.ctx, &wanted("black"), &[], &Silent)
        .force(true)
        .make(&resolved)
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("offline") && error.to_string().lines().count() <= 3,
        "{error}"
    );

    assert!(health::is_complete(&home.ctx, &old));
    assert_eq!(
        Receipt::read(&folder(&home.ctx.paths, "black"))
            .unwrap()
            .unwrap(),
        old
    );
    assert_eq!(
        (home.tools(), home.bin()),
        (
            vec!["black".to_string()],
            vec!["black".to_string(), "blackd".to_string()]
        )
    );
    assert_eq!(
        fs::read_to_string(home.ctx.paths.bin.join("blackd")).unwrap(),
        "mine"
    );
    home.make(&wanted("black"), &[], new, true).unwrap();
    assert!(
        fs::read_link(home.ctx.paths.bin.join("blackd"))
            .unwrap()
            .starts_with(home.ctx.paths.tools())
    );
}

#[test]
fn install_finds_foreign_command_before_network() {
    let home = Home::new();
    fs::write(home.ctx.paths.bin.join("black"), "mine").unwrap();
    let error = install(
        &home.ctx,
        &"black".parse().unwrap(),
        &InstallOptions::default(),
    )
    .unwrap_err();
    assert!(
        matches!(error, Error::Expose(expose::Error::Foreign { .. })),
        "{error}"
    );
    assert_eq!(error.to_string().lines().count(), 2);
}

#[test]
fn install_of_installed_version_does_nothing() {
    let home = Home::new();
    home.make(
        &wanted("black"),
        &[],
        &[("black", "24.4.2", &["black"])],
        false,
    )
    .unwrap();
    for spec in ["black", "black==24.*", "black@24.4.2", "Black>=20"] {
        let outcome = install(
            &home.ctx,
            &spec.parse().unwrap(),
            &InstallOptions::default(),
        )
        .unwrap();
        assert_eq!(
            (outcome.change.clone(), outcome.to_string().as_str()),
            (Change::Already, "black 24.4.2 is already installed")
        );
    }
    assert!(Path::new(&home.ctx.paths.bin.join("black")).exists());
}
