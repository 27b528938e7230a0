//! Trusted environments: boot's own, and those that a person named. Nothing in a project can grant
//! trust.

use std::fs;
use std::path::Path;

use crate::support::pty::Pty;
use crate::support::{Home, Mirror};

/// Creates a home with a Python, and a project `name` with a foreign environment.
fn home(name: &str) -> (Home, Mirror) {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    foreign(&home, &mirror, name);
    (home, mirror)
}

fn foreign(home: &Home, mirror: &Mirror, name: &str) {
    home.write(
        &format!("{name}/.python-version"),
        &format!("{}\n", mirror.minor()),
    );
    let python = home
        .run(
            home.command(crate::support::BOOT)
                .args(["python", "find", &mirror.minor()]),
        )
        .success()
        .stdout;
    let venv = home.root.join(name).join(".venv");
    home.run(
        home.command(python.trim())
            .args(["-m", "venv", "--without-pip"])
            .arg(venv),
    )
    .success();
}

/// Returns whether entering the folder activates an environment.
fn enters(home: &Home, folder: &str) -> bool {
    let mut command = home.command(crate::support::BOOT);
    command
        .args(["shell", "enter", "bash"])
        .arg(home.root.join(folder))
        .arg("");
    home.run(&mut command)
        .success()
        .stdout
        .contains("__boot_use")
}

#[test]
fn trust_and_untrust_add_list_and_remove() {
    let (home, _mirror) = home("app");
    assert!(!enters(&home, "app"));
    home.boot(["trust", "app"])
        .success()
        .stderr_has("~/app/.venv may be activated now");
    assert!(enters(&home, "app"));
    home.boot(["trust", "app"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["trust", "--list"])
        .success()
        .stdout_has("~/app/.venv")
        .stdout_has("trusted by hand");
    assert_eq!(
        home.boot(["trust", "--list", "--json"]).success().json()["trusted"][0]["kind"],
        "trusted"
    );
    home.boot(["untrust", "app"]).success();
    assert!(!enters(&home, "app"));
    home.boot(["untrust", "app"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["trust", "nowhere"])
        .code(1)
        .one_error()
        .stderr_has("no environment in")
        .stderr_has("boot venv");
}

#[test]
fn trust_tree_matches_whole_folder_names() {
    let (home, mirror) = home("w/app/one");
    foreign(&home, &mirror, "w/app-evil");
    home.boot(["trust", "--tree", "w/app"]).success();
    assert!(enters(&home, "w/app/one"));
    assert!(!enters(&home, "w/app-evil"));
    // Those to come are meant too.
    foreign(&home, &mirror, "w/app/two");
    assert!(enters(&home, "w/app/two"));
    // A link into the tree is judged by where it leads.
    fs::remove_dir_all(home.root.join("w/app/two")).unwrap();
    std::os::unix::fs::symlink(home.root.join("w/app-evil"), home.root.join("w/app/two")).unwrap();
    assert!(!enters(&home, "w/app/two"));
}

#[test]
fn untrust_excludes_one_project_of_trusted_tree() {
    let (home, mirror) = home("w/one");
    foreign(&home, &mirror, "w/two");
    home.boot(["trust", "--tree", "w"]).success();
    home.boot(["untrust", "w/one"])
        .success()
        .stderr_has("isn't trusted any more");
    assert!(!enters(&home, "w/one") && enters(&home, "w/two"));
    home.boot(["untrust", "w/one"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["trust", "--list"])
        .success()
        .stdout_has("nothing below it");
    // Named by itself it is trusted again, and so it is with the whole tree.
    home.boot(["trust", "w/one"]).success();
    assert!(enters(&home, "w/one"));
    home.boot(["untrust", "w/one"]).success();
    assert!(!enters(&home, "w/one"));
    home.boot(["trust", "--tree", "w"])
        .success()
        .stderr_has("may be activated now");
    assert!(enters(&home, "w/one"));
    home.boot(["untrust", "w"]).success();
    assert!(!enters(&home, "w/one") && !enters(&home, "w/two"));
    assert_eq!(home.boot(["trust", "--list"]).success().stdout, "");
}

#[test]
fn venv_that_cannot_be_recorded_is_not_created() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.write("app/.python-version", &format!("{}\n", mirror.minor()));
    // A folder in the project is known by that list alone.
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    // A folder stands where the list of what is trusted belongs.
    home.write(".local/state/boot/trust.toml/x", "");
    assert!(!enters(&home, "app"));
    assert!(!home.root.join("app/.venv").exists());
    home.boot_in(&home.root.join("app"), ["venv"])
        .code(1)
        .one_error()
        .stderr_has("trust.toml");
    assert!(!home.root.join("app/.venv").exists());
    home.no_leftovers();
    fs::remove_dir_all(home.root.join(".local/state/boot/trust.toml")).unwrap();
    assert!(enters(&home, "app"));
}

#[test]
fn trust_does_not_extend_to_replaced_venv() {
    let (home, mirror) = home("app");
    home.boot(["trust", "app"]).success();
    assert!(enters(&home, "app"));
    // As a `git checkout` would: the old one is kept, so that its inode isn't given to the new one.
    fs::rename(home.root.join("app/.venv"), home.root.join("old")).unwrap();
    foreign(&home, &mirror, "app");
    assert!(!enters(&home, "app"));
}

#[test]
fn trust_ignores_files_in_project() {
    let (home, _mirror) = home("app");
    let root = home.root.join("app").display().to_string();
    let inode =
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(home.root.join("app/.venv")).unwrap());
    let book = format!(
        "[[tree]]\npath = \"{root}\"\n[[venv]]\npath = \"{root}/.venv\"\nid = \"0:{inode:x}\"\n\
         made = true\n"
    );
    for name in [
        "trust.toml",
        ".boot/trust.toml",
        ".local/state/boot/trust.toml",
        ".boot.toml",
        "boot.toml",
        "pyproject.toml",
    ] {
        home.write(&format!("app/{name}"), &book);
    }
    for name in [
        "config.toml",
        ".config/boot/config.toml",
        ".boot/config.toml",
    ] {
        home.write(
            &format!("app/{name}"),
            "[trust]\ntree = [\"/\"]\n[venv]\nauto_create = true\n",
        );
    }
    // Nor can the environment vouch for itself.
    let config = home.root.join("app/.venv/pyvenv.cfg");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}boot = 1.0\n")).unwrap();
    assert!(!enters(&home, "app"));
    let mut command = home.command(crate::support::BOOT);
    command
        .current_dir(home.root.join("app"))
        .args(["trust", "--list"]);
    assert_eq!(home.run(&mut command).success().stdout, "");
}

#[test]
fn untrust_deactivates_in_open_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let (home, _mirror) = home("app");
        home.write(".bashrc", "PS1='$ '\n");
        home.write(".zshrc", "PS1='$ '\n");
        home.write(
            ".config/fish/config.fish",
            "function fish_prompt; echo '$ '; end\nset -g fish_greeting\n",
        );
        home.boot(["shell", "install", "--shell", shell]).success();
        home.boot(["trust", "app"]).success();
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd app");
        let venv = home.root.join("app/.venv").display().to_string();
        assert_eq!(
            pty.ask("printenv VIRTUAL_ENV"),
            venv,
            "{shell}: {}",
            pty.screen()
        );
        // By another process than this shell.
        home.boot(["untrust", "app"]).success();
        pty.ask("true");
        assert_eq!(
            pty.ask("printenv VIRTUAL_ENV"),
            "",
            "{shell}: {}",
            pty.screen()
        );
        home.boot(["trust", "app"]).success();
        pty.ask("true");
        assert_eq!(
            pty.ask("printenv VIRTUAL_ENV"),
            venv,
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn trust_store_is_private_and_unreadable_one_is_error() {
    let (home, _mirror) = home("app");
    home.boot(["trust", "app"]).success();
    let mode =
        |path: &Path| std::os::unix::fs::MetadataExt::mode(&fs::metadata(path).unwrap()) & 0o777;
    assert_eq!(mode(&home.root.join(".local/state/boot/trust.toml")), 0o600);
    // A list that can't be read trusts nothing, and is no crash.
    home.write(".local/state/boot/trust.toml", "not toml [");
    assert!(!enters(&home, "app"));
    home.boot(["trust", "--list"])
        .code(1)
        .one_error()
        .stderr_has("trust.toml");
}
