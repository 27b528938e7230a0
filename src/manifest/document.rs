//! Reading a TOML file so that every complaint about it says line, column, and the nearest right
//! word.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::{escaped, nearest};

/// A mistake in the file, and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}\n{hint}")]
pub(crate) struct Problem {
    /// As a person would write its path.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub hint: String,
}

/// The text, and the name that complaints give it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    doc: Document<'a>,
    entries: &'a DeTable<'a>,
    /// `[tools]`, for complaints.
    name: &'a str,
    start: usize,
}

pub(crate) type Result<T> = std::result::Result<T, Problem>;

impl<'a> Document<'a> {
    pub(crate) fn parse(&self) -> Result<Spanned<DeTable<'a>>> {
        DeTable::parse(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            self.problem(
                &span,
                escaped(&error.message().replace('\n', ", ")),
                "correct that place; boot.toml is a TOML file, see toml.io",
            )
        })
    }

    pub(crate) fn root(self, entries: &'a DeTable<'a>) -> Table<'a> {
        Table {
            doc: self,
            entries,
            name: "boot.toml",
            start: 0,
        }
    }

    /// A complaint about what stands at `span`. Columns are counted in characters, as editors do.
    pub(crate) fn problem(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Problem {
        let (line, column) = self.place(span.start);
        Problem {
            file: escaped(self.file),
            line,
            column,
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

impl<'a> Table<'a> {
    /// The complaint about a key that isn't one of `known`.
    pub(crate) fn only_keys(&self, known: &[&str]) -> Result<()> {
        for (key, _) in self.entries.iter() {
            let key_text: &str = key.get_ref();
            if !known.contains(&key_text) {
                let hint = match nearest(key_text, known) {
                    Some(word) => format!("did you mean {word}?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                return Err(self.doc.problem(
                    &key.span(),
                    format!("{} isn't a key of {}", escaped(key_text), self.name),
                    hint,
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn problem(
        &self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Problem {
        self.doc.problem(span, message, hint)
    }

    /// `boot.toml:7:1`.
    pub(crate) fn place(&self, span: &Range<usize>) -> String {
        let (line, column) = self.doc.place(span.start);
        format!("{}:{line}:{column}", escaped(self.doc.file))
    }

    /// A complaint about the table as a whole, or what it lacks.
    pub(crate) fn lacks(&self, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        self.doc.problem(&(self.start..self.start), message, hint)
    }

    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = (At<&'a str>, &'a Spanned<DeValue<'a>>)> + use<'a> {
        self.entries.iter().map(|(key, value)| {
            (
                At {
                    value: key.get_ref().as_ref(),
                    span: key.span(),
                },
                value,
            )
        })
    }

    fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map(|(_, value)| value)
    }

    fn should_be(&self, key: &str, what: &str, value: &Spanned<DeValue<'_>>) -> Problem {
        self.doc.problem(
            &value.span(),
            format!("{} should be {what}", escaped(key)),
            if self.name == "boot.toml" {
                "see the manual's boot.toml".into()
            } else {
                format!("see {} in the manual's boot.toml", self.name)
            },
        )
    }

    pub(crate) fn string(&self, key: &str) -> Result<Option<At<String>>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::String(text) => Ok(Some(At {
                value: text.to_string(),
                span: value.span(),
            })),
            _ => Err(self.should_be(key, "a text in quotes", value)),
        }
    }

    pub(crate) fn strings(&self, key: &str) -> Result<Vec<At<String>>> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let wrong = |value| self.should_be(key, "a list of texts, like [\"a\", \"b\"]", value);
        let DeValue::Array(list) = value.get_ref() else {
            return Err(wrong(value));
        };
        list.iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(At {
                    value: text.to_string(),
                    span: item.span(),
                }),
                _ => Err(wrong(item)),
            })
            .collect()
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Boolean(yes) => Ok(Some(*yes)),
            _ => Err(self.should_be(key, "true or false", value)),
        }
    }

    pub(crate) fn integer(&self, key: &str) -> Result<Option<At<i64>>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => match number.as_str().parse() {
                Ok(number) => Ok(Some(At {
                    value: number,
                    span: value.span(),
                })),
                Err(_) => Err(self.should_be(key, "a number", value)),
            },
            _ => Err(self.should_be(key, "a number", value)),
        }
    }

    pub(crate) fn table(&self, key: &str, name: &'a str) -> Result<Option<Table<'a>>> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        self.as_table(value, name)
            .map(Some)
            .ok_or_else(|| self.should_be(key, "a table", value))
    }

    /// `value` as a table, if it is one.
    pub(crate) fn as_table(
        &self,
        value: &'a Spanned<DeValue<'a>>,
        name: &'a str,
    ) -> Option<Table<'a>> {
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table {
                doc: self.doc,
                entries,
                name,
                start: value.span().start,
            }),
            _ => None,
        }
    }

    /// A list of tables: `[[key]]`.
    pub(crate) fn tables(&self, key: &str, name: &'a str) -> Result<Vec<Table<'a>>> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let wrong = || self.should_be(key, &format!("a list of tables: {name}"), value);
        let DeValue::Array(list) = value.get_ref() else {
            return Err(wrong());
        };
        list.iter()
            .map(|item| self.as_table(item, name).ok_or_else(wrong))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_counts_characters() {
        let doc = Document {
            file: "boot.toml",
            text: "a = 1\n\"é\" = 2\n",
        };
        assert_eq!(doc.place(0), (1, 1));
        assert_eq!(doc.place(6), (2, 1));
        assert_eq!(doc.place(10), (2, 4));
        assert_eq!(doc.place(99), (3, 1));
    }
}
