use crate::manifest::*;

fn parse(text: &str) -> document::Result<Manifest> {
    Manifest::parse(text, "boot.toml")
}

/// The complaint about `text`, which has a line for the version before it.
fn problem(text: &str) -> (usize, usize, String) {
    let problem = parse(&format!("version = 1\n{text}")).unwrap_err();
    assert!(problem.to_string().lines().count() <= 3, "{problem}");
    assert!(!problem.to_string().contains('\u{1b}'));
    (
        problem.line,
        problem.column,
        format!("{}; {}", problem.message, problem.hint),
    )
}

#[test]
fn parse_reads_starter_manifest() {
    let manifest = parse(
        "version = 1\n[python]\ninstall = ['3.11']\n[tools]\nblack = '*'\nhttpie = '>=3,<4'\n\
         sphinx = { inject = ['furo'], python = '3.11', extras = ['docs'] }\n\
         [dotfiles]\nroot = 'home'\n'~/.ssh/config' = { mode = 'copy', chmod = '600' }\n\
         [[run]]\nid = 'hello'\ncmd = 'scripts/hello.sh'\non = 'once'\n[shell]\nhook = true\n",
    )
    .unwrap();
    assert_eq!(manifest.pythons[0].as_str(), "3.11");
    let specs: Vec<String> = manifest.tools.iter().map(Tool::spec).collect();
    assert_eq!(specs, ["black", "httpie>=3,<4", "sphinx[docs]"]);
    assert_eq!(manifest.tools[2].inject[0].as_str(), "furo");
    let dotfiles = &manifest.dotfiles[0];
    assert_eq!(
        (dotfiles.entries[0].mode, dotfiles.entries[0].chmod),
        (Mode::Copy, Some(0o600))
    );
    assert_eq!(manifest.scripts[0].on, On::Once);
    assert_eq!(manifest.hook, Some(true));
}

#[test]
fn parse_typo_names_place_and_nearest_word() {
    for (text, line, column, says) in [
        ("[pyhton]\ninstall = []", 2, 2, "did you mean python?"),
        (
            "[tools]\nblack = '*'\nsphinx = { injct = ['furo'] }",
            4,
            12,
            "did you mean inject?",
        ),
        ("[python]\ninstal = ['3.11']", 3, 1, "did you mean install?"),
        (
            "[[run]]\nid = 'a'\ncmd = 'x'\non = 'onec'",
            5,
            6,
            "did you mean once?",
        ),
        (
            "[[run]]\nid = 'a'\ncmd = 'x'\nonly = ['linus']",
            5,
            9,
            "did you mean linux?",
        ),
        ("[dotfiles]\nrot = 'home'", 3, 1, "did you mean root?"),
        ("[shell]\nhook = 'yes'", 3, 8, "true or false"),
        ("[tools\nblack = 1", 2, 7, "TOML"),
        ("[tools]\nblack = 1", 3, 9, "version or a table"),
        ("[tools]\nblack = '24.1'", 3, 9, "\"==24.1\""),
        ("[trust]\nall = true", 2, 2, "known here"),
    ] {
        let (at_line, at_column, message) = problem(text);
        assert!(
            (at_line, at_column) == (line, column) && message.contains(says),
            "{text}: {at_line}:{at_column} {message}"
        );
    }
}

#[test]
fn parse_requires_known_version() {
    assert!(parse("").unwrap_err().hint.contains("version = 1"));
    assert!(
        parse("version = 2")
            .unwrap_err()
            .message
            .contains("version 2")
    );
    assert!(parse("version = 1").is_ok());
}

#[test]
fn parse_refuses_paths_that_lead_out() {
    for text in [
        "[dotfiles]\nroot = '../x'",
        "[dotfiles]\nroot = '/etc'",
        "[dotfiles]\n'/etc/passwd' = { mode = 'copy' }",
        "[dotfiles]\n'~/../x' = { mode = 'copy' }",
        "[dotfiles]\n'~root/x' = { mode = 'copy' }",
        "[dotfiles]\n\"~/a\\u001b[2J\" = { mode = 'copy' }",
        "[[run]]\nid = 'a'\ncmd = '../x.sh'",
        "[[run]]\nid = 'a'\ncmd = '/bin/sh x'",
        "[[run]]\nid = 'a'\ncmd = 'x'\nwatch = ['../y']",
    ] {
        assert!(problem(text).2.contains("outside of"), "{text}");
    }
}

#[test]
fn parse_reads_whole_format() {
    let manifest = parse(
        "version = 1\nextends = ['acme/base']\n[tools]\n\
         dvc = { extras = ['s3'], expose = { dvc3 = 'dvc' } }\n\
         mytool = { git = 'https://h/x', rev = 'v2' }\nlocal = { path = 'tools/local' }\n\
         [packages]\nany = ['ripgrep', 'ripgrep']\nbrew = ['powerlevel10k', 'a/tap/formula']\n\
         apt = ['fd-find', 'g++']\n\
         [dotfiles]\n'~/.gitconfig' = { mode = 'template' }\n[vars]\n\
         email = { ask = 'Yours?', default = 'x' }\nteam = 'acme'\n",
    )
    .unwrap();
    assert_eq!(manifest.extends[0].repo, "acme/base");
    let specs: Vec<String> = manifest.tools.iter().map(Tool::spec).collect();
    assert_eq!(
        specs,
        [
            "dvc[s3]",
            "mytool @ git+https://h/x@v2",
            "local @ file://tools/local"
        ]
    );
    assert_eq!(manifest.tools[0].expose["dvc3"], "dvc");
    assert_eq!(
        (
            manifest.packages.any.len(),
            manifest.packages.of["apt"].len()
        ),
        (1, 2)
    );
    assert_eq!(manifest.dotfiles[0].entries[0].mode, Mode::Template);
    assert_eq!(manifest.vars["team"], Var::Is("acme".into()));
    assert_eq!(
        parse("version = 1\n[dotfiles]\nmanager = 'yadm'")
            .unwrap()
            .dotfiles[0]
            .manager,
        Some(Manager::Yadm)
    );
}

#[test]
fn parse_checks_every_table() {
    for (text, says) in [
        ("extends = ['a/b', 'a/b']", "twice"),
        (
            "[packages]\napt = ['--reinstall']",
            "isn't a package's name",
        ),
        ("[packages]\napt = ['a b; id']", "isn't a package's name"),
        ("[packages]\nany = ['../x']", "isn't a package's name"),
        (
            "[packages]\nbrew = ['https://h/x']",
            "isn't a package's name",
        ),
        ("[packages]\nyum = ['x']", "known here"),
        ("[packages]\nanny = ['x']", "did you mean any?"),
        ("[dotfiles]\nmanager = 'chezmoy'", "did you mean chezmoi?"),
        (
            "[dotfiles]\nmanager = 'chezmoi'\nroot = 'x'",
            "places the dotfiles",
        ),
        (
            "[dotfiles]\n'~/.x' = { mode = 'tempalte' }",
            "did you mean template?",
        ),
        (
            "[tools]\nx = { git = '--upload-pack=x' }",
            "isn't an address of git",
        ),
        (
            "[tools]\nx = { git = 'ext::sh -c id' }",
            "isn't an address of git",
        ),
        (
            "[tools]\nx = { git = 'ssh://-oProxyCommand=x/y' }",
            "isn't an address of git",
        ),
        (
            "[tools]\nx = { git = 'https://h/x', rev = '-x' }",
            "isn't a revision",
        ),
        ("[tools]\nx = { rev = 'v1' }", "no git is named"),
        (
            "[tools]\nx = { path = '../x' }",
            "outside of the repository",
        ),
        (
            "[tools]\nx = { path = 'x', version = '==1' }",
            "leave version out",
        ),
        (
            "[tools]\nx = { expose = { '../../.bashrc' = 'x' } }",
            "isn't a command's name",
        ),
        (
            "[tools]\nx = { expose = { y = 'a/b' } }",
            "isn't a command's name",
        ),
        ("[vars]\n'a b' = 'x'", "isn't a variable's name"),
        ("[vars]\na = {}", "neither a question nor a value"),
        ("[vars]\na = { aks = 'x' }", "did you mean ask?"),
    ] {
        let said = problem(text).2;
        assert!(said.contains(says), "{text}: {said}");
    }
}

#[test]
fn parse_refuses_duplicate_ids_and_tools() {
    assert!(
        problem("[[run]]\nid = 'a'\ncmd = 'x'\n[[run]]\nid = 'a'\ncmd = 'y'")
            .2
            .contains("two scripts")
    );
    assert!(
        problem("[tools]\nblack = '*'\nBlack = '*'")
            .2
            .contains("same tool")
    );
    assert!(
        problem("[[run]]\nid = 'a/b'\ncmd = 'x'")
            .2
            .contains("isn't an id")
    );
}
