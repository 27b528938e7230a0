//! The environments of projects: folders of boot's own, out of reach of whatever writes into a
//! project. Each lies in `venvs/projects/HASH/NAME` beside a record of the project that it belongs
//! to; the project has a link to it, `.venv`.
//!
//! A link proves nothing, for a checkout may bring one: what it leads to must lie in boot's folder,
//! and the record there decides whose it is. Where a filesystem has no links, the file of PEP 832
//! stands in for one.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::Access;
use rustix::io::Errno;

use super::venv::{self, Made, NAME, VenvOptions};
use super::{Error, exclude, relocate};
use crate::Context;
use crate::python::installed::Installed;
use crate::store::atomic::{self, Staging};
use crate::store::digest::Sha256;
use crate::store::paths::Paths;
use crate::store::{self, file, generation};

/// The record's name: a file that holds the project's path, byte for byte.
const RECORD: &str = ".boot-project";
/// Another file of the record: the project folder's inode and birth, by which it is known after a
/// rename.
const FOLDER: &str = ".boot-folder";
/// A file beside the record while something else stands at the project's `.venv`: the link comes
/// back when that is gone.
const DISPLACED: &str = ".boot-displaced";
/// A file beside the record, as old as the finding that no project leads here.
const UNUSED: &str = ".boot-unused";
/// A file beside the record of an environment that the user doesn't want at prompts: `boot
/// untrust`.
const UNTRUSTED: &str = ".boot-untrusted";
/// Time that an environment is kept while no project leads to it.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// No path is longer.
const LONGEST_PATH: u64 = 4096;

/// An environment of a project, in boot's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    /// `venvs/projects/HASH`.
    home: PathBuf,
    root: PathBuf,
    project: PathBuf,
}

/// The thing at a project's `.venv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Nothing,
    /// The project's own environment.
    Own(Environment),
    /// That of a project which was here under another name: its old place has no link to it.
    Renamed(Environment),
    /// That of another project, which this one is a copy of.
    Copied(Environment),
    /// The project's own, in a data folder that was somewhere else when the link was made; with the
    /// old path.
    Moved(Environment, PathBuf),
    /// A link of boot's to an environment that is gone.
    Dangling,
    /// An environment that boot didn't make, by its canonical path: a folder, or what a link or a
    /// file leads to.
    Foreign(PathBuf),
    /// Neither an environment nor something that leads to one.
    Unusable,
}

impl Environment {
    /// Its canonical path, for PATH and VIRTUAL_ENV.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The project that it belongs to, as recorded.
    pub(crate) fn project(&self) -> &Path {
        &self.project
    }

    /// The environment in `home`, one of the folders in `venvs/projects`.
    fn read(home: &Path) -> Option<Environment> {
        let bytes = file::read_bounded(&home.join(RECORD), LONGEST_PATH).ok()?;
        let project = PathBuf::from(OsString::from_vec(bytes));
        let mut entries = fs::read_dir(home)
            .ok()?
            .flatten()
            .filter(|entry| !entry.file_name().as_bytes().starts_with(b".boot-"));
        let folder = entries.find(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))?;
        let home = fs::canonicalize(home).ok()?;
        let root = home.join(folder.file_name());
        // A record that a power cut has emptied names nothing.
        project.is_absolute().then_some(Environment {
            home,
            root,
            project,
        })
    }

    /// Tells whether `folder` is the project's folder under whatever name, as recorded.
    fn is_of_folder(&self, folder: &Path) -> bool {
        let id = file::read_bounded(&self.home.join(FOLDER), LONGEST_PATH).ok();
        id.is_some_and(|id| folder_id(folder).is_some_and(|now| now.as_bytes() == id))
    }

    /// Tells whether its project leads to it.
    pub(crate) fn is_in_use(&self) -> bool {
        leads_to(&self.project, &self.root)
    }

    /// Notes that it is in use: the time for which an unused one is kept begins again.
    pub(crate) fn note_used(&self) {
        let _ = fs::remove_file(self.home.join(UNUSED));
    }

    /// Keeps the link out of a repository that is newer than the environment.
    pub(crate) fn keep_out_of_git(&self) {
        let made = fs::metadata(self.home.join(RECORD)).and_then(|data| data.modified());
        if let Ok(made) = made {
            exclude::ignore_in_new_repository(&self.project, made);
        }
    }

    /// Tells whether the user has said that it isn't to be activated.
    pub(crate) fn is_untrusted(&self) -> bool {
        self.home.join(UNTRUSTED).exists()
    }

    /// Notes whether it may be activated. False if that is so already.
    ///
    /// # Errors
    /// boot's folder can't be written to.
    pub(crate) fn set_untrusted(&self, untrusted: bool) -> store::Result<bool> {
        let marker = self.home.join(UNTRUSTED);
        if untrusted == self.is_untrusted() {
            return Ok(false);
        }
        let done = if untrusted {
            fs::write(&marker, "")
        } else {
            fs::remove_file(&marker)
        };
        done.map_err(store::Error::io("write", &marker))?;
        Ok(true)
    }

    /// Records that it belongs to the project at the canonical path `project` from now on. Commands
    /// that were installed through the link name the old project's `.venv`; they name the
    /// environment itself then.
    ///
    /// # Errors
    /// A command or the record can't be written.
    pub(crate) fn give_to(&mut self, project: &Path) -> store::Result<()> {
        relocate::rewrite_paths(&self.root, &self.project.join(NAME))?;
        write_record(&self.home, project)?;
        self.project = project.into();
        Ok(())
    }

    /// Has the project's `.venv` lead to it, in the place of a link of boot's or of nothing; and
    /// keeps that out of git.
    ///
    /// # Errors
    /// Something else stands there, or nothing can be written there.
    pub(crate) fn link(&self) -> store::Result<()> {
        let link = self.project.join(NAME);
        // Also where boot's folder has moved since.
        let leads_into_boots = read_target(&link).is_some_and(|target| {
            target.ancestors().nth(2).is_some_and(|folder| {
                Some(folder) == self.home.parent() || folder.ends_with("venvs/projects")
            })
        });
        // A file of boot's is replaced like a link.
        let made = match fs::symlink_metadata(&link) {
            Ok(_) if self.is_in_use() => Ok(()),
            Ok(data) if data.is_file() && leads_into_boots => {
                atomic::put_symlink(&self.root, &link)
            }
            Ok(data) if data.is_symlink() && !leads_into_boots => {
                let error = std::io::Error::new(
                    std::io::ErrorKind::AlreadyExists,
                    "it is a link that boot did not make",
                );
                return Err(store::Error::io("replace", &link)(error));
            }
            _ => atomic::symlink(&self.root, &link),
        };
        match made {
            Err(store::Error::Io { source, .. }) if has_no_links(&source) => {
                let mut path = self.root.as_os_str().as_bytes().to_vec();
                path.push(b'\n');
                atomic::write(&link, &path, None)?;
            }
            other => other?,
        }
        let _ = fs::remove_file(self.home.join(DISPLACED));
        self.note_used();
        exclude::ignore(&self.project);
        Ok(())
    }

    /// The packages in it, without pip, which came with it.
    pub(crate) fn installed_packages(&self) -> Vec<String> {
        venv::list_added_packages(&self.root)
    }

    /// Tells whether more than pip is installed in it.
    pub(crate) fn has_packages(&self) -> bool {
        !self.installed_packages().is_empty()
    }

    /// The time at which it was recorded as its project's.
    pub(crate) fn recorded_at(&self) -> Option<SystemTime> {
        fs::metadata(self.home.join(RECORD))
            .and_then(|data| data.modified())
            .ok()
    }

    /// Removes the project's link, if it leads here.
    ///
    /// # Errors
    /// The project's folder can't be written to.
    pub(crate) fn unlink(&self) -> store::Result<()> {
        let link = self.project.join(NAME);
        if self.is_in_use() {
            fs::remove_file(&link).map_err(store::Error::io("remove", &link))
        } else {
            Ok(())
        }
    }

    /// Deletes it, and the project's link to it.
    ///
    /// # Errors
    /// As [`Environment::unlink`].
    pub(crate) fn remove(&self) -> store::Result<()> {
        self.unlink()?;
        atomic::remove_folder(&self.home)
    }
}

/// Writes the record of the project at the canonical path `project` into `home`, durably.
fn write_record(home: &Path, project: &Path) -> store::Result<()> {
    if let Some(id) = folder_id(project) {
        atomic::write(&home.join(FOLDER), id.as_bytes(), Some(0o600))?;
    }
    atomic::write(
        &home.join(RECORD),
        project.as_os_str().as_bytes(),
        Some(0o600),
    )
}

/// A folder's inode and, where the filesystem knows it, the time when it was made: the device's
/// number may be another after a restart.
fn folder_id(folder: &Path) -> Option<String> {
    let data = fs::metadata(folder).ok()?;
    let born = data
        .created()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |time| time.as_nanos());
    Some(format!("{:x}:{born:x}", data.ino()))
}

/// A filesystem's refusal to make a link, whoever asks.
fn has_no_links(error: &std::io::Error) -> bool {
    let unsupported = [Errno::PERM, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| unsupported.contains(&errno))
}

/// The project that the environment at the canonical path `root` belongs to, if it is one of
/// boot's.
pub(crate) fn find_owner(paths: &Paths, root: &Path) -> Option<PathBuf> {
    let environment = Environment::read(&find_home(paths, root)?)?;
    (environment.root == root).then_some(environment.project)
}

/// Inspects the `.venv` of `project`, an absolute path.
pub(crate) fn inspect(paths: &Paths, project: &Path) -> Standing {
    let link = project.join(NAME);
    let Ok(data) = fs::symlink_metadata(&link) else {
        return Standing::Nothing;
    };
    if data.is_dir() {
        return fs::canonicalize(&link).map_or(Standing::Unusable, Standing::Foreign);
    }
    let Some(target) = read_target(&link) else {
        return Standing::Unusable;
    };
    if let Some(home) = find_home(paths, &target) {
        return match Environment::read(&home) {
            Some(environment)
                if environment.root.file_name() == target.file_name()
                    && !is_emptied(&environment.root) =>
            {
                judge_owner(environment, project, &target)
            }
            _ => Standing::Dangling,
        };
    }
    match fs::canonicalize(&target) {
        Ok(real) if real.is_dir() => Standing::Foreign(real),
        _ => find_moved(paths, project, &target).unwrap_or(Standing::Unusable),
    }
}

/// Reads the target of a link, or of a file as PEP 832 has it. The file's first line is a path,
/// from its own folder on.
fn read_target(link: &Path) -> Option<PathBuf> {
    let folder = link.parent()?;
    if let Ok(target) = fs::read_link(link) {
        return Some(folder.join(target));
    }
    let bytes = file::read_bounded(link, LONGEST_PATH).ok()?;
    let line = bytes.split(|byte| *byte == b'\n').next()?.trim_ascii();
    (!line.is_empty()).then(|| folder.join(OsStr::from_bytes(line)))
}

/// `venvs/projects/HASH`, if that is what `target` is directly below.
fn find_home(paths: &Paths, target: &Path) -> Option<PathBuf> {
    let projects = paths.projects();
    let inside = target
        .strip_prefix(&projects)
        .map(Path::to_path_buf)
        .or_else(|_| {
            let real = fs::canonicalize(&projects).map_err(drop)?;
            target
                .strip_prefix(real)
                .map(Path::to_path_buf)
                .map_err(drop)
        });
    let inside = inside.ok()?;
    match inside.components().collect::<Vec<_>>().as_slice() {
        [Component::Normal(hash), Component::Normal(_)] => Some(projects.join(hash)),
        _ => None,
    }
}

/// Tells whether nothing is left in an environment: `rm -r .venv/` deletes what is behind a link,
/// and not the link.
fn is_emptied(root: &Path) -> bool {
    fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none())
}

fn judge_owner(environment: Environment, project: &Path, target: &Path) -> Standing {
    let here = fs::canonicalize(project).unwrap_or_else(|_| project.into());
    if environment.project == here || is_same_folder(&environment.project, &here) {
        Standing::Own(environment)
    } else if environment.is_of_folder(&here)
        || (!leads_to(&environment.project, target) && fs::metadata(&environment.project).is_err())
    {
        // The very folder that it was made for; or one of another disk, whose old place is gone.
        Standing::Renamed(environment)
    } else {
        Standing::Copied(environment)
    }
}

/// Tells whether two paths are of one folder, as by a bind mount.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).ok().map(|data| (data.dev(), data.ino()));
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// Tells whether the `.venv` of `project` leads to the environment `root`.
fn leads_to(project: &Path, root: &Path) -> bool {
    read_target(&project.join(NAME)).is_some_and(|target| {
        target == root || fs::canonicalize(target).is_ok_and(|real| real == root)
    })
}

/// The project's own environment where the data folder has been moved since the link was made.
fn find_moved(paths: &Paths, project: &Path, target: &Path) -> Option<Standing> {
    let home = target.parent()?;
    let old = home.parent()?;
    if !old.ends_with("venvs/projects") {
        return None;
    }
    let environment = Environment::read(&paths.projects().join(home.file_name()?))?;
    let here = fs::canonicalize(project).ok()?;
    (environment.project == here).then(|| Standing::Moved(environment, target.into()))
}

/// Every environment of a project, in no order.
pub(crate) fn list(paths: &Paths) -> Vec<Environment> {
    let entries = fs::read_dir(paths.projects())
        .into_iter()
        .flatten()
        .flatten();
    let homes = entries.filter(|entry| !entry.file_name().as_bytes().starts_with(b"."));
    homes
        .filter_map(|entry| Environment::read(&entry.path()))
        .collect()
}

/// Those of the project at the canonical path `project` that it doesn't lead to: those with
/// packages first, then the newest.
pub(crate) fn list_kept(paths: &Paths, project: &Path) -> Vec<Environment> {
    let mut kept: Vec<Environment> = list(paths)
        .into_iter()
        .filter(|environment| environment.project == project && !environment.is_in_use())
        .collect();
    // One without packages is soon made again.
    kept.sort_by_key(|environment| {
        std::cmp::Reverse((environment.has_packages(), environment.recorded_at()))
    });
    kept
}

/// Notes that something else has taken the place of the link to the project's environment. True if
/// there is such an environment.
pub(crate) fn note_displaced(paths: &Paths, project: &Path) -> bool {
    let kept = list_kept(paths, project);
    let Some(newest) = kept.first() else {
        return false;
    };
    let marker = newest.home.join(DISPLACED);
    // Where it can't be written the user still has `boot venv restore`.
    marker.exists() || fs::write(&marker, "").is_ok()
}

/// The environment whose link something else had taken the place of, which is gone now; or one that
/// was being taken over when the run was cut.
pub(crate) fn find_displaced(paths: &Paths, project: &Path) -> Option<Environment> {
    list_kept(paths, project)
        .into_iter()
        .find(|environment| environment.home.join(DISPLACED).exists())
}

/// Links an environment of [`find_displaced`] again, whatever of taking it over is left to do.
///
/// # Errors
/// A command or the link can't be written.
pub(crate) fn relink(environment: &Environment) -> store::Result<()> {
    relocate::rewrite_paths(&environment.root, &environment.project.join(NAME))?;
    environment.link()
}

/// Makes an environment for the project at the canonical path `project`; the caller holds the
/// project's lock, and links it.
///
/// # Errors
/// It can't be written, or there is no pip to put in.
pub(crate) fn create(
    ctx: &Context,
    python: &Installed,
    project: &Path,
    options: &VenvOptions,
) -> Result<(Environment, Made), Error> {
    check_place(project)?;
    sweep(&ctx.paths);
    let home = free_home(&ctx.paths, project)?;
    let root = home.join(choose_name(project));
    build(
        ctx,
        python,
        Environment {
            home,
            root,
            project: project.into(),
        },
        options,
    )
}

/// Checks that a link can be made in `project`: an environment that nothing leads to is left over.
fn check_place(project: &Path) -> Result<(), Error> {
    let link = project.join(NAME);
    rustix::fs::access(project, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|errno| store::Error::io("create", &link)(errno.into()))?;
    if link.is_symlink() && exclude::is_link_tracked(project) {
        return Err(Error::TrackedLink(link));
    }
    Ok(())
}

/// Replaces `environment` at its place, in one step; all that is in it goes.
///
/// # Errors
/// As [`create`].
pub(crate) fn replace(
    ctx: &Context,
    python: &Installed,
    environment: &Environment,
    options: &VenvOptions,
) -> Result<Made, Error> {
    Ok(build(ctx, python, environment.clone(), options)?.1)
}

fn build(
    ctx: &Context,
    python: &Installed,
    environment: Environment,
    options: &VenvOptions,
) -> Result<(Environment, Made), Error> {
    let staging = Staging::beside(&environment.home)?;
    let inside = staging
        .path()
        .join(environment.root.file_name().unwrap_or(OsStr::new(NAME)));
    create_folder(&inside)?;
    let made = venv::fill(ctx, python, &environment.root, &inside, options)?;
    write_record(staging.path(), &environment.project)?;
    if environment.is_untrusted() {
        let marker = staging.path().join(UNTRUSTED);
        fs::write(&marker, "").map_err(store::Error::io("write", &marker))?;
    }
    staging.publish(&environment.home)?;
    generation::advance(&ctx.paths)?;
    Ok((environment, made))
}

/// Takes over the folder at the project's `.venv`, which an earlier boot made, with all that is in
/// it. The caller holds the project's lock and has checked that it is boot's.
///
/// # Errors
/// It can't be moved; then it is where it was, or the next look finds it again.
pub(crate) fn take_over(ctx: &Context, project: &Path) -> store::Result<Environment> {
    let home = free_home(&ctx.paths, project)?;
    let root = home.join(choose_name(project));
    let folder = project.join(NAME);
    create_folder(&home)?;
    // From here to the link a cut leaves an environment that is found again by this marker.
    write_record(&home, project)?;
    atomic::write(&home.join(DISPLACED), b"", Some(0o600))?;
    let environment = Environment {
        home,
        root,
        project: project.into(),
    };
    relocate::move_folder(&folder, &environment.root)?;
    relocate::rewrite_paths(&environment.root, &folder)?;
    environment.link()?;
    generation::advance(&ctx.paths)?;
    Ok(environment)
}

/// Puts an environment in order whose data folder has moved from where `old` was: its scripts name
/// its new place, and the project's link leads there.
///
/// # Errors
/// A script or the link can't be written.
pub(crate) fn repair_moved(environment: &Environment, old: &Path) -> store::Result<()> {
    relocate::rewrite_paths(&environment.root, old)?;
    environment.link()
}

/// A folder name in `venvs/projects` that nothing stands at: a hash of the project's path, which
/// says nothing to others.
fn free_home(paths: &Paths, project: &Path) -> store::Result<PathBuf> {
    let projects = paths.projects();
    create_folder(&projects)?;
    let projects = fs::canonicalize(&projects).map_err(store::Error::io("find", &projects))?;
    let mut round = 0_u32;
    loop {
        let hash = Sha256::of(&[project.as_os_str().as_bytes(), &round.to_le_bytes()].concat())
            .to_string();
        let home = projects.join(&hash[..16]);
        if fs::symlink_metadata(&home).is_err() {
            return Ok(home);
        }
        round += 1;
    }
}

/// The environment's last name, which prompts show: the project's, without what PATH or a terminal
/// can't have.
fn choose_name(project: &Path) -> OsString {
    let name = project.file_name().unwrap_or(OsStr::new("root")).as_bytes();
    let mut plain: Vec<u8> = name
        .iter()
        .map(|byte| {
            if *byte == b':' || byte.is_ascii_control() {
                b'_'
            } else {
                *byte
            }
        })
        .collect();
    if plain.starts_with(b".boot-") {
        // Those are the names of records.
        plain[0] = b'_';
    }
    OsString::from_vec(plain)
}

fn create_folder(folder: &Path) -> store::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(store::Error::io("create", folder))
}

/// Deletes what no project has led to for a month. Best effort: what can't go now goes next time.
pub(crate) fn sweep(paths: &Paths) {
    for environment in list(paths) {
        let marker = environment.home.join(UNUSED);
        if environment.is_in_use() {
            let _ = fs::remove_file(&marker);
            continue;
        }
        match fs::metadata(&marker).and_then(|data| data.modified()) {
            Ok(since)
                if SystemTime::now()
                    .duration_since(since)
                    .is_ok_and(|age| age > KEPT) =>
            {
                // Somebody may be restoring it at this moment; then it is looked at another time.
                let link = environment.project.join(NAME);
                if let Ok(Some(_lock)) = venv::try_lock(paths, &link)
                    && !environment.is_in_use()
                {
                    let _ = atomic::remove_folder(&environment.home);
                }
            }
            Ok(_) => {}
            Err(_) => drop(fs::write(&marker, "")),
        }
    }
}
