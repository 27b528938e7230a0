//! Commands of pyenv, pipx, uv, conda, mise, asdf and chezmoi: the answer is a command of boot to
//! paste, and nothing is done.

use std::fs;

use boot::testing::ROWS;

use crate::support::{BOOT, Home, Index, Mirror, Wheel};

/// Splits a line into words where nothing is quoted.
fn split(line: &str) -> Vec<&str> {
    line.split(' ').skip(1).collect()
}

/// Checks that the line is refused in at most three lines with `answer`, without clap's tips, and
/// changes nothing.
fn answered(home: &Home, line: &str, answer: &str) {
    let before = home.tree();
    let run = home
        .boot(split(line))
        .code(2)
        .one_error()
        .stderr_has(answer)
        .stderr_lacks("tip:")
        .stderr_lacks("similar");
    assert!(run.stdout.is_empty(), "{line}: {run}");
    assert_eq!(home.tree(), before, "{line}");
}

/// Checks that boot guesses nothing for a word.
fn unanswered(home: &Home, line: &str) {
    let level = if line.matches(' ').count() > 1 {
        line.rsplit_once(' ').unwrap().0
    } else {
        "boot"
    };
    answered(
        home,
        line,
        &format!("\n{level} -h names those that there are\n"),
    );
}

#[test]
fn cli_words_of_pyenv_suggest_boot_command() {
    let home = Home::new();
    for (line, answer) in [
        ("boot versions", "\nboot python list\n"),
        ("boot versions --bare", "\nboot python list --json\n"),
        ("boot local 3.11", "\nboot python pin 3.11\n"),
        ("boot local --unset", "\nboot python pin --unset\n"),
        (
            "boot global 3.11 3.12",
            "\nboot python pin --global 3.11 3.12\n",
        ),
        ("boot use 3.11", "\nboot python pin 3.11\n"),
        ("boot use python@3.11", "\nboot python pin 3.11\n"),
        ("boot install 3.11", "\nboot python install 3.11\n"),
        ("boot install --list", "\nboot python list --available\n"),
        ("boot install -l", "\nboot python list --available\n"),
        ("boot uninstall 3.11", "\nboot python uninstall 3.11\n"),
        ("boot python install -l", "\nboot python list --available\n"),
        (
            "boot python install --list",
            "\nboot python list --available\n",
        ),
        (
            "boot shell 3.11",
            "export BOOT_PYTHON=3.11; for one command: boot exec --python 3.11 -- COMMAND\n",
        ),
        ("boot shell --unset", "unset BOOT_PYTHON"),
        ("boot shell -", "unset BOOT_PYTHON"),
        (
            "boot latest 3.11",
            "\nboot python list --available 3.11, or of the installed ones boot python find 3.11\n",
        ),
        ("boot virtualenvs", "\nboot venv list\n"),
        (
            "boot virtualenv 3.11 foo",
            "\nboot venv --name foo --python 3.11\n",
        ),
        ("boot virtualenv foo", "\nboot venv --name foo\n"),
        (
            "boot virtualenv -p 3.11 foo",
            "\nboot venv --name foo --python 3.11\n",
        ),
        ("boot virtualenv", "\nboot venv, or boot venv --name NAME"),
        ("boot virtualenv-delete foo", "\nboot venv remove foo\n"),
        ("boot version-file", "\nboot python pin shows"),
        ("boot version-name", "\nboot python pin shows"),
        ("boot version-origin", "\nboot python pin shows"),
        ("boot current", "\nboot python pin shows"),
        ("boot version", "boot --version\n"),
        ("boot vesion", "boot --version\n"),
        ("boot commands", "\nboot help\n"),
        ("boot settings", "config.toml; boot help names them"),
        ("boot hooks", "boot apply\n"),
        (
            "boot activate foo",
            "boot python pin foo; in this shell: . ~/.local/share/boot/venvs/foo/bin/activate\n",
        ),
        ("boot deactivate", "deactivate is a function of the shell"),
        ("boot rehash", "there is nothing to do"),
        ("boot reshim python", "there is nothing to do"),
        ("boot prefix 3.11", "\nboot python find 3.11\n"),
        ("boot where python 3.11", "\nboot python find 3.11\n"),
        (
            "boot root",
            "~/.local/share/boot, or where BOOT_DATA_DIR says",
        ),
        ("boot dir", "boot cache dir\n"),
        (
            "boot ls-remote python 3.12",
            "\nboot python list --available 3.12\n",
        ),
        ("boot workon foo", "boot python pin foo;"),
        (
            "boot mkvirtualenv -p python3.11 foo",
            "\nboot venv --name foo --python python3.11\n",
        ),
        ("boot rmvirtualenv foo", "\nboot venv remove foo\n"),
        ("boot lsvirtualenv", "\nboot venv list\n"),
        (
            "boot create -n foo python=3.11",
            "\nboot venv --name foo --python 3.11\n",
        ),
        ("boot create foo", "\nboot venv --name foo\n"),
        ("boot envs", "\nboot venv list\n"),
        ("boot env list", "\nboot venv list\n"),
        ("boot env remove -n foo", "\nboot venv remove foo\n"),
        ("boot whence black", "\nboot which black\n"),
        ("boot init -", "boot shell init bash prints it"),
        ("boot init - bash", "boot shell init bash prints it"),
        ("boot init bash", "boot shell init bash prints the hook"),
        ("boot activate zsh", "\nboot shell init zsh prints the hook"),
        ("boot hook fish", "\nboot shell init fish prints the hook"),
        (
            "boot shell init ksh",
            "in ~/.profile:\nPATH=\"$HOME/.local/share/boot/shims",
        ),
        ("boot shell init tcsh", "in ~/.cshrc:\nsetenv PATH"),
        (
            "boot shell init pwsh",
            "~/.local/share/boot/shims and ~/.local/bin\n",
        ),
        ("boot python versions", "\nboot python list\n"),
        ("boot python local 3.11", "\nboot python pin 3.11\n"),
        (
            "boot python global 3.11",
            "\nboot python pin --global 3.11\n",
        ),
        ("boot python which", "\nboot python find\n"),
        ("boot python prefix 3.11", "\nboot python find 3.11\n"),
        ("boot python shell 3.11", "export BOOT_PYTHON=3.11"),
        ("boot allow", "\nboot trust\n"),
    ] {
        answered(&home, line, answer);
    }
    for word in ["env", "export", "merge", "cat", "source-path", "info"] {
        unanswered(&home, &format!("boot {word}"));
    }
}

#[test]
fn cli_words_of_other_tools_suggest_boot_command() {
    let home = Home::new();
    for (line, answer) in [
        (
            "boot install",
            "\nboot python install, or boot tool install SPEC\n",
        ),
        ("boot install black", "\nboot tool install black\n"),
        ("boot install black[d]", "\nboot tool install 'black[d]'\n"),
        (
            "boot list",
            "\nboot python list, boot tool list, or boot venv list\n",
        ),
        ("boot ensurepath", "\nboot shell install\n"),
        ("boot sync", "\nboot apply\n"),
        (
            "boot run black --check .",
            "\nboot tool run black --check .\n",
        ),
        ("boot run", "\nboot tool run SPEC\n"),
        ("boot upgrade black", "\nboot tool upgrade black\n"),
        (
            "boot upgrade",
            "\nboot python upgrade, or boot tool upgrade\n",
        ),
        (
            "boot uninstall black",
            "\nboot tool uninstall black, or boot venv remove black\n",
        ),
        ("boot pin black", "\nboot tool pin black\n"),
        ("boot x black .", "\nboot tool run black .\n"),
        ("boot inject black", "\nboot tool inject black DEP\n"),
        ("boot prune", "\nboot cache prune\n"),
        ("boot bootstrap", "\nboot apply\n"),
        ("boot completion zsh", "\nboot completions zsh\n"),
        ("boot python use 3.11", "\nboot python pin 3.11\n"),
        (
            "boot python default 3.11",
            "\nboot python pin --global 3.11\n",
        ),
        ("boot python dir", "~/.local/share/boot/pythons"),
        (
            "boot python prune",
            "\nboot python upgrade removes old patches",
        ),
        ("boot python unpin", "\nboot python pin --unset\n"),
        (
            "boot python 3.11",
            "\nboot python install 3.11, or for this folder boot python pin 3.11\n",
        ),
        (
            "boot python script.py --fast",
            "\nboot exec python script.py --fast\n",
        ),
        (
            "boot python -m http.server",
            "\nboot exec python -m http.server\n",
        ),
        ("boot tool upgrade-all", "\nboot tool upgrade\n"),
        ("boot tool update black", "\nboot tool upgrade black\n"),
        ("boot tool ensurepath", "\nboot shell install\n"),
        (
            "boot tool runpip black list",
            "\nboot tool pip black list\n",
        ),
        ("boot tool rm black", "\nboot tool uninstall black\n"),
        ("boot tool show", "\nboot tool list\n"),
        ("boot tool dir", "~/.local/share/boot/tools"),
        ("boot tool health", "\nboot doctor\n"),
        ("boot tool repair", "\nboot doctor --fix\n"),
        ("boot tool freeze black", "\nboot tool pip black freeze\n"),
        ("boot tool export", "boot tool pip TOOL freeze"),
        ("boot tool uninstall-all", "\nboot tool uninstall --all\n"),
        ("boot venv activate", "boot shell install"),
        ("boot venv activate foo", "boot python pin foo"),
        (
            "boot venv info",
            "\nboot venv list; a folder of that name: boot venv ./info\n",
        ),
        (
            "boot venv lsit",
            "\nboot venv list, or a folder of that name: boot venv ./lsit\n",
        ),
        (
            "boot venv lst",
            "\nboot venv list, or a folder of that name: boot venv ./lst\n",
        ),
        (
            "boot venv lis",
            "\nboot venv list, or a folder of that name: boot venv ./lis\n",
        ),
        (
            "boot venv remove-all",
            "a folder of that name: boot venv ./remove-all\n",
        ),
        (
            "boot venv use-env",
            "a folder of that name: boot venv ./use-env\n",
        ),
        ("boot uninstall -f 3.11", "\nboot python uninstall"),
        ("boot venv use", "a folder of that name: boot venv ./use\n"),
        (
            "boot venv 3.11",
            "\nboot venv --python 3.11; a folder of that name: boot venv ./3.11\n",
        ),
        (
            "boot venv 3.11 foo",
            "\nboot venv --name foo --python 3.11\n",
        ),
        (
            "boot venv install requests",
            "\nin the environment: pip install requests\n",
        ),
        ("boot pull", "\nboot update\n"),
        ("boot config", "config.toml"),
        (
            "boot pip install requests",
            "at the next prompt pip install requests\n",
        ),
        ("boot self-update", "\nboot self update\n"),
        ("boot self upgrade", "\nboot self update\n"),
        ("boot cache purge", "\nboot cache clean\n"),
        ("boot re-add .zshrc", "boot add FILE"),
    ] {
        answered(&home, line, answer);
    }
    for line in [
        "boot managed",
        "boot data",
        "boot git",
        "boot edit",
        "boot cd",
        "boot clone",
        "boot tool search",
        "boot cache frobnicate",
    ] {
        unanswered(&home, line);
    }
}

#[test]
fn cli_options_of_other_tools_suggest_boot_command() {
    let home = Home::new();
    for (line, answer) in [
        (
            "boot python install --debug 3.11",
            "\nboot python install --source --configure-opts=--with-pydebug 3.11\n",
        ),
        (
            "boot python list --all-versions",
            "\nboot python list --available\n",
        ),
        (
            "boot python list --only-downloads",
            "\nboot python list --available\n",
        ),
        ("boot python list --bare", "\nboot python list --json\n"),
        (
            "boot python install --dry-run",
            "\nwhat could be installed: boot python list --available\n",
        ),
        ("boot tool install -U black", "\nboot tool upgrade black\n"),
        (
            "boot tool install black --include-deps",
            "boot tool install black --expose-from PACKAGE\n",
        ),
        (
            "boot tool install --pip-args=--pre black",
            "--pre, --constraint, --no-build: boot tool install black\n",
        ),
        (
            "boot tool install --pip-args --pre black",
            "--no-build: boot tool install black\n",
        ),
        (
            "boot tool install --spec git+https://host/black black",
            "\nboot tool install git+https://host/black\n",
        ),
        (
            "boot tool install --system-site-packages black",
            "boot tool install black --with DEP\n",
        ),
        (
            "boot tool install --backend uv black",
            "boot tool install black\n",
        ),
        ("boot tool list --short", "\nboot tool list --json\n"),
        ("boot tool run --isolated black", "boot tool run black\n"),
        (
            "boot tool upgrade -p 3.12 black",
            "\nboot tool reinstall --python 3.12 black\n",
        ),
        ("boot venv --relocatable", "boot venv\n"),
        ("boot venv -U", "boot venv --clear\n"),
        ("boot venv --upgrade foo", "boot venv --clear foo\n"),
        ("boot apply --dry-run", "\nboot plan\n"),
        ("boot apply -n", "\nboot plan\n"),
        ("boot init --apply USER", "boot init USER --yes\n"),
        ("boot init --one-shot USER", "boot init USER --yes"),
        (
            "boot python install --frobnicate",
            "\nUsage: boot python install",
        ),
        (
            "boot python install --sorce",
            "\ndid you mean --source? boot python install -h shows all\n",
        ),
        ("boot venv cretae foo", "\nboot venv create foo\n"),
        ("boot venv foo bar", "\nUsage: boot venv"),
    ] {
        answered(&home, line, answer);
    }
}

#[test]
fn cli_options_of_other_tools_with_same_meaning_work() {
    let mirror = Mirror::new();
    let index = Index::new();
    index.add(Wheel::new("speaker", "1.0").command("speaker", "hello"));
    let home = Home::ready(&mirror, &index);
    let minor = mirror.minor();
    let run = |line: &str| home.boot(split(&line.replace("MINOR", &minor)));
    run("boot python ls")
        .success()
        .stdout_has(&mirror.version());
    run("boot python list --only-installed")
        .success()
        .stdout_has(&mirror.version());
    run("boot python install -s MINOR")
        .success()
        .stderr_has("already installed");
    run("boot python install --skip-existing MINOR").success();
    run("boot python pin MINOR").success();
    run("boot python pin --rm").success();
    assert!(!home.root.join(".python-version").exists());

    run("boot tool install -p MINOR -f speaker").success();
    run("boot tool upgrade --all").success();
    run("boot tool upgrade -a").success();
    run("boot tool reinstall -p MINOR speaker").success();
    run("boot tool run -p MINOR --spec speaker speaker")
        .success()
        .stdout_has("hello");
    let python = "import sys; print(sys.argv)";
    home.boot([
        "tool",
        "exec",
        "speaker",
        "python",
        "-c",
        python,
        "--version",
        "-q",
    ])
    .success()
    .stdout_has("'--version', '-q'");
    home.boot(["tool", "exec", "speaker", "--", "python", "-c", python])
        .success()
        .stdout_has("['-c']");
    run("boot tool pip speaker list")
        .success()
        .stdout_has("speaker");
    run("boot tool pip speaker -- list")
        .success()
        .stdout_has("speaker");
    run("boot tool pip speaker --version")
        .success()
        .stdout_has("pip ");
    home.boot(["exec", "-p", &minor, "--", "python", "-c", python, "-p"])
        .success()
        .stdout_has("['-c', '-p']");

    run("boot venv --seed -n work").success().stderr_has("made");
    assert!(home.data().join("venvs/work/bin/pip").exists());
    run("boot venv --without-pip ./bare").success();
    assert!(!home.root.join("bare/bin/pip").exists());
}

#[test]
fn venv_verbs_create_no_folders_of_their_name() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.boot(["venv", "create", "foo", "--no-pip"])
        .success()
        .stderr_has("made");
    home.boot(["venv", "./activate", "--no-pip"])
        .success()
        .stderr_has("made");
    home.boot(["venv", "ls"])
        .success()
        .stdout_has("~/foo")
        .stdout_has("~/activate");
    home.boot(["venv", "rm", "foo"])
        .success()
        .stderr_has("removed");
    home.boot(["venv", "delete", "./activate"])
        .success()
        .stderr_has("removed");
    assert!(!home.root.join("foo").exists() && !home.root.join("activate").exists());
    for name in ["ls", "rm", "create", "delete", "remove", "list"] {
        assert!(!home.root.join(name).exists(), "{name}");
    }
    home.boot(["venv", "--name", ""])
        .code(2)
        .one_error()
        .stderr_has("name");
}

#[test]
fn venv_remove_name_of_removed_never_means_folder() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.boot(["venv", "--name", "alpha", "--no-pip"]).success();
    fs::create_dir(home.root.join("alpha")).unwrap();
    home.boot_in(&home.root.join("alpha"), ["venv", "--no-pip"])
        .success();
    let project = home.root.join("alpha/.venv/bin/python");

    home.boot(["venv", "remove", "alpha"])
        .success()
        .stderr_has("venvs/alpha");
    for _ in 0..2 {
        home.boot(["venv", "remove", "alpha"])
            .code(1)
            .one_error()
            .stderr_has("boot venv remove ./alpha");
        assert!(project.exists());
    }
    // Nothing here is called so: there is nothing to mix up.
    home.boot_in(&home.root.join("alpha"), ["venv", "remove", "alpha"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["venv", "remove", "./alpha"])
        .success()
        .stderr_has("removed");
    assert!(!project.exists());
    // Made again it is a name again; a word that never was one is a folder.
    home.boot(["venv", "--name", "alpha", "--no-pip"]).success();
    home.boot(["venv", "remove", "alpha"])
        .success()
        .stderr_has("venvs/alpha");
    home.boot(["venv", "beta", "--no-pip"]).success();
    home.boot(["venv", "remove", "beta"]).success();
    assert!(!home.root.join("beta").exists());
}

/// Runs the reporting commands that the answers name.
#[test]
fn cli_suggested_commands_run() {
    let home = Home::new();
    let only_tell = |command: &str| {
        [
            "boot python list",
            "boot tool list",
            "boot venv list",
            "boot cache dir",
            "boot cache size",
            "boot shell status",
            "boot shell init",
            "boot self version",
            "boot help",
            "boot --version",
        ]
        .iter()
        .any(|start| command.starts_with(start))
    };
    let mut commands: Vec<String> = ROWS
        .iter()
        .flat_map(|(_, answer)| answer.split('`').skip(1).step_by(2))
        .map(String::from)
        .collect();
    commands.sort();
    commands.dedup();
    let mut ran = 0;
    for command in commands.iter().filter(|command| only_tell(command)) {
        let line = command.replace("VERSION", "3.11").replace("SHELL", "bash");
        let run = home.run(home.command(BOOT).args(split(&line)));
        assert!(matches!(run.code, Some(0 | 1)), "{run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
        ran += 1;
    }
    assert!(ran >= 12, "{ran}");
}

#[test]
fn python_list_outdated_names_adopted_it_skips() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let key = mirror.key.to_string();
    let python = home
        .data()
        .join("pythons")
        .join(&key)
        .join(format!("bin/python{}", mirror.minor()));
    let other = Home::with(&mirror);
    other
        .boot(["python", "adopt", python.to_str().unwrap()])
        .success();
    let run = other.boot(["python", "list", "--outdated"]).success();
    run.stderr_has("boot has installed no Python here")
        .stderr_has(&format!("adopted: {}", mirror.version()));
    home.boot(["python", "list", "--outdated"])
        .success()
        .stderr_has("every Python that boot installed")
        .stderr_lacks("adopted");
}

#[test]
fn venv_list_long_path_widens_no_other_row() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let deep = format!("./{}", vec!["x".repeat(100); 8].join("/"));
    home.boot(["venv", &deep, "--no-pip"]).success();
    home.boot(["venv", "--name", "work", "--no-pip"]).success();
    let run = home
        .boot(["venv", "list"])
        .success()
        .stdout_has(&"x".repeat(100));
    let row = run
        .stdout
        .lines()
        .find(|line| line.starts_with("work"))
        .unwrap();
    assert!(row.len() < 100, "{run}");
}

#[test]
fn python_externally_managed_text_points_to_venv() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let file = home.data().join(format!(
        "pythons/{}/lib/python{}/EXTERNALLY-MANAGED",
        mirror.minor(),
        mirror.minor()
    ));
    let text = fs::read_to_string(file).unwrap();
    assert!(
        text.contains("boot venv")
            && text.contains("next prompt")
            && text.contains("boot tool install"),
        "{text}"
    );
    // What it names works without the hook, too.
    home.boot(["venv"]).success();
    home.run(
        home.command(home.root.join(".venv/bin/pip"))
            .arg("--version"),
    )
    .success()
    .stdout_has("boot/venvs/");
}

#[test]
fn help_shows_commands_in_groups() {
    let home = Home::new();
    let run = home
        .boot(["help"])
        .success()
        .stdout_has("\nPythons, environments and tools:\n  python ")
        .stdout_has("\nThe shell:\n")
        .stdout_has("diff");
    assert!(
        run.stdout.find("  venv ").unwrap() < run.stdout.find("  init ").unwrap(),
        "{run}"
    );
    home.boot(["-h"]).success().stdout_has("\nboot itself:\n");
}
