//! What was planned for an environment, put there: folders, links and small files of many wheels
//! side by side.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::{Error, Result};
use crate::package::bytecode;
use crate::package::facts::Facts;
use crate::package::wheel::{CachedWheel, WheelFile, data_key};
use crate::store;

/// All that one wheel puts into an environment. Nothing of it is another wheel's too.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub wheel: &'a CachedWheel,
    /// Where its root goes, relative to the environment.
    pub base: &'a Path,
    /// Files of the cache, and where they go.
    pub links: Vec<(&'a WheelFile, PathBuf)>,
    pub written: Vec<Written>,
}

/// A file that is written anew for the environment.
#[derive(Debug)]
pub(super) struct Written {
    pub place: PathBuf,
    pub content: Vec<u8>,
    pub mode: u32,
}

/// The environment that it is put into. Paths are looked up from its folder and from the wheel's:
/// from the root of the disk each would take several times as long.
#[derive(Debug)]
pub(super) struct Target<'a> {
    root: &'a Path,
    folder: OwnedFd,
    facts: &'a Facts,
    /// The folders that nearly every wheel puts something into: made once, before all.
    usual: HashSet<PathBuf>,
    /// Set once the filesystem has refused a hard link: the cache is on another one, and nothing
    /// more is tried.
    copies: AtomicBool,
}

impl<'a> Target<'a> {
    /// The environment at `root`, which is there.
    pub(super) fn open(root: &'a Path, facts: &'a Facts) -> Result<Target<'a>> {
        let folder = open(root).map_err(store::Error::io("read", root))?;
        let mut target = Target {
            root,
            folder,
            facts,
            usual: HashSet::new(),
            copies: AtomicBool::new(false),
        };
        let mut usual = HashSet::new();
        for folder in [&facts.purelib, &facts.platlib, &facts.scripts] {
            target
                .make_folder(&folder.join("x"), &mut usual)
                .map_err(store::Error::io("create", &root.join(folder)))?;
        }
        target.usual = usual;
        Ok(target)
    }

    /// Puts all of `work` there.
    ///
    /// # Errors
    /// Something of the environment's own, or of another wheel, stands in the way; the cache has
    /// lost a file; or the disk has no room.
    pub(super) fn put(&self, work: &Work<'_>) -> Result<()> {
        let wheel = work.wheel;
        let mut made = self.usual.clone();
        let tree = wheel.tree();
        let source = open(&tree).ok();
        for (file, place) in &work.links {
            let linked = self
                .make_folder(place, &mut made)
                .and_then(|()| match &source {
                    Some(source) => self.link_or_copy(source, &tree, &file.path, place),
                    None => Err(io::ErrorKind::NotFound.into()),
                });
            if let Err(error) = linked {
                if error.kind() == io::ErrorKind::NotFound
                    && fs::symlink_metadata(wheel.path_of(file)).is_err()
                {
                    wheel.discard();
                    return Err(Error::Lost {
                        wheel: wheel.name().into(),
                        path: file.path.clone(),
                    });
                }
                return Err(self.failed(wheel, place, error));
            }
        }
        for Written {
            place,
            content,
            mode,
        } in &work.written
        {
            let path = self.root.join(place);
            let written = self.make_folder(place, &mut made).and_then(|()| {
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(*mode)
                    .open(&path)?;
                file.write_all(content)?;
                file.set_permissions(fs::Permissions::from_mode(*mode))
            });
            written.map_err(|error| self.failed(wheel, place, error))?;
        }
        self.link_bytecode(work, &mut made);
        Ok(())
    }

    /// Links the bytecode that the cache has. Not where files were copied: bytecode holds the time
    /// of the source it was made from.
    fn link_bytecode(&self, work: &Work<'_>, made: &mut HashSet<PathBuf>) {
        if self.copies.load(Ordering::Relaxed) {
            return;
        }
        let Ok(compiled) = open(&bytecode::folder(work.wheel, self.facts)) else {
            return;
        };
        // Of a module that another wheel has too, the other's may be the one that stays: only
        // beside the very file that was compiled.
        for (file, _) in work
            .links
            .iter()
            .filter(|(file, _)| data_key(&file.path).is_none())
        {
            let Some(source) = bytecode::place(Path::new(&file.path), self.facts) else {
                continue;
            };
            let place = work.base.join(&source);
            if self.make_folder(&place, made).is_ok() {
                // A module that could not be compiled has none, and a wheel may ship its own.
                let _ =
                    rustix::fs::linkat(&compiled, &source, &self.folder, &place, AtFlags::empty());
            }
        }
    }

    /// Makes the folder that `place` is in, and those above it; `made` are those that are there.
    fn make_folder(&self, place: &Path, made: &mut HashSet<PathBuf>) -> io::Result<()> {
        let Some(folder) = place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty() && !made.contains(*folder))
        else {
            return Ok(());
        };
        self.make_folder(folder, made)?;
        match rustix::fs::mkdirat(&self.folder, folder, Mode::from_raw_mode(0o777)) {
            Ok(()) => {}
            // Of another wheel too.
            Err(rustix::io::Errno::EXIST) if self.root.join(folder).is_dir() => {}
            Err(rustix::io::Errno::EXIST) => return Err(io::ErrorKind::NotADirectory.into()),
            Err(error) => return Err(error.into()),
        }
        made.insert(folder.into());
        Ok(())
    }

    fn link_or_copy(
        &self,
        source: &OwnedFd,
        tree: &Path,
        file: &str,
        place: &Path,
    ) -> io::Result<()> {
        if !self.copies.load(Ordering::Relaxed) {
            match rustix::fs::linkat(source, file, &self.folder, place, AtFlags::empty())
                .map_err(io::Error::from)
            {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::CrossesDevices
                            | io::ErrorKind::PermissionDenied
                            | io::ErrorKind::Unsupported
                    ) =>
                {
                    self.copies.store(true, Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::TooManyLinks => {}
                done => return done,
            }
        }
        let path = self.root.join(place);
        // The standard library clones the content where the filesystem can.
        if fs::symlink_metadata(&path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::copy(tree.join(file), path).map(drop)
    }

    /// Something that no wheel put there stands in the way: the environment's own interpreter, its
    /// configuration.
    fn failed(&self, wheel: &CachedWheel, place: &Path, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Error::Replaces {
                wheel: wheel.dist_info().trim_end_matches(".dist-info").into(),
                path: crate::report::escaped(&place.to_string_lossy()),
            },
            _ => store::Error::io("write", &self.root.join(place))(error).into(),
        }
    }
}

fn open(folder: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, folder, flags, Mode::empty())?)
}
