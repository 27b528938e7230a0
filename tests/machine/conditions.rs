//! Conditions of items: scripts once, on a change or always, and `only` for some machines.

use crate::support::{Home, Mirror, index};

fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write("dots/boot.toml", &format!("version = 1\n{manifest}"));
    home
}

fn ran(home: &Home) -> String {
    std::fs::read_to_string(home.root.join("ran")).unwrap_or_default()
}

#[test]
fn apply_changed_watched_file_asks_and_reruns_script() {
    let home = home(
        "[[run]]\nid = 'watches'\ncmd = 'cat data/one data/two >>\"$HOME/ran\"'\non = 'change'\n\
         watch = ['data/one', 'data/two']\n\
         [[run]]\nid = 'once'\ncmd = 'echo once >>\"$HOME/ran\"'\nwatch = ['data/one']\n",
    );
    home.write("dots/data/one", "1\n");
    home.write("dots/data/two", "2\n");
    home.boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("new: 2 scripts");
    assert_eq!(ran(&home), "1\n2\nonce\n");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // Nobody is there to agree, so nothing runs.
    home.write("dots/data/two", "3\n");
    home.boot(["plan"])
        .success()
        .stdout_has("watches")
        .stdout_has("1 is already done");
    home.boot(["apply"])
        .code(3)
        .one_error()
        .stderr_has("new or changed");
    assert_eq!(ran(&home), "1\n2\nonce\n");
    home.boot(["apply", "--yes"])
        .success()
        .stderr_has("new: 1 script\n");
    assert_eq!(ran(&home), "1\n2\nonce\n1\n3\n");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // Once is once, whatever it watches; and back to what was agreed to needs no second yes.
    home.write("dots/data/two", "2\n");
    home.boot(["apply"]).success().stderr_has("new: 1 script\n");
    assert_eq!(ran(&home).matches("once").count(), 1);
}

#[test]
fn apply_runs_always_scripts_each_time() {
    let home = home(
        "[dotfiles]\n[[run]]\nid = 'after'\ncmd = 'test -e \"$HOME/.rc\" && echo after \
         >>\"$HOME/ran\"'\n\
         [[run]]\nid = 'always'\ncmd = 'echo always >>\"$HOME/ran\"'\non = 'always'\n\
         phase = 'before'\n",
    );
    home.write("dots/home/.rc", "");
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(ran(&home), "always\nafter\n");
    home.boot(["apply"]).success().stderr_has("new: 1 script\n");
    assert_eq!(
        ran(&home),
        "always\nafter\nalways\n",
        "somebody has agreed to it before"
    );
    home.boot(["plan", "--exit-code"])
        .code(1)
        .stdout_has("always");
}

/// A dotfile, a script and a tool for each word of `only`; those exist whose word applies.
#[test]
fn manifest_only_limits_dotfiles_scripts_and_tools() {
    let (os, other) = if cfg!(target_os = "macos") {
        ("macos", "linux")
    } else {
        ("linux", "macos")
    };
    let arch = std::env::consts::ARCH;
    let here = format!("{os}-{arch}");
    let words = [
        ("os", os),
        ("platform", &here),
        ("other", other),
        ("codespaces", "codespaces"),
        ("ci", "ci"),
        ("host", "host:no-such-host"),
    ];
    let mirror = Mirror::new();
    let index = index::Index::new();
    let mut tools = format!("[python]\ninstall = ['{}']\n[tools]\n", mirror.minor());
    let (mut dotfiles, mut runs) = (String::from("[dotfiles]\n"), String::new());
    for (name, word) in words {
        index.add(index::Wheel::new(name, "1.0").command(name, name));
        tools.push_str(&format!("{name} = {{ only = ['{word}'] }}\n"));
        dotfiles.push_str(&format!("'~/.{name}' = {{ only = ['{word}'] }}\n"));
        runs.push_str(&format!(
            "[[run]]\nid = '{name}'\ncmd = 'echo {name} >>\"$HOME/ran\"'\nonly = ['{word}']\n"
        ));
    }
    for (variables, holds) in [
        (&[][..], &["os", "platform"][..]),
        (&["CODESPACES"], &["os", "platform", "codespaces"]),
        (&["CI"], &["os", "platform", "ci"]),
        (
            &["CI", "CODESPACES"],
            &["os", "platform", "codespaces", "ci"],
        ),
    ] {
        let mut home = Home::with(&mirror);
        home.set("BOOT_INDEX_URL", &index.url());
        home.write(
            "dots/boot.toml",
            &format!("version = 1\n{tools}{dotfiles}{runs}"),
        );
        for (name, _) in words {
            home.write(&format!("dots/home/.{name}"), "");
        }
        variables.iter().for_each(|name| home.set(name, "true"));
        home.boot(["init", "dots", "--yes"]).success();
        for (name, _) in words {
            let there = holds.contains(&name);
            assert_eq!(
                home.root.join(format!(".{name}")).is_symlink(),
                there,
                "dotfile {name} with {variables:?}"
            );
            assert_eq!(
                home.bin().join(name).exists(),
                there,
                "tool {name} with {variables:?}"
            );
            assert_eq!(
                ran(&home).lines().any(|line| line == name),
                there,
                "script {name} with {variables:?}"
            );
        }
        home.boot(["apply"]).success().stderr_has("nothing to do");
    }
}
