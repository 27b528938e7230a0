//! The names of named environments that were removed: a `boot venv remove work` that is typed again
//! never means the folder `work`.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Error;
use super::pin::Name;
use crate::Context;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Names that are remembered, the oldest forgotten first.
const MOST: usize = 64;

fn file(paths: &Paths) -> PathBuf {
    paths.venvs().join(".removed")
}

fn read(paths: &Paths) -> store::Result<Vec<String>> {
    match fs::read_to_string(file(paths)) {
        Ok(text) => Ok(text.lines().map(String::from).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(store::Error::io("read", &file(paths))(error)),
    }
}

/// Tells whether an environment of this name was removed.
///
/// # Errors
/// The names can't be read.
pub(crate) fn contains(paths: &Paths, name: &Name) -> Result<bool, Error> {
    Ok(read(paths)?.iter().any(|removed| removed == name.as_str()))
}

/// Remembers that the environment of this name was removed.
///
/// # Errors
/// The names can't be read or written.
pub(crate) fn remember(ctx: &Context, name: &Name) -> Result<(), Error> {
    let _lock = Lock::hold(&ctx.paths.locks(), "removed-venvs", &*ctx.report)?;
    let mut names = read(&ctx.paths)?;
    names.retain(|removed| removed != name.as_str());
    names.push(name.to_string());
    let kept = names.len().saturating_sub(MOST);
    let text = names[kept..]
        .iter()
        .map(|name| format!("{name}\n"))
        .collect::<String>();
    Ok(atomic::write(
        &file(&ctx.paths),
        text.as_bytes(),
        Some(0o600),
    )?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::Silent;

    #[test]
    fn remember_forgets_oldest_names() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::from(&|name| (name == "HOME").then(|| home.path().into())).unwrap();
        let ctx = Context::new(paths, Arc::new(Silent), true);
        let name = |number: usize| format!("env{number}").parse::<Name>().unwrap();
        assert!(!contains(&ctx.paths, &name(0)).unwrap());
        for number in 0..=MOST {
            remember(&ctx, &name(number)).unwrap();
            remember(&ctx, &name(number)).unwrap();
        }
        assert!(!contains(&ctx.paths, &name(0)).unwrap());
        assert!(
            contains(&ctx.paths, &name(1)).unwrap() && contains(&ctx.paths, &name(MOST)).unwrap()
        );
    }
}
