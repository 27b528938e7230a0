//! Changes that the hooks notice while a shell stays in a project, and settings that they keep.

use std::fs;
use std::path::Path;

use crate::support::pty::Pty;
use crate::support::{Home, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const ACTIVE: &str = "echo \"<$VIRTUAL_ENV>\"";

/// Starts a shell in the project `p`, with the hook in the start-up file of `shell`.
fn stand(shell: &str, prepare: impl FnOnce(&Home)) -> Option<(Home, Pty)> {
    let home = Home::new();
    stand_in::install(&home);
    stand_in::project(&home, "p");
    stand_in::start_up(&home, shell, "", "");
    prepare(&home);
    let mut pty = Pty::start(&home, shell)?;
    pty.type_line("cd p");
    pty.ask("echo");
    Some((home, pty))
}

/// Expected answer to [`ACTIVE`]: the real path of the environment.
fn active(home: &Home, name: &str) -> String {
    format!("<{}>", stand_in::real(&home.root.join(name)).display())
}

fn path(shell: &str) -> &'static str {
    if shell == "fish" {
        "string join : -- $PATH"
    } else {
        "echo \"$PATH\""
    }
}

/// Switches the automatic creation of environments off.
fn by_hand(home: &Home) {
    home.write(".config/boot/config.toml", "[venv]\nauto_create = false\n");
}

fn rename(home: &Home, from: &str, to: &str) {
    fs::rename(home.root.join(from), home.root.join(to)).unwrap();
}

/// Copies an environment with all its times.
fn copy(from: &Path, to: &Path) {
    assert!(
        std::process::Command::new("cp")
            .args(["-a"])
            .args([from, to])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn hook_follows_project_renamed_under_the_shell() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |_| ()) else {
            continue;
        };
        let root = active(&home, "p/.venv");
        let came_along = |from: &str| format!("from {}", home.root.join(from).display());
        assert_eq!(pty.ask(ACTIVE), root, "{shell}: {}", pty.screen());
        // By this shell, by another one, and from a folder below.
        pty.type_line("mv ../p ../q");
        pty.expect(&came_along("p"));
        assert_eq!(pty.ask(ACTIVE), root, "{shell}: {}", pty.screen());
        rename(&home, "q", "r");
        pty.type_line("");
        pty.expect(&came_along("q"));
        assert_eq!(pty.ask(ACTIVE), root, "{shell}: {}", pty.screen());
        pty.type_line("cd ../r && mkdir sub && cd sub && mv ../../r ../../s");
        pty.expect(&came_along("r"));
        assert_eq!(pty.ask(ACTIVE), root, "{shell}: {}", pty.screen());
        assert_eq!(active(&home, "s/.venv"), root, "{shell}");
        pty.type_line("cd ~");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        // A folder that is gone has no name.
        pty.type_line("cd ~/s/sub && rm -rf ~/s/sub");
        assert_eq!(pty.ask(ACTIVE), root, "{shell}: {}", pty.screen());
        pty.type_line("rm -rf ~/s");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
    }
}

#[test]
fn hook_notices_venv_created_or_deleted_in_place() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, by_hand) else {
            continue;
        };
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}");
        let project = home.root.join("p");
        home.boot_in(&project, ["venv"]).success();
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        fs::remove_dir_all(project.join(".venv")).unwrap();
        pty.type_line("");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        assert!(!pty.ask(path(shell)).contains("/venvs/"), "{shell}");
    }
}

#[test]
fn hook_rejects_other_venv_in_same_place() {
    for shell in SHELLS {
        for (name, times) in [("newer", false), ("with the same times inside", true)] {
            let Some((home, mut pty)) = stand(shell, |_| ()) else {
                continue;
            };
            assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
            let venv = home.root.join("p/.venv");
            if times {
                copy(&stand_in::real(&venv), &home.root.join("evil"));
                // Its own folder's time alone tells: it had one more entry for a moment.
                fs::write(home.root.join("evil/x"), "").unwrap();
                fs::remove_file(home.root.join("evil/x")).unwrap();
            } else {
                fs::create_dir_all(home.root.join("evil/bin")).unwrap();
                fs::write(
                    home.root.join("evil/bin/python"),
                    "#!/bin/sh\ntouch ~/owned\n",
                )
                .unwrap();
                fs::copy(venv.join("pyvenv.cfg"), home.root.join("evil/pyvenv.cfg")).unwrap();
            }
            rename(&home, "p/.venv", "old");
            rename(&home, "evil", "p/.venv");
            pty.type_line("");
            assert_eq!(pty.ask(ACTIVE), "<>", "{shell}, {name}: {}", pty.screen());
            assert!(!pty.ask(path(shell)).contains("/venvs/"), "{shell}, {name}");
            assert!(
                pty.screen().contains("boot venv restore"),
                "{shell}, {name}: {}",
                pty.screen()
            );
            // The one that was trusted comes back, older than what stood there.
            rename(&home, "p/.venv", "evil");
            rename(&home, "old", "p/.venv");
            pty.type_line("");
            assert_eq!(
                pty.ask(ACTIVE),
                active(&home, "p/.venv"),
                "{shell}, {name}: {}",
                pty.screen()
            );
        }
    }
}

#[test]
fn hook_notices_other_python_in_same_venv() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |home| {
            stand_in::install_version(home, "3.12.1");
        }) else {
            continue;
        };
        let root = stand_in::real(&home.root.join("p/.venv"));
        assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
        // As `uv venv --clear` and `python -m venv --clear` do it, in the folder behind the link.
        let config = root.join("pyvenv.cfg");
        let before = (
            fs::read(&config).unwrap(),
            fs::read_link(root.join("bin/python")).unwrap(),
        );
        let link = |target: &Path| {
            fs::remove_file(root.join("bin/python")).unwrap();
            std::os::unix::fs::symlink(target, root.join("bin/python")).unwrap();
        };
        link(&home.data().join("pythons/3.12/bin/python3.12"));
        fs::write(&config, "home = /x\nversion = 3.12.1\n").unwrap();
        pty.type_line("");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}");
        link(&before.1);
        fs::write(&config, &before.0).unwrap();
        pty.type_line("");
        assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
    }
}

#[test]
fn hook_notices_pins_added_and_removed() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |home| {
            stand_in::install_version(home, "3.12.1");
            fs::create_dir_all(home.root.join("p/deep/er")).unwrap();
            fs::remove_file(home.root.join("p/.python-version")).unwrap();
        }) else {
            continue;
        };
        pty.type_line("cd deep/er");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}");
        stand_in::project(&home, "p");
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        home.write("p/deep/.python-version", "3.12\n");
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/deep/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        // Emptied, it says nothing any more.
        home.write("p/deep/.python-version", "# \n");
        rename(&home, "p/deep/.venv", "gone");
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        // An environment of boot's needs no pin.
        fs::remove_file(home.root.join("p/.python-version")).unwrap();
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/.venv"),
            "{shell}: {}",
            pty.screen()
        );
        rename(&home, "p/.venv", "also-gone");
        pty.type_line("");
        assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
        rename(&home, "also-gone", "p/.venv");
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            active(&home, "p/.venv"),
            "{shell}: {}",
            pty.screen()
        );
    }
}

#[test]
fn hook_compares_pins_by_content() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |home| {
            for name in ["one", "two"] {
                home.boot(["venv", "--name", name, "--python", "3.11"])
                    .success();
            }
        }) else {
            continue;
        };
        let pin = home.root.join("p/.python-version");
        let time = fs::metadata(&pin).unwrap().modified().unwrap();
        for name in ["one", "two", "one", "two"] {
            fs::write(&pin, name).unwrap();
            fs::File::options()
                .write(true)
                .open(&pin)
                .unwrap()
                .set_modified(time)
                .unwrap();
            pty.type_line("");
            assert_eq!(
                pty.ask(ACTIVE),
                active(&home, &format!(".local/share/boot/venvs/{name}")),
                "{shell}: {}",
                pty.screen()
            );
        }
        fs::remove_dir_all(home.data().join("venvs/two")).unwrap();
        pty.type_line("");
        assert_eq!(
            pty.ask(ACTIVE),
            "<>",
            "{shell}: a named one can go too: {}",
            pty.screen()
        );
    }
}

#[test]
fn hook_applies_trust_changes_at_next_prompt() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |_| ()) else {
            continue;
        };
        for _ in 0..2 {
            assert_eq!(
                pty.ask(ACTIVE),
                active(&home, "p/.venv"),
                "{shell}: {}",
                pty.screen()
            );
            home.boot(["untrust", "p"]).success();
            pty.type_line("");
            assert_eq!(pty.ask(ACTIVE), "<>", "{shell}: {}", pty.screen());
            assert!(!pty.ask(path(shell)).contains("/venvs/"), "{shell}");
            home.boot(["trust", "p"]).success();
            pty.type_line("");
        }
    }
}

#[test]
fn hook_keeps_path_changes_of_user() {
    for shell in SHELLS {
        let Some((home, mut pty)) = stand(shell, |_| ()) else {
            continue;
        };
        let inside = pty.ask(path(shell));
        let venv = stand_in::real(&home.root.join("p/.venv/bin"))
            .display()
            .to_string();
        let outside = inside.replace(&format!("{venv}:"), "");
        pty.type_line(if shell == "fish" {
            "set PATH /first $PATH /last"
        } else {
            "PATH=/first:$PATH:/last"
        });
        let edited = pty.ask(path(shell));
        assert_eq!(edited, format!("/first:{inside}:/last"), "{shell}");
        // boot is asked again, and answers the same.
        home.write("p/.python-version", "3.11.9\n");
        pty.type_line("");
        assert_eq!(
            pty.ask(path(shell)),
            edited,
            "{shell}: its order is the user's"
        );
        assert_eq!(pty.ask(ACTIVE), active(&home, "p/.venv"), "{shell}");
        pty.type_line("cd ..");
        assert_eq!(
            pty.ask(path(shell)),
            format!("/first:{outside}:/last"),
            "{shell}: exactly what was added is gone"
        );
        // A folder that the user put there as well stays.
        pty.type_line(&if shell == "fish" {
            format!("set -a PATH {venv}")
        } else {
            format!("PATH=$PATH:{venv}")
        });
        pty.type_line("cd p");
        pty.type_line("cd ..");
        assert_eq!(
            pty.ask(path(shell)),
            format!("/first:{outside}:/last:{venv}"),
            "{shell}"
        );
    }
}
