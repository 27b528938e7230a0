//! `boot status` names what differs from the manifest, and `apply --only` repairs some kinds.

use std::fs;

use crate::support::{Home, Index, Mirror, Wheel, index};

fn stocked() -> Index {
    let index = index::stocked();
    index.add(Wheel::new("black", "23.1.0").command("black", "black 23.1.0"));
    index
}

/// Creates a machine that matches its manifest.
fn home(mirror: &Mirror, index: &Index) -> Home {
    let mut home = Home::with(mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    home.write(".bashrc", "# mine\n");
    home.write(
        "dots/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{}']\n[tools]\nblack = '>=24'\n\
             sphinx = {{ inject = ['furo'] }}\n\
             [dotfiles]\n'~/.copied' = {{ mode = 'copy' }}\n[[run]]\nid = 'once'\ncmd = 'true'\n\
             [shell]\nhook = true\n",
            mirror.minor()
        ),
    );
    home.write("dots/home/.copied", "ours\n");
    home.write("dots/home/.linked", "ours\n");
    home.boot(["init", "dots", "--yes"]).success();
    home
}

/// Returns kind, id and state of each item that is not done, from the JSON report.
fn drift(home: &Home) -> Vec<String> {
    let json = home.boot(["status", "--json"]).success().json();
    let items = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["state"] != "done");
    items
        .map(|item| format!("{} {} {}", item["kind"], item["id"], item["state"]).replace('"', ""))
        .collect()
}

#[test]
fn status_names_each_drift_and_apply_repairs_it() {
    let (mirror, index) = (Mirror::new(), stocked());
    let home = home(&mirror, &index);
    home.boot(["status", "--exit-code"])
        .success()
        .stdout_has("this machine is what its manifest says");
    home.boot(["status", "--exit-code", "--json"]).success();
    assert_eq!(drift(&home), [""; 0]);
    type Drift<'a> = (&'a str, &'a str, &'a dyn Fn());
    let boot = |args: &[&str]| drop(home.boot(args).success());
    let drifts: [Drift; 8] = [
        ("tool black todo", "+ tool     black>=24\n", &|| {
            boot(&["tool", "uninstall", "black"])
        }),
        (
            "tool black todo",
            "+ tool     black>=24 (another version)\n",
            &|| boot(&["tool", "install", "black==23.1.0"]),
        ),
        (
            "tool sphinx todo",
            "+ tool     sphinx, with furo (more to inject)\n",
            &|| boot(&["tool", "uninject", "sphinx", "furo"]),
        ),
        (
            "tool sphinx todo",
            "+ tool     sphinx, with furo (broken)\n",
            &|| fs::remove_file(home.bin().join("sphinx-build")).unwrap(),
        ),
        (
            "dotfile ~/.copied conflict",
            "! dotfile  ~/.copied",
            &|| drop(home.write(".copied", "edited\n")),
        ),
        ("dotfile ~/.linked todo", "+ dotfile  ~/.linked", &|| {
            fs::remove_file(home.root.join(".linked")).unwrap()
        }),
        ("shell hook todo", "+ shell    the hook", &|| {
            boot(&["shell", "uninstall"])
        }),
        ("python default todo", "is the default\n", &|| {
            boot(&["python", "pin", "--global", "--unset"])
        }),
    ];
    for (item, says, happens) in drifts {
        happens();
        assert_eq!(drift(&home), [item], "{says}");
        let before = home.tree();
        home.boot(["status"]).success().stdout_has(says);
        home.boot(["status", "--exit-code"])
            .code(1)
            .stdout_has(says);
        home.boot(["status", "--exit-code", "--json"])
            .code(1)
            .stdout_has("\"todo\": 1");
        assert_eq!(home.tree(), before, "it only looks");
        home.boot(["apply", "--on-conflict", "backup"]).success();
        home.boot(["status", "--exit-code"]).success();
    }
    assert_eq!(home.read(".copied"), "ours\n");
}

/// A default that the user chose by hand is intended.
#[test]
fn status_default_python_chosen_by_user_is_no_drift() {
    let (mut mirror, index) = (Mirror::new(), stocked());
    let next = mirror.publish_next().to_string();
    let home = home(&mirror, &index);
    home.learn(&mirror);
    home.boot(["python", "install", "--default", &next])
        .success();
    let json = home
        .boot(["status", "--exit-code", "--json"])
        .success()
        .json();
    let default = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["id"] == "default")
        .unwrap()
        .clone();
    assert_eq!(
        default["what"],
        format!("{next} is the default (your own choice)")
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    assert_eq!(
        home.boot(["python", "pin", "--global"])
            .success()
            .stdout
            .split_whitespace()
            .next(),
        Some(next.as_str())
    );
}

/// Lists the kinds of which something is installed.
fn kinds(home: &Home) -> Vec<&'static str> {
    let is = |kind: &'static str, there: bool| there.then_some(kind);
    let name = |path: &str| home.root.join(path);
    let pythons = || {
        fs::read_dir(home.data().join("pythons"))
            .into_iter()
            .flatten()
            .flatten()
    };
    [
        is("packages", name("installed").exists()),
        is("dotfiles", name(".linked").is_symlink()),
        is(
            "pythons",
            pythons().any(|entry| entry.file_name().to_string_lossy().starts_with("cpython-")),
        ),
        is("tools", home.bin().join("black").exists()),
        is("venvs", home.data().join("venvs/work").exists()),
        is("scripts", name("ran").exists()),
        is("shell", home.read(".bashrc") != "# mine\n"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn apply_only_each_kind_leaves_the_rest() {
    let (mirror, index) = (Mirror::new(), stocked());
    let machine = || {
        let mut home = Home::with(&mirror);
        home.set("BOOT_INDEX_URL", &index.url());
        home.set("SHELL", "/bin/bash");
        home.write(".bashrc", "# mine\n");
        home.write(
            ".config/boot/boot.toml",
            &format!(
                "version = 1\n[python]\ninstall = ['{0}']\n[tools]\nblack = '*'\n[venvs]\n\
                 work = '{0}'\n[packages]\nany = ['ripgrep']\n\
                 [dotfiles]\n[[run]]\nid = 'once'\ncmd = 'echo >\"$HOME/ran\"'\n[shell]\n\
                 hook = true\n",
                mirror.minor()
            ),
        );
        home.write(".config/boot/home/.linked", "ours\n");
        // A Debian's manager, for root and for whom sudo asks nothing.
        home.program(
            "fake/apt-get",
            "#!/bin/sh\ncase \" $* \" in *' install '*) echo \"$*\" >\"$HOME/installed\";; esac\n",
        );
        home.program(
            "fake/dpkg-query",
            "#!/bin/sh\n[ -e \"$HOME/installed\" ] && echo 'installed ripgrep'\n",
        );
        home.program("fake/sudo", "#!/bin/sh\nshift\nexec \"$@\"\n");
        let path = format!("{}/fake:/usr/bin:/bin", home.root.display());
        home.set("PATH", &path);
        home
    };
    for kind in ["packages", "dotfiles", "pythons", "scripts", "shell"] {
        let home = machine();
        home.boot(["apply", "--yes", "--only", kind]).success();
        assert_eq!(kinds(&home), [kind]);
        home.boot(["apply", "--yes", "--only", kind])
            .success()
            .stderr_has("nothing to do");
        assert_eq!(kinds(&home), [kind]);
    }
    // These need a Python, which isn't installed for them when it is left out.
    for kind in ["tools", "venvs"] {
        let home = machine();
        home.boot(["apply", "--yes", "--only", "pythons"]).success();
        home.boot(["apply", "--yes", "--only", kind]).success();
        assert_eq!(kinds(&home), ["pythons", kind]);
    }
    // Several, and then what is left.
    let home = machine();
    home.boot(["apply", "--yes", "--only", "dotfiles,scripts"])
        .success()
        .stderr_has("new: 1 dotfile, 1 script\n");
    assert_eq!(kinds(&home), ["dotfiles", "scripts"]);
    home.boot(["apply"]).success();
    assert_eq!(
        kinds(&home),
        [
            "packages", "dotfiles", "pythons", "tools", "venvs", "scripts", "shell"
        ]
    );
    home.boot(["apply", "--only", "everything"])
        .code(2)
        .stderr_has("everything");
}
