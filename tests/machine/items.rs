//! Items beside Pythons and tools: templates and their questions, system packages, delegated
//! dotfiles, and removed entries.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Home;

/// Creates a home with a repository in `dots`.
fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.set("USER", "me");
    home.write("dots/boot.toml", &format!("version = 1\n{manifest}"));
    home.write("dots/home/.plainrc", "plain\n");
    home
}

/// Puts a program first on PATH that records how it was called.
fn stand_in(home: &mut Home, name: &str, text: &str) {
    let script = home.write(
        &format!("fake/{name}"),
        &format!(
            "#!/bin/sh\necho {name} \"$@\" >>\"{}/called\"\n{text}\n",
            home.root.display()
        ),
    );
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}/fake:/usr/bin:/bin", home.root.display());
    home.set("PATH", &path);
}

const TEMPLATE: &str =
    "[dotfiles]\n'~/.gitconfig' = { mode = 'template', chmod = '600' }\n[vars]\nteam = 'acme'\n";

#[test]
fn apply_template_is_rendered_and_follows_source() {
    let home = home(&format!(
        "{TEMPLATE}email = {{ ask = 'Your e-mail?', default = 'me@example.com' }}\n"
    ));
    home.write(
        "dots/home/.gitconfig",
        "{{ user }} of {{vars.team}} <{{ vars.email }}> on {{ os }}\n$(id) `id`\n",
    );
    home.boot(["init", "dots", "--yes"]).success();
    let os = std::env::consts::OS;
    assert_eq!(
        home.read(".gitconfig"),
        format!("me of acme <me@example.com> on {os}\n$(id) `id`\n")
    );
    assert_eq!(
        fs::metadata(home.root.join(".gitconfig"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.write("dots/home/.gitconfig", "now {{ arch }}\n");
    home.boot(["plan", "--exit-code"])
        .code(1)
        .stdout_has("from the template");
    home.boot(["apply"]).success();
    assert_eq!(
        home.read(".gitconfig"),
        format!("now {}\n", std::env::consts::ARCH)
    );
    // What somebody wrote into it since is theirs.
    home.write(".gitconfig", "mine\n");
    home.boot(["apply"]).code(1).stderr_has("--on-conflict");
    assert_eq!(home.read(".gitconfig"), "mine\n");
}

#[test]
fn init_question_without_default_needs_terminal() {
    let home = home(&format!("{TEMPLATE}email = {{ ask = 'Your e-mail?' }}\n"));
    home.write("dots/home/.gitconfig", "{{ vars.email }}\n");
    let before = home.tree();
    home.boot(["init", "dots", "--yes"])
        .code(3)
        .stderr_has("Your e-mail?")
        .one_error();
    let made: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !before.contains(path) && !path.starts_with(".local"))
        .collect();
    assert!(made.is_empty(), "{made:?}");
    assert!(!home.root.join(".plainrc").exists());
}

#[test]
fn init_wrong_template_is_error_with_place() {
    for (text, says) in [
        ("a\n{{ exec \"touch ran\" }}\n", "home/.gitconfig:2:1"),
        ("{{ vars.taem }}", "did you mean vars.team?"),
        ("{{ os", "no }}"),
        (
            "{% include \"/etc/passwd\" %}{{ range }}",
            "isn't a variable",
        ),
    ] {
        let home = home(TEMPLATE);
        home.write("dots/home/.gitconfig", text);
        let before = home.tree();
        home.boot(["init", "dots", "--yes"])
            .code(2)
            .stderr_has(says)
            .one_error();
        assert_eq!(home.tree(), before, "{text}");
    }
}

/// An existing folder stays, even if it is empty: gpg and ssh check the modes of their folders.
#[test]
fn apply_removes_only_folders_it_made() {
    let home = home("[dotfiles]\n");
    fs::create_dir(home.root.join(".gnupg")).unwrap();
    fs::set_permissions(home.root.join(".gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir_all(home.root.join(".config/theirs")).unwrap();
    for name in [".gnupg/gpg.conf", ".config/theirs/ours/rc", ".other/rc"] {
        home.write(&format!("dots/home/{name}"), "x");
    }
    home.boot(["init", "dots", "--yes"]).success();
    fs::remove_dir_all(home.root.join("dots/home")).unwrap();
    home.write("dots/home/.plainrc", "plain\n");
    home.boot(["apply"])
        .success()
        .stderr_has("gone: 3 dotfiles");
    assert!(home.root.join(".gnupg").is_dir() && home.root.join(".config/theirs").is_dir());
    assert_eq!(
        fs::metadata(home.root.join(".gnupg"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
    assert!(!home.root.join(".config/theirs/ours").exists() && !home.root.join(".other").exists());
}

/// A copied script becomes executable with its source; a copy that its owner made private stays so.
#[test]
fn apply_copy_follows_mode_of_source() {
    let home =
        home("[dotfiles]\n'~/bin/say' = { mode = 'copy' }\n'~/.netrc' = { mode = 'template' }\n");
    let set = |name: &str, mode: u32| {
        fs::set_permissions(home.root.join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    let mode = |name: &str| {
        fs::metadata(home.root.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    for name in ["bin/say", ".netrc"] {
        home.write(&format!("dots/home/{name}"), "#!/bin/sh\n");
        set(&format!("dots/home/{name}"), 0o644);
    }
    home.boot(["init", "dots", "--yes"]).success();
    set(".netrc", 0o600);
    home.boot(["apply"]).success().stderr_has("nothing to do");
    set("dots/home/bin/say", 0o755);
    home.boot(["plan", "--exit-code"])
        .code(1)
        .stdout_has("~/bin/say");
    home.boot(["apply"])
        .success()
        .stderr_has("new: 1 dotfile\n");
    assert_eq!((mode("bin/say"), mode(".netrc")), (0o755, 0o600));
    home.boot(["apply"]).success().stderr_has("nothing to do");
    set("dots/home/.netrc", 0o640);
    home.boot(["apply"]).success();
    assert_eq!(mode(".netrc"), 0o640);
}

#[test]
fn apply_script_arguments_are_split_by_shell() {
    let home = home("[[run]]\nid = 'a'\ncmd = './say.sh \"a b\"  \"c;d\" \"$HOME/x\"'\n");
    home.write("dots/say.sh", "printf '<%s>' \"$@\" >\"$HOME/said\"\n");
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(
        home.read("said"),
        format!("<a b><c;d><{}/x>", home.root.display())
    );
}

#[test]
fn apply_installs_packages_with_manager_of_system() {
    let mut home =
        home("[packages]\nany = ['ripgrep']\napt = ['fd-find', 'no-such']\ndnf = ['elsewhere']\n");
    // Installed is what the stand-in was told to install; it has no package of the name no-such.
    stand_in(
        &mut home,
        "dpkg-query",
        "for name; do grep -q \" $name \" \"$HOME/installed\" 2>/dev/null && echo \"installed \
         $name\"; done; exit 1",
    );
    stand_in(
        &mut home,
        "apt-get",
        "case \" $* \" in *no-such*) echo 'E: Unable to locate package no-such' >&2; exit 100;; \
         *install*) echo \" $* \" >>\"$HOME/installed\";; esac",
    );
    stand_in(
        &mut home,
        "sudo",
        "[ \"$2\" = true ] || { shift; exec \"$@\"; }",
    );
    let plan = home
        .boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("ripgrep, through apt")
        .stdout_has("fd-find, through apt");
    assert!(!plan.stdout.contains("elsewhere"), "{plan}");
    assert!(!home.root.join("installed").exists());
    // One wrong name keeps neither the other packages nor the dotfiles out.
    home.boot(["init", "dots", "--yes"])
        .code(4)
        .stderr_has("no-such")
        .stderr_has("Unable to locate");
    assert!(
        home.read("installed").contains("ripgrep") && home.read("installed").contains("fd-find")
    );
    home.write(
        "dots/boot.toml",
        "version = 1\n[packages]\nany = ['ripgrep']\napt = ['fd-find']\n",
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    assert!(!home.read("called").contains("elsewhere"));
}

#[test]
fn apply_without_package_manager_skips_packages() {
    let mut home = home("[packages]\nany = ['ripgrep']\n[dotfiles]\n");
    let nowhere = home.root.join("nowhere").display().to_string();
    home.set("PATH", &nowhere);
    home.boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("no package manager");
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(home.read(".plainrc"), "plain\n");
    home.boot(["apply"]).success().stderr_has("nothing to do");
}

#[test]
fn apply_removes_dotfiles_gone_from_manifest() {
    let home = home("[dotfiles]\n'~/.copied' = { mode = 'copy' }\n");
    for name in [".config/deep/er/rc", ".copied", ".mine"] {
        home.write(&format!("dots/home/{name}"), name);
    }
    home.boot(["init", "dots", "--yes"]).success();
    // Taken over by its owner meanwhile.
    fs::remove_file(home.root.join(".mine")).unwrap();
    home.write(".mine", "precious");
    home.write(".config/other", "");
    for name in [".config/deep/er/rc", ".copied", ".mine"] {
        fs::remove_file(home.root.join("dots/home").join(name)).unwrap();
    }
    home.write("dots/boot.toml", "version = 1\n[dotfiles]\n");
    home.boot(["plan"])
        .success()
        .stdout_has("~/.copied goes")
        .stdout_has("~/.config/deep/er/rc goes");
    home.boot(["apply"])
        .success()
        .stderr_has("gone: 2 dotfiles")
        .stderr_lacks("new:");
    assert!(!home.root.join(".copied").exists() && !home.root.join(".config/deep").exists());
    assert_eq!(home.read(".mine"), "precious");
    assert!(home.root.join(".config/other").exists() && home.root.join(".plainrc").exists());
    home.boot(["apply"]).success().stderr_has("nothing to do");
}

#[test]
fn apply_hands_repository_to_chezmoi_after_consent() {
    let mut home =
        home("[dotfiles]\nmanager = 'chezmoi'\n[[run]]\nid = 'own'\ncmd = 'touch \"$HOME/own\"'\n");
    home.write("dots/dot_bashrc.tmpl", "{{ output \"id\" }}");
    stand_in(&mut home, "chezmoi", "");
    home.boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("chezmoi");
    home.boot(["init", "dots"]).code(3);
    assert!(
        !home.root.join("called").exists(),
        "nothing of it runs before somebody agreed"
    );
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(
        home.read("called"),
        format!("chezmoi --source {0}/dots apply\n", home.root.display())
    );
    assert!(
        home.root.join("own").exists() && !home.root.join(".plainrc").exists(),
        "boot does the rest, and no dotfiles"
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.write("dots/dot_bashrc.tmpl", "changed");
    home.boot(["apply"])
        .success()
        .stderr_has("placed by chezmoi");
}

/// yadm's repository lies beside the home directory: boot clones it once and pulls after a change.
#[test]
fn apply_clones_yadm_repository_once_and_pulls_changes() {
    let mut home = home("[dotfiles]\nmanager = 'yadm'\n");
    home.write("dots/.bashrc", "first\n");
    home.boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("yadm");
    home.write("dots/.git/HEAD", "");
    // As yadm: it has a repository once it has cloned one.
    stand_in(
        &mut home,
        "yadm",
        "case $1 in rev-parse) test -e \"$HOME/cloned\";; clone) : >\"$HOME/cloned\";; esac",
    );
    home.boot(["init", "dots"]).code(3);
    assert!(
        !home.root.join("called").exists(),
        "nothing of it runs before somebody agreed"
    );
    home.boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("placed by yadm");
    let known = "yadm rev-parse --git-dir\n";
    let cloned = format!(
        "{known}yadm clone --no-bootstrap {}/dots\n",
        home.root.display()
    );
    assert_eq!(home.read("called"), cloned);
    assert!(
        !home.root.join(".plainrc").exists(),
        "boot places no dotfiles"
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    assert_eq!(home.read("called"), cloned);
    home.write("dots/.bashrc", "second\n");
    home.boot(["apply"]).success().stderr_has("placed by yadm");
    assert_eq!(home.read("called"), format!("{cloned}{known}yadm pull\n"));
    // What it says went wrong is an error of that item, and tried again.
    home.write("dots/.bashrc", "third\n");
    stand_in(&mut home, "yadm", "case $1 in pull) exit 1;; esac");
    home.boot(["apply"]).code(1).one_error().stderr_has("yadm");
    home.boot(["plan"]).success().stdout_has("yadm");
}

/// The repository has no manifest: its file names identify the manager.
#[test]
fn init_chezmoi_or_yadm_repository_needs_no_manifest() {
    for (file, manager, called) in [
        (
            "dot_bashrc.tmpl",
            "chezmoi",
            "chezmoi --source {}/dots apply\n",
        ),
        (
            ".chezmoiroot",
            "chezmoi",
            "chezmoi --source {}/dots apply\n",
        ),
        (
            "private_executable_dot_run",
            "chezmoi",
            "chezmoi --source {}/dots apply\n",
        ),
        (
            ".config/yadm/bootstrap",
            "yadm",
            "yadm rev-parse --git-dir\nyadm clone --no-bootstrap {}/dots\n",
        ),
        (
            ".bashrc##os.Linux",
            "yadm",
            "yadm rev-parse --git-dir\nyadm clone --no-bootstrap {}/dots\n",
        ),
    ] {
        let mut home = home("");
        fs::remove_dir_all(home.root.join("dots")).unwrap();
        home.write(&format!("dots/{file}"), "touch \"$HOME/hostile\"\n");
        home.write("dots/.git/HEAD", "");
        stand_in(&mut home, manager, "case $1 in rev-parse) exit 1;; esac");
        home.boot(["init", "dots", "--dry-run"])
            .success()
            .stdout_has(manager);
        home.boot(["init", "dots"]).code(3);
        assert!(
            !home.root.join("called").exists(),
            "{file}: nothing of it runs before somebody agreed"
        );
        home.boot(["init", "dots", "--yes"])
            .success()
            .stderr_has(&format!("placed by {manager}"));
        assert_eq!(
            home.read("called"),
            called.replace("{}", &home.root.display().to_string()),
            "{file}"
        );
        home.boot(["apply"]).success().stderr_has("nothing to do");
        // A manifest that comes later adds to it.
        home.write(
            "dots/boot.toml",
            "version = 1\n[[run]]\nid = 'own'\ncmd = 'touch \"$HOME/own\"'\n",
        );
        home.boot(["apply", "--yes"]).success();
        assert!(
            home.root.join("own").exists() && !home.root.join("hostile").exists(),
            "{file}"
        );
        home.boot(["plan"]).success().stdout_lacks("goes");
    }
    // What is nobody's is still an error.
    let home = home("");
    fs::remove_file(home.root.join("dots/boot.toml")).unwrap();
    home.boot(["init", "./dots"])
        .code(1)
        .one_error()
        .stderr_has("there is no boot.toml in");
}

#[test]
fn init_dotfile_and_tool_of_one_command_is_error() {
    let home =
        home("[dotfiles]\n[tools]\nblack = '*'\nisort = { expose = { sorted = 'isort' } }\n");
    for name in ["black", "sorted"] {
        home.write(&format!("dots/home/.local/bin/{name}"), "#!/bin/sh\n");
        let run = home.boot(["init", "dots", "--yes"]).code(1).one_error();
        run.stderr_has(&format!("~/.local/bin/{name}: both"))
            .stderr_has("nothing was done");
        assert!(!home.bin().exists(), "{name}");
        fs::remove_file(home.root.join("dots/home/.local/bin").join(name)).unwrap();
    }
}

#[test]
fn init_with_global_pin_as_dotfile_converges() {
    let home = Home::new();
    crate::support::stand_in::install(&home);
    crate::support::stand_in::install_version(&home, "3.12.1");
    home.write("repo/home/.config/boot/python-version", "3.12  # mine\n");
    home.write(
        "repo/boot.toml",
        "version = 1\n[python]\ninstall = [\"3.12\"]\n[dotfiles]\nroot = \"home\"\n",
    );
    let repo = home.root.join("repo").display().to_string();
    let global = home.root.join(".config/boot/python-version");
    home.boot(["init", &repo, "--yes"]).success();
    for _ in 0..2 {
        assert!(global.is_symlink());
        assert_eq!(
            home.read("repo/home/.config/boot/python-version"),
            "3.12  # mine\n"
        );
        home.boot(["apply"]).success();
    }
    home.boot(["plan", "--exit-code"]).success();
    // A pin in the repository that says another is the user's own word, and stays.
    let other = Home::new();
    crate::support::stand_in::install(&other);
    crate::support::stand_in::install_version(&other, "3.12.1");
    other.write("repo/home/.config/boot/python-version", "3.11\n");
    other.write(
        "repo/boot.toml",
        "version = 1\n[python]\ninstall = [\"3.12\"]\n[dotfiles]\nroot = \"home\"\n",
    );
    other
        .boot([
            "init",
            &other.root.join("repo").display().to_string(),
            "--yes",
        ])
        .success()
        .stderr_has("3.11 stays the default");
    assert_eq!(
        other.read("repo/home/.config/boot/python-version"),
        "3.11\n"
    );
    other.boot(["plan", "--exit-code"]).success();
}
