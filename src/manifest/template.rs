//! Templates: a text with `{{ os }}`, `{{ arch }}`, `{{ hostname }}`, `{{ user }}` and `{{
//! vars.NAME }}` in it. Variables only: nothing in them runs, and what isn't one of these is an
//! error rather than left as it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::document::{self, Document};
use crate::report::escaped;
use crate::report::nearest;

/// A value for each name that a template may use.
pub(crate) type Values = BTreeMap<String, String>;

/// Tells whether `name` can be a variable's.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// A piece of a template.
enum Piece<'a> {
    Text(&'a str),
    /// A variable, and where it starts.
    Name(&'a str, usize),
}

fn pieces<'a>(doc: &Document<'a>) -> document::Result<Vec<Piece<'a>>> {
    let text = doc.text;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open) {
        found.push(Piece::Text(&text[at..open]));
        let line = text[open..].find('\n').map_or(text.len(), |end| open + end);
        let Some(close) = text[open..line].find("}}").map(|close| open + close) else {
            return Err(doc.problem(
                &(open..open),
                "{{ has no }} on its line",
                "close it, or place the file with mode = \"copy\"",
            ));
        };
        found.push(Piece::Name(text[open + 2..close].trim(), open));
        at = close + 2;
    }
    found.push(Piece::Text(&text[at..]));
    Ok(found)
}

/// The names that the template `text` uses. `file` is what complaints call it.
pub(crate) fn names(file: &str, text: &str) -> document::Result<BTreeSet<String>> {
    let names = pieces(&Document { file, text })?
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Name(name, _) => Some(name.to_string()),
            Piece::Text(_) => None,
        });
    Ok(names.collect())
}

/// The text with its variables filled in. `known` has every name that may be used, answered or not;
/// one that has no value yet is an error too.
pub(crate) fn render(
    file: &str,
    text: &str,
    values: &Values,
    known: &BTreeSet<String>,
) -> document::Result<String> {
    let doc = Document { file, text };
    let mut rendered = String::with_capacity(text.len());
    for piece in pieces(&doc)? {
        match piece {
            Piece::Text(text) => rendered.push_str(text),
            Piece::Name(name, at) => match values.get(name) {
                Some(value) => rendered.push_str(value),
                None if known.contains(name) => {
                    let message = format!("nobody has answered what {} is", escaped(name));
                    return Err(doc.problem(
                        &(at..at),
                        message,
                        "boot apply in a terminal asks; or give it a default in [vars]",
                    ));
                }
                None => {
                    let words: Vec<&str> = known.iter().map(String::as_str).collect();
                    let hint = match nearest(name, &words) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!(
                            "a template knows {}; others go into [vars]",
                            words.join(", ")
                        ),
                    };
                    return Err(doc.problem(
                        &(at..at),
                        format!("{} isn't a variable", escaped(name)),
                        hint,
                    ));
                }
            },
        }
    }
    Ok(rendered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> document::Result<String> {
        let values = Values::from([
            ("os".into(), "linux".into()),
            ("vars.email".into(), "{{ os }} $(id)".into()),
        ]);
        let known = values
            .keys()
            .cloned()
            .chain(["vars.name".to_string()])
            .collect();
        render("home/.gitconfig", text, &values, &known)
    }

    #[test]
    fn render_fills_in_variables_only() {
        assert_eq!(
            fill("a {{ os }}{{os}} `id` $HOME { } %}\n").unwrap(),
            "a linuxlinux `id` $HOME { } %}\n"
        );
        assert_eq!(
            fill("{{ vars.email }}").unwrap(),
            "{{ os }} $(id)",
            "a value is no template"
        );
        assert_eq!(fill("").unwrap(), "");
    }

    #[test]
    fn render_unknown_variable_is_error_with_place() {
        for (text, line, column, says) in [
            ("x\n  {{ vars.emial }}", 2, 3, "did you mean vars.email?"),
            ("{{ exec \"id\" }}", 1, 1, "isn't a variable"),
            ("{{ .chezmoi.os }}", 1, 1, "a template knows"),
            ("é{{ vars.name }}", 1, 2, "nobody has answered"),
            ("{{ os\n}}", 1, 1, "no }}"),
            ("{{ \u{1b}[2J }}", 1, 1, "isn't a variable"),
        ] {
            let problem = fill(text).unwrap_err();
            let said = problem.to_string();
            assert!(
                (problem.line, problem.column) == (line, column) && said.contains(says),
                "{text}: {said}"
            );
            assert!(!said.contains('\u{1b}') && said.lines().count() <= 3);
        }
    }
}
