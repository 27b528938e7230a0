//! `boot verify` checks every promised command, in each shell and each kind of run.

use std::fs;

use crate::support::{Home, Index, Mirror, Wheel};

/// Creates a machine from a manifest with a Python and two tools, with all three shells in use.
fn home() -> Home {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("speaker", "1.0").command("speaker", "speaks"));
    index.add(Wheel::new("teller", "1.0").command("teller", "tells"));
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    let manifest = format!(
        "version = 1\n[python]\ninstall = [\"{}\"]\n[tools]\nspeaker = \"*\"\nteller = \"*\"\n\
         elsewhere = {{ only = [\"host:no-such-host\"] }}\n[shell]\nhook = true\n",
        mirror.minor()
    );
    home.write("repo/boot.toml", &manifest);
    home.write(".bashrc", "# mine\n");
    home.write(".zshrc", "# mine\n");
    fs::create_dir_all(home.root.join(".config/fish")).unwrap();
    home.boot(["init", "repo", "--yes"]).success();
    home
}

#[test]
fn verify_machine_that_is_set_up_passes() {
    let home = home();
    let run = home.boot(["verify"]).success();
    let run = run
        .stderr_has("bash login")
        .stderr_has("bash interactive")
        .stderr_has("bash plain");
    assert_eq!(run.stdout, "");
    let json = home.boot(["verify", "--json"]).success().json();
    assert_eq!(
        (json["schema"].clone(), json["broken"].clone()),
        (1.into(), serde_json::json!([]))
    );
    assert_eq!(
        json["commands"], 8,
        "six names of Python and pip, two tools: {json}"
    );
    let shells = ["bash", "zsh", "fish"]
        .into_iter()
        .filter(|shell| which::which(shell).is_ok())
        .count();
    assert_eq!(json["runs"].as_array().unwrap().len(), 3 * shells);
}

#[test]
fn verify_names_missing_and_shadowed_commands() {
    let home = home();
    home.write(
        ".bashrc",
        &format!(
            "{}alias speaker=true\nPATH=$HOME/mine:$PATH\n",
            home.read(".bashrc")
        ),
    );
    let mine = home.write("mine/teller", "#!/bin/sh\n");
    fs::set_permissions(mine, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run = home.boot(["verify"]).code(1);
    let line = |name: &str| {
        run.stdout
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("no {name} in {run}"))
            .to_string()
    };
    assert!(
        line("speaker").contains("an alias or a function")
            && line("speaker").contains("bash interactive"),
        "{run}"
    );
    assert!(
        line("teller").contains("~/mine/teller") && !line("teller").contains("zsh"),
        "{run}"
    );
    // Without the hook nothing is found; what isn't installed is said once, and not for each shell.
    home.boot(["shell", "uninstall"]).success();
    home.boot(["tool", "uninstall", "teller"]).success();
    let run = home.boot(["verify"]).code(1).stdout_has("isn't found");
    assert_eq!(run.stdout.matches("isn't installed").count(), 1, "{run}");
}

#[test]
fn verify_without_manifest_is_error() {
    Home::new()
        .boot(["verify"])
        .code(1)
        .one_error()
        .stderr_has("boot init");
}
