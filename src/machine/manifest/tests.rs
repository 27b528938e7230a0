use super::*;

fn parse(text: &str) -> document::Result<Manifest> {
    Manifest::parse(text, "boot.toml")
}

/// The complaint about `text`, which has a line for the version before it.
fn problem(text: &str) -> (usize, usize, String) {
    let problem = parse(&format!("version = 1\n{text}")).unwrap_err();
    assert!(problem.to_string().lines().count() <= 3, "{problem}");
    assert!(!problem.to_string().contains('\u{1b}'));
    (problem.line, problem.column, format!("{}; {}", problem.message, problem.hint))
}

#[test]
fn the_starter_of_the_readme_is_understood() {
    let manifest = parse(
        "version = 1\n[python]\ninstall = ['3.11']\n[tools]\nblack = '*'\nhttpie = '>=3,<4'\n\
         sphinx = { inject = ['furo'], python = '3.11', extras = ['docs'] }\n\
         [dotfiles]\nroot = 'home'\n'~/.ssh/config' = { mode = 'copy', chmod = '600' }\n\
         [[run]]\nid = 'hello'\ncmd = 'scripts/hello.sh'\non = 'once'\n[shell]\nhook = true\n",
    )
    .unwrap();
    assert_eq!(manifest.pythons, ["3.11"]);
    let specs: Vec<String> = manifest.tools.iter().map(Tool::spec).collect();
    assert_eq!(specs, ["black", "httpie>=3,<4", "sphinx[docs]"]);
    assert_eq!(manifest.tools[2].inject, ["furo"]);
    let dotfiles = manifest.dotfiles.unwrap();
    assert_eq!((dotfiles.entries[0].mode, dotfiles.entries[0].chmod), (Mode::Copy, Some(0o600)));
    assert_eq!(manifest.runs[0].on, On::Once);
    assert!(manifest.hook);
}

#[test]
fn a_typo_is_an_error_with_its_place_and_the_nearest_word() {
    for (text, line, column, says) in [
        ("[pyhton]\ninstall = []", 2, 2, "did you mean python?"),
        ("[tools]\nblack = '*'\nsphinx = { injct = ['furo'] }", 4, 12, "did you mean inject?"),
        ("[python]\ninstal = ['3.11']", 3, 1, "did you mean install?"),
        ("[[run]]\nid = 'a'\ncmd = 'x'\non = 'onec'", 5, 6, "did you mean once?"),
        ("[[run]]\nid = 'a'\ncmd = 'x'\nonly = ['linus']", 5, 9, "did you mean linux?"),
        ("[dotfiles]\nrot = 'home'", 3, 1, "did you mean root?"),
        ("[shell]\nhook = 'yes'", 3, 8, "true or false"),
        ("[tools\nblack = 1", 2, 7, "TOML"),
        ("[tools]\nblack = 1", 3, 9, "version or a table"),
        ("[tools]\nblack = '24.1'", 3, 9, "\"==24.1\""),
        ("[trust]\nall = true", 2, 2, "known here"),
    ] {
        let (at_line, at_column, message) = problem(text);
        assert!((at_line, at_column) == (line, column) && message.contains(says), "{text}: {at_line}:{at_column} {message}");
    }
}

#[test]
fn the_version_must_be_there_and_known() {
    assert!(parse("").unwrap_err().hint.contains("version = 1"));
    assert!(parse("version = 2").unwrap_err().message.contains("version 2"));
    assert!(parse("version = 1").is_ok());
}

#[test]
fn nothing_leads_out_of_the_home_directory_or_the_repository() {
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
fn what_comes_later_says_so() {
    for text in [
        "extends = ['acme/base']",
        "[packages]\nany = ['ripgrep']",
        "[dotfiles]\nmanager = 'chezmoi'",
        "[dotfiles]\n'~/.gitconfig' = { mode = 'template' }",
        "[tools]\nx = { git = 'URL' }",
    ] {
        let says = problem(text).2;
        assert!(says.contains("come later") || says.contains("comes later"), "{text}: {says}");
    }
    assert!(parse("version = 1\n[vars]\nemail = { ask = 'Yours?', default = 'x' }\n[packages]\nany = []").is_ok());
}

#[test]
fn ids_and_tools_are_unique() {
    assert!(problem("[[run]]\nid = 'a'\ncmd = 'x'\n[[run]]\nid = 'a'\ncmd = 'y'").2.contains("two scripts"));
    assert!(problem("[tools]\nblack = '*'\nBlack = '*'").2.contains("same tool"));
    assert!(problem("[[run]]\nid = 'a/b'\ncmd = 'x'").2.contains("isn't an id"));
}
