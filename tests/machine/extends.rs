//! `extends`: a team's manifest below the user's own, pinned by commit; and attacks by hostile
//! repositories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Home, Index, Mirror, Wheel, index, needs};

/// Creates a home with a git host in a folder of it.
fn home(own: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    let host = format!("file://{}/git", home.root.display());
    home.set("BOOT_GIT_HOST", &host);
    home.write("dots/boot.toml", &format!("version = 1\n{own}"));
    home.write("dots/home/.ownrc", "own\n");
    home
}

/// Commits all files in `git/NAME`.
fn commit(home: &Home, name: &str) {
    let folder = home.root.join("git").join(name);
    for args in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message=x"],
    ] {
        let identity = ["-c", "user.name=Me", "-c", "user.email=me@example.com"];
        let output = Command::new("git")
            .args(identity)
            .args(args)
            .current_dir(&folder)
            .output()
            .expect("these stories need git");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn team(home: &Home) {
    home.write(
        "git/acme/base/boot.toml",
        "version = 1\n[dotfiles]\n'~/.teamrc' = { mode = 'template' }\n[vars]\nteam = 'acme'\n\
         mood = 'theirs'\n\
         [[run]]\nid = 'team'\ncmd = 'scripts/team.sh'\n[[run]]\nid = 'both'\n\
         cmd = 'echo theirs >>\"$HOME/ran\"'\n",
    );
    home.write(
        "git/acme/base/home/.teamrc",
        "{{ vars.team }} {{ vars.mood }}\n",
    );
    home.write(
        "git/acme/base/scripts/team.sh",
        "echo team >>\"$HOME/ran\"\n",
    );
    commit(home, "acme/base");
}

const OWN: &str = "extends = ['acme/base']\n[dotfiles]\n[vars]\nmood = 'mine'\n[[run]]\n\
                   id = 'both'\ncmd = 'echo mine >>\"$HOME/ran\"'\n";

#[test]
fn extends_nearer_file_wins_and_commit_is_locked() {
    let home = home(OWN);
    team(&home);
    home.boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("| echo team")
        .stdout_has("~/.teamrc");
    home.boot(["init", "dots"]).code(3);
    assert!(
        !home.root.join(".local/share").exists(),
        "nothing is kept before somebody agrees: {:?}",
        home.tree()
    );
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(home.read(".teamrc"), "acme mine\n");
    assert_eq!(home.read(".ownrc"), "own\n");
    assert_eq!(home.read("ran"), "mine\nteam\n");
    // Nothing is fetched again, and the team's later commits wait for an update.
    home.write("git/acme/base/home/.teamrc", "later\n");
    commit(&home, "acme/base");
    home.boot(["--offline", "apply"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["lock"]).success();
    let lock = home.read("dots/boot.lock");
    assert!(
        lock.contains("[extends.\"acme/base\"]\ncommit = \"") && !lock.contains("://"),
        "{lock}"
    );
    // Another machine takes the commit of the lock, not the newest.
    let mut other = Home::new();
    let host = format!("file://{}/git", home.root.display());
    other.set("BOOT_GIT_HOST", &host);
    other.write("dots/boot.toml", &home.read("dots/boot.toml"));
    other.write("dots/boot.lock", &lock);
    other.write("dots/home/.ownrc", "");
    // A checkout and an archive of one commit have the same content, and git tells by itself what
    // is the commit's.
    assert!(
        lock.lines().any(|line| line.starts_with("sha256 = ")),
        "{lock}"
    );
    other.boot(["init", "dots", "--yes"]).success();
    assert_eq!(other.read(".teamrc"), "acme mine\n");
    other.boot(["update", "--yes"]).success();
    assert_eq!(other.read(".teamrc"), "later\n");
    assert_ne!(other.read("dots/boot.lock"), lock);
}

/// Lists are united, the nearer one's entries first. The nearer version of a tool counts. The
/// team's hook counts unless the user's manifest sets it.
#[test]
fn extends_unites_lists_and_nearer_value_wins() {
    let (mut mirror, index) = (Mirror::new(), index::stocked());
    let next = mirror.publish_next().to_string();
    index.add(Wheel::new("black", "23.1.0").command("black", "black 23.1.0"));
    let version = mirror.version();
    let own = |more: &str| {
        format!(
            "extends = ['acme/base']\n[python]\ninstall = ['{version}']\n[tools]\nblack = '<24'\n\
             [packages]\nany = ['ripgrep', 'jq']\napt = ['own']\n{more}"
        )
    };
    let mut home = home(&own(""));
    home.learn(&mirror);
    let catalog = home.root.join("catalog.tsv").display().to_string();
    for (name, value) in [
        ("BOOT_PYTHON_MIRROR", mirror.server.url()),
        ("BOOT_PYTHON_CATALOG", catalog),
        ("BOOT_INDEX_URL", index.url()),
    ] {
        home.set(name, &value);
    }
    home.write(
        "git/acme/base/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{next}', '{version}']\n[tools]\nblack = '*'\n\
             sphinx = '*'\n\
             [packages]\nany = ['fd', 'jq']\napt = ['theirs']\n[shell]\nhook = true\n"
        ),
    );
    commit(&home, "acme/base");
    // As on a Debian that has nothing of it; what is asked for is only shown.
    home.program("fake/apt-get", "#!/bin/sh\n");
    home.program("fake/dpkg-query", "#!/bin/sh\nexit 1\n");
    let path = format!("{}/fake:/usr/bin:/bin", home.root.display());
    home.set("PATH", &path);
    let plan = home.boot(["init", "dots", "--dry-run"]).success();
    let packages: Vec<&str> = plan
        .stdout
        .lines()
        .filter_map(|line| {
            line.split_once("package  ")?
                .1
                .split(", through apt")
                .next()
        })
        .collect();
    assert_eq!(packages, ["ripgrep", "jq", "fd", "own", "theirs"], "{plan}");
    home.boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("2 Pythons, 2 tools")
        .stderr_has("the shell hook");
    home.boot(["python", "find", &next]).success();
    assert_eq!(
        home.boot(["python", "pin", "--global"])
            .success()
            .stdout
            .split_whitespace()
            .next(),
        Some(version.as_str())
    );
    home.run(&mut home.command(home.bin().join("black")))
        .success()
        .stdout_has("black 23.1.0");
    home.run(&mut home.command(home.bin().join("sphinx-build")))
        .success()
        .stdout_has("sphinx 7.0.0");
    // No is a word, too.
    home.boot(["shell", "uninstall"]).success();
    home.write(
        "dots/boot.toml",
        &format!("version = 1\n{}", own("[shell]\nhook = false\n")),
    );
    home.boot(["plan"]).success().stdout_lacks("shell");
}

#[test]
fn extends_merges_tool_of_both_files() {
    let (mirror, index) = (Mirror::new(), Index::new());
    for (name, version) in [
        ("tool", "1.0"),
        ("tool", "2.0"),
        ("any", "1.0"),
        ("any", "2.0"),
        ("mine", "1.0"),
        ("theirs", "1.0"),
        ("both", "1.0"),
        ("both", "2.0"),
    ] {
        index.add(Wheel::new(name, version).command(name, version));
    }
    let mut home = Home::ready(&mirror, &index);
    home.set("SHELL", "/bin/bash");
    let host = format!("file://{}/git", home.root.display());
    home.set("BOOT_GIT_HOST", &host);
    home.write(
        "git/acme/base/boot.toml",
        "version = 1\n[tools]\ntool = \
         { version = '==1.0', inject = ['theirs', 'both==1.0'], expose = { t = 'tool' } }\n\
         any = '==1.0'\n",
    );
    commit(&home, "acme/base");
    home.write(
        "dots/boot.toml",
        "version = 1\nextends = ['acme/base']\n[tools]\n\
                                  tool = { inject = ['mine', 'Both>=2'] }\nany = '*'\n",
    );
    home.boot(["init", "dots", "--yes"]).success();
    let list = home.boot(["tool", "list", "--json"]).success().json();
    let tools: Vec<String> = list["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| format!("{} {}", tool["name"], tool["version"]))
        .collect();
    assert_eq!(tools, ["\"any\" \"2.0\"", "\"tool\" \"1.0\""]);
    let injected = list["tools"][1]["injected"].as_array().unwrap().iter();
    let mut injected: Vec<String> = injected
        .map(|one| format!("{} {}", one["name"], one["version"]))
        .collect();
    injected.sort();
    assert_eq!(
        injected,
        ["\"both\" \"2.0\"", "\"mine\" \"1.0\"", "\"theirs\" \"1.0\""]
    );
    assert!(home.bin().join("t").exists(), "{list}");
    home.boot(["apply"]).success().stderr_has("nothing to do");
}

/// Two teams extend one base: it is applied once.
#[test]
fn extends_shared_base_is_applied_once() {
    let home = home("extends = ['acme/one', 'acme/two']\n");
    home.write(
        "git/acme/base/boot.toml",
        "version = 1\n[dotfiles]\n[[run]]\nid = 'base'\ncmd = 'echo base >>\"$HOME/ran\"'\n",
    );
    home.write("git/acme/base/home/.baserc", "base\n");
    commit(&home, "acme/base");
    for name in ["one", "two"] {
        home.write(
            &format!("git/acme/{name}/boot.toml"),
            "version = 1\nextends = ['acme/base']\n[dotfiles]\n",
        );
        home.write(&format!("git/acme/{name}/home/.{name}rc"), name);
        commit(&home, &format!("acme/{name}"));
    }
    home.boot(["init", "dots", "--yes"]).success();
    assert_eq!(
        (
            home.read(".baserc").as_str(),
            home.read(".onerc").as_str(),
            home.read(".tworc").as_str()
        ),
        ("base\n", "one", "two")
    );
    assert_eq!(home.read("ran"), "base\n");
}

#[test]
fn extends_dotfile_in_two_repositories_is_error() {
    let home = home(OWN);
    team(&home);
    home.write("dots/home/.teamrc", "mine\n");
    let run = home
        .boot(["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has(".teamrc")
        .stderr_has("dots/home/.teamrc");
    assert!(run.stderr.contains("both"), "{run}");
    assert!(!home.root.join("ran").exists() && !home.root.join(".ownrc").exists());
}

#[test]
fn extends_circle_or_outside_folder_is_refused() {
    let home = home("extends = ['acme/a']\n");
    home.write(
        "git/acme/a/boot.toml",
        "version = 1\nextends = ['acme/b']\n[[run]]\nid = 'x'\ncmd = 'touch \"$HOME/ran\"'\n",
    );
    home.write(
        "git/acme/b/boot.toml",
        "version = 1\nextends = ['acme/a']\n",
    );
    commit(&home, "acme/a");
    commit(&home, "acme/b");
    let before = home.tree();
    home.boot(["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("leads back");
    home.write(
        "git/acme/a/boot.toml",
        "version = 1\nextends = ['../../../dots']\n",
    );
    commit(&home, "acme/a");
    home.boot(["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("lies in the repository");
    for (wrong, code, says) in [
        ("-u", 2, "it looks like an option"),
        ("ext::sh -c id", 2, "letters"),
        (
            "ssh://-oProxyCommand=touch/x",
            2,
            "its host looks like an option",
        ),
        ("/etc", 1, "lies in the repository"),
        ("~/x", 1, "lies in the repository"),
        ("a\\u001b[2J", 2, "it has control characters"),
    ] {
        home.write(
            "dots/boot.toml",
            &format!("version = 1\nextends = [\"{wrong}\"]\n"),
        );
        let run = home
            .boot(["init", "dots", "--yes"])
            .code(code)
            .one_error()
            .stderr_has(says);
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
    }
    let outside_git: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !path.starts_with("git/") && !before.contains(path))
        .collect();
    assert!(
        outside_git
            .iter()
            .all(|path| path == ".local" || path.starts_with(".local/state")),
        "{outside_git:?}"
    );
}

#[test]
fn init_hostile_repository_runs_and_writes_nothing() {
    // What it is, what the one error says, the manifest, and what else lies there.
    type Attack<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&Path));
    let none: &dyn Fn(&Path) = &|_| {};
    let attacks: [Attack; 26] = [
        (
            "a target outside",
            "~/../x is outside of the home directory",
            "[dotfiles]\n'~/../x' = { mode = 'copy' }",
            none,
        ),
        (
            "an absolute target",
            "/etc/cron.d/x is outside of the home directory",
            "[dotfiles]\n'/etc/cron.d/x' = { mode = 'copy' }",
            none,
        ),
        (
            "another's home",
            "~root/.ssh/authorized_keys is outside of the home directory",
            "[dotfiles]\n'~root/.ssh/authorized_keys' = { mode = 'copy' }",
            none,
        ),
        (
            "a root outside",
            "../.. is outside of the repository",
            "[dotfiles]\nroot = '../..'",
            none,
        ),
        (
            "a root that is a link",
            "out: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]\nroot = 'out'",
            &|repo| symlink("/etc", repo.join("out")).unwrap(),
        ),
        (
            "a file that is a link out",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]",
            &|repo| symlink("/etc/passwd", repo.join("home/.x")).unwrap(),
        ),
        (
            "a folder that is a link out",
            "home/up: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]",
            &|repo| symlink("../..", repo.join("home/up")).unwrap(),
        ),
        (
            "a link to nowhere",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]",
            &|repo| symlink("nowhere", repo.join("home/.x")).unwrap(),
        ),
        (
            "a copy through a link",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]\n'~/.x' = { mode = 'copy' }",
            &|repo| symlink("/etc/shadow", repo.join("home/.x")).unwrap(),
        ),
        (
            "a template through a link",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]\n'~/.x' = { mode = 'template' }",
            &|repo| symlink("/etc/passwd", repo.join("home/.x")).unwrap(),
        ),
        (
            "a command in a template",
            "isn't a variable",
            "[dotfiles]\n'~/.x' = { mode = 'template' }",
            &|repo| {
                fs::write(repo.join("home/.x"), "{{ output \"touch\" \"ran\" }}").unwrap();
            },
        ),
        (
            "a name with an escape sequence",
            "its name has characters",
            "[dotfiles]",
            &|repo| fs::write(repo.join("home/\u{1b}]0;x"), "").unwrap(),
        ),
        (
            "a name with a newline",
            "its name has characters",
            "[dotfiles]",
            &|repo| fs::write(repo.join("home/a\nb"), "").unwrap(),
        ),
        (
            "a name that reads backwards",
            "~/\\u{202e}txt.exe is outside",
            "[dotfiles]\n'~/\u{202e}txt.exe' = { mode = 'copy' }",
            none,
        ),
        (
            "boot's own trust",
            "trust.toml: it lies in a folder that boot keeps for itself",
            "[dotfiles]",
            &|repo| {
                fs::create_dir_all(repo.join("home/.local/state/boot")).unwrap();
                fs::write(repo.join("home/.local/state/boot/trust.toml"), "").unwrap();
            },
        ),
        (
            "trust in the manifest",
            "trust isn't a key of boot.toml",
            "[trust]\nall = true",
            none,
        ),
        (
            "a mirror in the manifest",
            "mirror isn't a key of [python]",
            "[python]\nmirror = 'https://evil.example'",
            none,
        ),
        (
            "an index in the manifest",
            "index isn't a key of boot.toml",
            "[index]\nurl = 'https://evil.example'",
            none,
        ),
        (
            "an index for a tool",
            "index-url isn't a key of a tool",
            "[tools]\nblack = { index-url = 'https://evil.example' }",
            none,
        ),
        (
            "a tool from a path",
            "/etc is outside of the repository",
            "[tools]\nblack = { path = '/etc' }",
            none,
        ),
        (
            "a requirement by address",
            "furo @ https://evil.example/x.whl; id names no package",
            "[tools]\nsphinx = { inject = ['furo @ https://evil.example/x.whl; id'] }",
            none,
        ),
        (
            "a script outside",
            "../../bin/x is outside of the repository",
            "[[run]]\nid = 'a'\ncmd = '../../bin/x'",
            none,
        ),
        (
            "a script that is a link",
            "./out.sh: it leads out of the repository",
            "[[run]]\nid = 'a'\ncmd = './out.sh'",
            &|repo| symlink("/bin/ls", repo.join("out.sh")).unwrap(),
        ),
        (
            "an option for a package manager",
            "-o=APT::Update::Pre-Invoke::=touch x isn't a package's name",
            "[packages]\napt = ['-o=APT::Update::Pre-Invoke::=touch x']",
            none,
        ),
        (
            "a manifest that is a device",
            "it isn't a regular file",
            "",
            &|repo| {
                fs::remove_file(repo.join("boot.toml")).unwrap();
                symlink("/dev/zero", repo.join("boot.toml")).unwrap();
            },
        ),
        (
            "a manifest that is huge",
            "it is larger than 1 MB",
            "",
            &|repo| fs::write(repo.join("boot.toml"), vec![b'#'; 2 << 20]).unwrap(),
        ),
    ];
    for (what, says, manifest, attack) in attacks {
        let home = home(manifest);
        attack(&home.root.join("dots"));
        let before = home.tree();
        // With ./ it is a folder even where its manifest is none; without, it would be a user's
        // name.
        for verb in [
            &["init", "./dots", "--yes", "--on-conflict", "backup"][..],
            &["init", "./dots", "--dry-run"],
        ] {
            let run = home.boot(verb).one_error();
            assert!(
                run.stderr.contains(says),
                "{what} is refused for something else than {says:?}: {run}"
            );
            assert!(matches!(run.code, Some(1 | 2)), "{what}: {run}");
            let odd = run.stderr.chars().any(|c| c.is_control() && c != '\n')
                || run.stderr.contains('\u{202e}');
            assert!(!odd, "{what}: {run}");
        }
        assert_eq!(home.tree(), before, "{what}");
    }
}

/// The contract promises that a run with nothing to do opens no socket; strace watches it.
#[test]
fn apply_with_nothing_to_do_opens_no_socket() {
    if !needs::program("strace") {
        return;
    }
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    home.write(
        "dots/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{}']\n[tools]\nblack = '*'\n\
             sphinx = {{ inject = ['furo'] }}\n[dotfiles]\n\
             [[run]]\nid = 'a'\ncmd = 'true'\n[shell]\nhook = true\n",
            mirror.minor()
        ),
    );
    home.write("dots/home/.rc", "");
    let watched = |home: &Home, name: &str, args: &[&str]| {
        let log = home.root.join(name);
        let mut strace = home.command("strace");
        strace
            .args(["-f", "-qq", "-e", "trace=network,execve", "-o"])
            .arg(&log)
            .arg(crate::support::BOOT)
            .args(args);
        let run = home.run(&mut strace);
        (run, fs::read_to_string(log).unwrap())
    };
    let (run, log) = watched(&home, "first.log", &["init", "dots", "--yes"]);
    run.success();
    assert!(
        log.contains("socket(AF_INET"),
        "the watch sees sockets where there are some"
    );
    for args in [&["apply"][..], &["plan"], &["status"], &["init"]] {
        let (run, log) = watched(&home, "second.log", args);
        run.success();
        assert!(!log.contains("socket("), "{args:?}: {log}");
        assert_eq!(
            log.matches("execve(").count(),
            1,
            "and it runs no other program: {log}"
        );
    }
}
