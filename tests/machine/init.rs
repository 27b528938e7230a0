//! `boot init DIR` sets up a machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Home, Mirror, index};

/// Creates a home with a manifest that has one item of each kind, all from loopback.
fn starter(mirror: &Mirror, index: &crate::support::Index) -> Home {
    let mut home = Home::with(mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    home.write(".bashrc", "# mine\n");
    home.write(
        "dotfiles/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = [\"{}\"]\n[tools]\nblack = \"*\"\n\
             sphinx = {{ inject = [\"furo\"] }}\n[dotfiles]\nroot = \"home\"\n\
             [[run]]\nid = \"once\"\ncmd = \"scripts/once.sh\"\non = \"once\"\n[shell]\n\
             hook = true\n",
            mirror.minor()
        ),
    );
    home.write("dotfiles/home/.toolrc", "from the repository\n");
    let script = home.write(
        "dotfiles/scripts/once.sh",
        "#!/bin/sh\necho ran >>\"$HOME/ran\"\n",
    );
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    home
}

#[test]
fn init_with_python_and_tools_second_run_does_nothing() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = starter(&mirror, &index);
    home.boot(["init", "dotfiles", "--yes"]).success();
    home.boot(["python", "find", &mirror.minor()]).success();
    assert!(home.bin().join("black").exists() && home.bin().join("sphinx-build").exists());
    assert!(
        home.data()
            .join(format!(
                "tools/sphinx/lib/python{}/site-packages/furo.py",
                mirror.minor()
            ))
            .exists()
    );
    assert_eq!(
        fs::read_link(home.root.join(".toolrc")).unwrap(),
        home.root.join("dotfiles/home/.toolrc")
    );
    assert_eq!(home.read("ran"), "ran\n");
    let bashrc = home.read(".bashrc");
    assert!(
        bashrc.starts_with("# mine\n") && bashrc.contains("boot"),
        "{bashrc}"
    );
    home.no_leftovers();

    let before = home.tree();
    mirror.server.requests();
    index.server.requests();
    home.boot(["init", "dotfiles", "--yes"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["apply", "--yes"])
        .success()
        .stderr_has("nothing to do");
    assert_eq!(
        (
            mirror.server.requests().len(),
            index.server.requests().len()
        ),
        (0, 0),
        "and makes no request"
    );
    assert_eq!(home.tree(), before);
    assert_eq!(home.read("ran"), "ran\n");
    assert_eq!(home.read(".bashrc"), bashrc);
}

#[test]
fn init_dry_run_or_without_consent_changes_nothing() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = starter(&mirror, &index);
    let before = home.tree();
    let run = home.boot(["init", "dotfiles", "--dry-run"]).success();
    let said = format!("{}{}", run.stdout, run.stderr);
    for word in ["black", "furo", ".toolrc", "echo ran"] {
        assert!(said.contains(word), "{word} isn't shown: {run}");
    }
    assert_eq!(home.tree(), before);
    home.boot(["init", "dotfiles"]).code(3).stderr_has("--yes");
    let made: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !before.contains(path) && !path.starts_with(".local/state"))
        .collect();
    assert!(made.iter().all(|path| path == ".local"), "{made:?}");
}

#[test]
fn init_conflicting_dotfile_stays_and_stops_all() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = starter(&mirror, &index);
    home.write(".toolrc", "mine, and precious");
    home.boot(["init", "dotfiles", "--yes"])
        .code(1)
        .stderr_has(".toolrc")
        .stderr_has("--on-conflict");
    assert_eq!(home.read(".toolrc"), "mine, and precious");
    assert!(
        !home.bin().join("black").exists(),
        "conflicts are found before anything is done"
    );
    assert!(!home.root.join("ran").exists());
    home.boot(["init", "dotfiles", "--yes", "--on-conflict", "backup"])
        .success();
    assert_eq!(home.read(".toolrc"), "from the repository\n");
    let backups: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| path.contains("state/boot/backups/"))
        .collect();
    assert!(
        backups
            .iter()
            .any(|path| fs::read_to_string(home.root.join(path))
                .is_ok_and(|text| text == "mine, and precious")),
        "{backups:?}"
    );
}

#[test]
fn init_manifest_typo_reports_place() {
    let home = Home::new();
    home.write(
        "dotfiles/boot.toml",
        "version = 1\n\n[pyhton]\ninstall = [\"3.11\"]\n",
    );
    home.boot(["init", "dotfiles", "--yes"])
        .code(2)
        .stderr_has("boot.toml")
        .stderr_has("3")
        .stderr_has("python")
        .one_error();
    home.write(
        "dotfiles/boot.toml",
        "version = 1\n[tools]\nblack = { injekt = [\"x\"] }\n",
    );
    home.boot(["init", "dotfiles", "--yes"])
        .code(2)
        .stderr_has("inject")
        .one_error();
    home.write(
        "dotfiles/boot.toml",
        "version = 1\n[dotfiles]\nroot = \"../outside\"\n",
    );
    home.boot(["init", "dotfiles", "--yes"]).code(2).one_error();
    home.boot(["init", "no/such/folder/x", "--yes"])
        .code(2)
        .one_error();
}

#[test]
fn init_failing_tool_stops_no_other_item() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let home = starter(&mirror, &index);
    let manifest = home
        .read("dotfiles/boot.toml")
        .replace("black = \"*\"", "black = \"*\"\nno-such-tool = \"*\"");
    home.write("dotfiles/boot.toml", &manifest);
    home.boot(["init", "dotfiles", "--yes"])
        .code(4)
        .stderr_has("no-such-tool");
    assert!(home.bin().join("black").exists() && home.root.join(".toolrc").exists());
    home.write(
        "dotfiles/boot.toml",
        &manifest.replace("no-such-tool = \"*\"\n", ""),
    );
    home.boot(["apply", "--yes"]).success();
}
