//! The rule of the layers, checked: the source is read for `crate::` and `super::` paths, and an
//! arrow that points up, sideways or from one verb to another fails. CONTRIBUTING.md has the map.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders and files of `src/`, lowest first. A file uses its own folder and what stands before
/// it in this list, so no two folders can use each other.
#[rustfmt::skip]
const LAYERS: &[&str] = &[
    // Codes, what is told to people, threads.
    "exit", "report", "parallel",
    // Foundations: know nothing of Python.
    "store", "settings", "shell", "net", "context",
    // Python's packaging standards: know nothing of tools or projects.
    "package",
    // What users talk about.
    "python", "project", "tool", "manifest", "import", "machine", "self_update",
    // What is seen; every error with its exit code; a look at everything.
    "ui", "error", "doctor",
    // What is typed.
    "cli", "cmd", "signals", "entry",
];

/// Types that `lib.rs` gives a second name, each with its module.
const ALIASES: &[(&str, &str)] = &[("Context", "context"), ("Error", "error"), ("Code", "exit")];

/// A file of `src/`, with its comments and unit tests left out.
struct Source {
    /// Relative to `src/`.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The module path of the file: `tool/mod.rs` and `tool.rs` are both `["tool"]`.
    fn module(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let mut parts: Vec<String> = path
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        parts
    }

    /// Every path of the crate that the file names, from the crate's root: up to three
    /// names each.
    fn paths(&self) -> BTreeSet<Vec<String>> {
        let module = self.module();
        let mut found = BTreeSet::new();
        for (start, _) in self.text.match_indices("crate::") {
            if !is_word_before(&self.text, start) {
                collect(&self.text[start + "crate::".len()..], &[], &mut found);
            }
        }
        for (start, _) in self.text.match_indices("super::") {
            if is_word_before(&self.text, start) || self.text[..start].ends_with("super::") {
                continue;
            }
            let mut rest = &self.text[start..];
            let mut base = module.clone();
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            collect(rest, &base, &mut found);
        }
        found
    }
}

/// Tells whether the text before `at` goes on with the word or path that starts there (`$crate::`
/// is none, `my_crate::` is).
fn is_word_before(text: &str, at: usize) -> bool {
    text[..at]
        .chars()
        .next_back()
        .is_some_and(|before| before.is_alphanumeric() || before == '_')
}

/// Adds the paths that `rest` (a use tree, or the tail of an expression's path) begins with.
fn collect(rest: &str, base: &[String], found: &mut BTreeSet<Vec<String>>) {
    let mut add = |name: &str| {
        let mut path = base.to_vec();
        path.push(name.to_owned());
        path.truncate(3);
        found.insert(path);
    };
    let Some(group) = rest.strip_prefix('{') else {
        let mut path = base.to_vec();
        let mut rest = Some(rest);
        while let Some(text) = rest {
            let word = first_word(text);
            if !word.is_empty() {
                path.push(word.to_owned());
            }
            rest = text[word.len()..].strip_prefix("::");
        }
        path.truncate(3);
        found.insert(path);
        return;
    };
    let mut depth = 0;
    let mut expected = true;
    for (at, character) in group.char_indices() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => expected = true,
            _ if depth == 0 && expected && !character.is_whitespace() => {
                expected = false;
                add(first_word(&group[at..]));
            }
            _ => {}
        }
    }
}

/// The identifier that `text` begins with.
fn first_word(text: &str) -> &str {
    let end = text
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    &text[..end]
}

/// Reads every source file below `folder`, unit tests left out.
fn read(folder: &Path, root: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, root, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let is_test_module = |pair: &[&str]| {
                pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
            };
            let all: Vec<&str> = text.lines().collect();
            let end = all.windows(2).position(is_test_module).unwrap_or(all.len());
            let lines = all[..end]
                .iter()
                .filter(|line| !line.trim_start().starts_with("//"));
            sources.push(Source {
                path: path.strip_prefix(root).unwrap().to_owned(),
                text: lines.copied().collect::<Vec<_>>().join("\n"),
            });
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read(&root, &root, &mut sources);
    sources.retain(|source| {
        !["layers.rs", "main.rs", "lib.rs"]
            .iter()
            .any(|name| source.path == Path::new(name))
    });
    assert!(
        sources.len() > 200,
        "only {} files were read",
        sources.len()
    );
    sources
}

/// The place of a folder in [`LAYERS`].
fn rank(name: &str) -> Option<usize> {
    let name = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, of)| of);
    LAYERS.iter().position(|layer| *layer == name)
}

#[test]
fn layers_have_no_arrow_that_points_up() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        let Some(own) = rank(&module[0]) else {
            wrong.push(format!("{} is in no layer", source.path.display()));
            continue;
        };
        for path in source.paths() {
            match rank(&path[0]) {
                Some(other) if other <= own => {}
                Some(_) => wrong.push(format!(
                    "{} uses {}",
                    source.path.display(),
                    path.join("::")
                )),
                // A macro or an item of lib.rs itself.
                None => wrong.push(format!(
                    "{} uses {}?",
                    source.path.display(),
                    path.join("::")
                )),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} arrows point up:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn verbs_never_call_each_other() {
    let all = sources();
    let is_verb = |module: &[String]| {
        module.len() > 1
            && all.iter().any(|source| {
                source.module() == module && source.text.contains("pub(crate) fn run(")
            })
    };
    let mut wrong = Vec::new();
    for source in all.iter().filter(|source| source.module()[0] == "cmd") {
        let module = source.module();
        // A group of verbs (`cmd/python/mod.rs`) hands over to its own.
        let is_other = |path: &[String]| !path.starts_with(&module) && !module.starts_with(path);
        for path in source.paths().iter().filter(|path| path[0] == "cmd") {
            if (1..=path.len()).any(|end| is_verb(&path[..end]) && is_other(&path[..end])) {
                wrong.push(format!(
                    "{} uses {}",
                    source.path.display(),
                    path.join("::")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "verbs call verbs:\n{}", wrong.join("\n"));
}

#[test]
fn variables_and_sockets_are_reached_in_one_place_each() {
    let rules: [(&str, &[&str]); 2] = [
        (
            "store/env.rs",
            &["std::env::var", "use std::env", "std::{env"],
        ),
        ("net/", &["TcpStream", "UdpSocket", "reqwest::"]),
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for (place, words) in rules {
            if source.path.starts_with(place) {
                continue;
            }
            for word in words.iter().filter(|word| source.text.contains(**word)) {
                wrong.push(format!(
                    "{} uses {word}: it belongs into {place}",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn contributing_names_places_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let folders = [
        "src/", "tests/", "shims/", "data/", "bench/", "fuzz/", "docs/", ".ci/",
    ];
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| folders.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains("NAME"))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    for path in named {
        assert!(root.join(path).exists(), "CONTRIBUTING.md names {path}");
    }
}

#[test]
fn paths_are_found_in_groups_and_expressions() {
    let source = Source {
        path: "tool/install/new.rs".into(),
        text: "use crate::store::{atomic, lock};\nuse crate::{Code, net::Client};\nuse \
               super::super::expose;\nlet x = my_crate::y(super::z::w(crate::ui::a()));"
            .into(),
    };
    let found: Vec<String> = source
        .paths()
        .into_iter()
        .map(|path| path.join("::"))
        .collect();
    assert_eq!(
        found,
        [
            "Code",
            "net",
            "store",
            "tool::expose",
            "tool::install::z",
            "ui::a"
        ],
        "groups, several supers, paths inside expressions"
    );
}
