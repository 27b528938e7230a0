//! Start-up files that are dotfiles and hold the hook's block too.

use std::fs;

use crate::support::Home;

const BLOCK: &str = "# >>> boot";

/// Creates a home with a repository in `dots` that has a .bashrc and wants the hook.
fn home(how: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write(
        "dots/boot.toml",
        &format!("version = 1\n[shell]\nhook = true\n[dotfiles]\n{how}"),
    );
    home.write("dots/home/.bashrc", "alias first=1\n");
    home
}

/// Returns whether a shell that reads the file has the hook.
fn has_hook(home: &Home) -> bool {
    let run = home
        .run(
            home.command("bash")
                .args(["-c", ". ~/.bashrc; echo \"in $__boot_shims\""]),
        )
        .success();
    run.stdout == format!("in {}\n", home.data().join("shims").display())
}

#[test]
fn apply_copied_or_template_bashrc_keeps_hook() {
    for mode in ["copy", "template"] {
        let home = home(&format!("'~/.bashrc' = {{ mode = '{mode}' }}\n"));
        home.write(".bashrc", "alias mine=1");
        home.boot(["init", "dots", "--yes", "--on-conflict", "backup"])
            .success();
        home.boot(["apply"]).success().stderr_has("nothing to do");
        assert!(
            home.read(".bashrc")
                .starts_with("alias first=1\n# >>> boot")
                && has_hook(&home),
            "{mode}"
        );
        // Without an end to its last line.
        home.write("dots/home/.bashrc", "alias second=2");
        home.boot(["apply"])
            .success()
            .stderr_has("new: 1 dotfile\n");
        home.boot(["apply"]).success().stderr_has("nothing to do");
        assert!(
            home.read(".bashrc")
                .starts_with("alias second=2\n# >>> boot")
                && has_hook(&home),
            "{mode}"
        );
        assert_eq!(home.read("dots/home/.bashrc"), "alias second=2");
        // What somebody else writes into it is a change as before.
        let ours = home.read(".bashrc");
        home.write(".bashrc", &format!("{ours}alias third=3\n"));
        home.boot(["apply"])
            .code(1)
            .stderr_has("--on-conflict")
            .one_error();
        home.write(".bashrc", &ours);
        home.boot(["undo"]).success();
        assert_eq!(home.read(".bashrc"), "alias mine=1");
    }
}

#[test]
fn apply_after_shell_install_keeps_one_hook() {
    for how in ["", "'~/.bashrc' = { mode = 'copy' }\n"] {
        for before in [None, Some("alias mine=1\n")] {
            let home = home(how);
            before
                .iter()
                .for_each(|text| drop(home.write(".bashrc", text)));
            home.boot(["shell", "install"]).success();
            home.boot(["init", "dots", "--yes", "--on-conflict", "backup"])
                .success();
            home.boot(["apply"]).success().stderr_has("nothing to do");
            assert!(
                home.read(".bashrc").contains("alias first=1\n") && has_hook(&home),
                "{how}"
            );
            assert_eq!(home.read(".bashrc").matches(BLOCK).count(), 1);
        }
    }
}

/// Several machines share a repository, so the block must be right on all of them.
#[test]
fn hook_block_in_linked_bashrc_names_no_home() {
    let home = home("");
    home.boot(["init", "dots", "--yes"]).success();
    assert!(home.root.join(".bashrc").is_symlink() && has_hook(&home));
    let text = home.read("dots/home/.bashrc");
    assert!(
        text.starts_with("alias first=1\n# >>> boot")
            && text.contains("\"$HOME\"'/.local/share/boot/shell/boot.bash'"),
        "{text}"
    );
    assert!(!text.contains(home.root.to_str().unwrap()), "{text}");
    // On another machine it is all there already.
    let mut other = Home::new();
    other.set("SHELL", "/bin/bash");
    for name in ["dots/boot.toml", "dots/home/.bashrc"] {
        other.write(name, &home.read(name));
    }
    other.boot(["init", "dots", "--yes"]).success();
    assert!(has_hook(&other));
    assert_eq!(other.read("dots/home/.bashrc"), text);
    other.boot(["shell", "uninstall"]).success();
    assert_eq!(
        fs::read_to_string(other.root.join("dots/home/.bashrc")).unwrap(),
        "alias first=1\n"
    );
}
