//! Dotfiles: which there are, and what their files will hold. `place` knows the home directory.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::machine::vars::Vars;
use crate::machine::{Error, Result};
use crate::manifest::condition::Surroundings;
use crate::manifest::template;
use crate::manifest::{Dotfiles, Entry, FILE, Manifest, Mode, Place};
use crate::store;

/// A dotfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dotfile {
    /// Relative to the home directory.
    pub target: String,
    /// The repository that it is from.
    pub place: Place,
    /// Relative to the repository.
    pub source: PathBuf,
    pub mode: Mode,
    pub chmod: Option<u32>,
}

/// Every dotfile of the manifest, sorted by target. Two repositories that claim one place are an
/// error that names both.
pub(crate) fn list(manifest: &Manifest, here: &Surroundings) -> Result<Vec<Dotfile>> {
    let mut all: Vec<Dotfile> = Vec::new();
    for dotfiles in manifest
        .dotfiles
        .iter()
        .filter(|dotfiles| dotfiles.manager.is_none())
    {
        all.extend(list_repository(dotfiles, here)?);
    }
    if let Some((other, dotfile)) = clash(&all) {
        return Err(Error::Content {
            what: format!("~/{}", dotfile.target),
            reason: format!(
                "both {} and {} claim it",
                other.from().display(),
                dotfile.from().display()
            ),
            hint: "remove it from one of the two; nothing was done",
        });
    }
    all.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(all)
}

/// Two that claim one place, or of which one claims a folder above the other, in the order in which
/// they are listed.
pub(super) fn clash(all: &[Dotfile]) -> Option<(&Dotfile, &Dotfile)> {
    let mut sorted: Vec<(&Path, usize)> = all
        .iter()
        .enumerate()
        .map(|(at, dotfile)| (Path::new(&dotfile.target), at))
        .collect();
    // Part by part, what lies below a folder follows it with nothing else in between; as text,
    // `a-b` comes between `a` and `a/b`.
    sorted.sort();
    let pair = sorted
        .windows(2)
        .find(|pair| pair[1].0.starts_with(pair[0].0))?;
    let (one, other) = (pair[0].1, pair[1].1);
    Some((&all[one.min(other)], &all[one.max(other)]))
}

/// Lists the dotfiles of a repository, by the files in it and what its table says of some.
fn list_repository(dotfiles: &Dotfiles, here: &Surroundings) -> Result<Vec<Dotfile>> {
    let base = dotfiles.place.readable();
    let mut said = HashMap::new();
    for entry in &dotfiles.entries {
        said.entry(entry.target.as_path()).or_insert(entry);
    }
    let mut walk = Walk {
        dotfiles,
        said,
        here,
        base: canonical(base)?,
        found: Vec::new(),
    };
    let root = base.join(&dotfiles.root);
    if !root.is_dir() {
        return Err(Error::Content {
            what: dotfiles.root.display().to_string(),
            reason: "the repository has no such folder".into(),
            hint: "make it, or name the folder of your dotfiles in [dotfiles]: root = \"home\"",
        });
    }
    walk.folder(Path::new(""))?;
    if let Some(entry) = dotfiles
        .entries
        .iter()
        .find(|entry| fs::symlink_metadata(root.join(&entry.target)).is_err())
    {
        return Err(Error::Content {
            what: format!("{}: ~/{}", entry.at, entry.target.display()),
            reason: format!(
                "the repository has no {}",
                dotfiles.root.join(&entry.target).display()
            ),
            hint: "put the file there, or remove the line",
        });
    }
    Ok(walk.found)
}

impl Dotfile {
    /// The file that it is made from, where it can be read now.
    pub(crate) fn from(&self) -> PathBuf {
        self.place.readable().join(&self.source)
    }

    /// The text of a template, with its variables filled in.
    fn rendered(&self, vars: &Vars) -> Result<String> {
        Ok(template::render(
            &self.source.display().to_string(),
            &self.template()?,
            &vars.values,
            &vars.known,
        )?)
    }

    /// The text of a template as it is in the repository.
    fn template(&self) -> Result<String> {
        fs::read_to_string(self.from()).map_err(|error| Error::Content {
            what: self.source.display().to_string(),
            reason: format!("it can't be read as a template: {error}"),
            hint: "a template is UTF-8 text; place other files with mode = \"copy\"",
        })
    }

    /// The variables that it uses; none where it is no template.
    pub(crate) fn variables(&self) -> Result<BTreeSet<String>> {
        match self.mode {
            Mode::Template => Ok(template::names(
                &self.source.display().to_string(),
                &self.template()?,
            )?),
            _ => Ok(BTreeSet::new()),
        }
    }

    /// Fails where a template has something in it that no answer could fill in.
    pub(crate) fn check(&self, vars: &Vars) -> Result<()> {
        if self.mode != Mode::Template {
            return Ok(());
        }
        let blank = Vars {
            values: vars
                .known
                .iter()
                .map(|name| (name.clone(), String::new()))
                .collect(),
            known: vars.known.clone(),
        };
        self.rendered(&blank).map(drop)
    }

    /// The bytes that a copy of it has.
    pub(super) fn content(&self, vars: &Vars) -> Result<Vec<u8>> {
        match self.mode {
            Mode::Template => Ok(self.rendered(vars)?.into_bytes()),
            _ => Ok(fs::read(self.from()).map_err(store::Error::io("read", &self.from()))?),
        }
    }
}

/// Bytes of a file that is copied or filled in: it is read as a whole, and every plan reads it.
pub(super) const LARGEST: u64 = 64 << 20;

struct Walk<'a> {
    dotfiles: &'a Dotfiles,
    /// The lines of single ones, by target.
    said: HashMap<&'a Path, &'a Entry>,
    here: &'a Surroundings,
    base: PathBuf,
    found: Vec<Dotfile>,
}

impl Walk<'_> {
    /// `below` is relative to the dotfiles' root.
    fn folder(&mut self, below: &Path) -> Result<()> {
        let folder = self
            .dotfiles
            .place
            .readable()
            .join(&self.dotfiles.root)
            .join(below);
        self.stays_inside(&folder)?;
        for entry in fs::read_dir(&folder).map_err(store::Error::io("read", &folder))? {
            let entry = entry.map_err(store::Error::io("read", &folder))?;
            let path = below.join(entry.file_name());
            let Some(name) = path
                .to_str()
                .filter(|name| !name.chars().any(char::is_control))
            else {
                return Err(Error::Content {
                    what: path.display().to_string(),
                    reason:
                        "its name has characters that a terminal or a script would stumble over"
                            .into(),
                    hint: "rename it; boot takes UTF-8 names without control characters",
                });
            };
            let is_repository =
                self.dotfiles.root.as_os_str().is_empty() || self.dotfiles.root == Path::new(".");
            if matches!(entry.file_name().to_str(), Some(".git" | ".DS_Store"))
                || (is_repository && matches!(name, FILE | "boot.lock"))
            {
                continue;
            }
            let said = self.said.get(path.as_path()).copied();
            let kind = entry
                .file_type()
                .map_err(store::Error::io("read", &entry.path()))?;
            if kind.is_dir() && said.is_none() {
                self.folder(&path)?;
                continue;
            }
            self.leaf(name, &path, kind, said)?;
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        name: &str,
        path: &Path,
        kind: fs::FileType,
        said: Option<&Entry>,
    ) -> Result<()> {
        let source = self.dotfiles.root.join(path);
        let from = self.dotfiles.place.readable().join(&source);
        self.stays_inside(&from)?;
        let wrong = |reason: &str, hint: &'static str| Error::Content {
            what: source.display().to_string(),
            reason: reason.into(),
            hint,
        };
        if !kind.is_file() && !kind.is_dir() && !kind.is_symlink() {
            return Err(wrong(
                "it is neither a file nor a folder",
                "remove it from the repository",
            ));
        }
        let mode = said.map_or(Mode::Link, |said| said.mode);
        if mode != Mode::Link && !from.is_file() {
            return Err(wrong(
                "only files can be copied",
                "link the folder, or name its files one by one",
            ));
        }
        if mode != Mode::Link && fs::metadata(&from).is_ok_and(|data| data.len() > LARGEST) {
            return Err(wrong(
                "it is larger than 64 megabytes, too large to be copied",
                "link it: remove its line from [dotfiles]",
            ));
        }
        if said.is_none_or(|said| said.only.holds(self.here)) {
            let chmod = said.and_then(|said| said.chmod);
            self.found.push(Dotfile {
                target: name.into(),
                place: self.dotfiles.place.clone(),
                mode,
                chmod,
                source,
            });
        }
        Ok(())
    }

    fn stays_inside(&self, path: &Path) -> Result<()> {
        if fs::canonicalize(path).is_ok_and(|real| real.starts_with(&self.base)) {
            return Ok(());
        }
        Err(Error::Content {
            what: path
                .strip_prefix(self.dotfiles.place.readable())
                .unwrap_or(path)
                .display()
                .to_string(),
            reason: "it is a link that leads nowhere, or out of the repository".into(),
            hint: "put the file itself there; nothing was done",
        })
    }
}

pub(super) fn canonical(path: &Path) -> Result<PathBuf> {
    Ok(fs::canonicalize(path).map_err(store::Error::io("read", path))?)
}
