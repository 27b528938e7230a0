//! Wheels in the cache: unpacked once, checked once, and then only linked.
//!
//! `wheels/SHA256/tree/` holds what the archive holds, `wheels/SHA256/wheel.json` what linking
//! needs to know of it, so that an install from the cache opens no archive, walks no folder and
//! hashes nothing. A folder is there whole or not at all.

use std::fs::{self, File};
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry_points::{self, EntryPoint};
use super::record;
use super::requirement::Name;
use crate::Context;
use crate::net::{self, VerifiedArchive, download};
use crate::report::{Bar, Silent, escaped};
use crate::store::atomic::{self, Staging};
use crate::store::digest::{self, Sha256};
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, unpack};

const TREE: &str = "tree";
const ABOUT: &str = "wheel.json";
const SCHEMA: u32 = 1;

/// What a `.data` folder may hold, and where it goes: see `link`.
const DATA_KEYS: [&str; 5] = ["scripts", "headers", "purelib", "platlib", "data"];

/// A wheel that is unpacked in the cache. Made here only, from an archive whose hash was right and
/// whose content passed every check.
#[derive(Clone, Debug)]
pub struct CachedWheel {
    root: PathBuf,
    sha256: Sha256,
    package: Name,
    about: About,
}

/// What is known of a wheel without looking into it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct About {
    schema: u32,
    /// As the dist-info folder writes them.
    name: String,
    version: String,
    dist_info: String,
    purelib: bool,
    files: Vec<WheelFile>,
    commands: Vec<EntryPoint>,
}

/// One file of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WheelFile {
    /// Below the wheel's root, with `/`.
    pub path: String,
    /// As RECORD writes it.
    pub hash: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{} can't be installed: {reason}\nnothing of it was kept; ask for another version, or tell \
         the package's authors",
        escaped(file)
    )]
    Refused { file: String, reason: String },
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The wheel from the cache, or from `url` into the cache. `file` is its name as the index gives
/// it.
pub(crate) fn fetch(
    ctx: &Context,
    file: &str,
    url: &str,
    sha256: &Sha256,
    bar: &dyn Bar,
) -> Result<CachedWheel> {
    if let Some(wheel) = CachedWheel::open(&ctx.paths, sha256) {
        return Ok(wheel);
    }
    let _lock = hold(&ctx.paths, sha256)?;
    if let Some(wheel) = CachedWheel::open(&ctx.paths, sha256) {
        return Ok(wheel);
    }
    // Named by its hash: what the index calls it must not become a path.
    let archive = ctx.paths.archives().join(format!("{sha256}.whl"));
    let archive = download::to_file(ctx.client()?, url, sha256, &archive, bar)?;
    let made = CachedWheel::unpack(&ctx.paths, file, &archive);
    let _ = fs::remove_file(archive.path());
    made
}

/// Fetches a wheel that will probably be wanted. Whatever goes wrong is told when it really is.
pub(crate) fn prefetch(ctx: &Context, file: &str, url: &str, sha256: &Sha256, bar: &dyn Bar) {
    // Where somebody else is at work on it there is nothing to do.
    let Ok(Some(_lock)) = Lock::try_hold(&ctx.paths.locks(), &lock_name(sha256)) else {
        return;
    };
    let path = ctx.paths.archives().join(format!("{sha256}.whl"));
    let Ok(client) = ctx.client() else { return };
    if let Ok(archive) = download::to_file_once(client, url, sha256, &path, bar) {
        let _ = CachedWheel::unpack(&ctx.paths, file, &archive);
        let _ = fs::remove_file(archive.path());
    }
}

/// Tells whether the cache seems to have the wheel with this hash: a look, no more.
pub(crate) fn is_cached(paths: &Paths, sha256: &Sha256) -> bool {
    fs::exists(paths.wheels().join(sha256.to_string()).join(ABOUT)).unwrap_or(true)
}

/// One maker at a time for each wheel; a few lock files serve them all.
fn hold(paths: &Paths, sha256: &Sha256) -> store::Result<Lock> {
    Lock::hold(&paths.locks(), &lock_name(sha256), &Silent)
}

fn lock_name(sha256: &Sha256) -> String {
    format!("wheel-{}", &sha256.to_string()[..3])
}

impl CachedWheel {
    /// The wheel with this hash, if it is in the cache.
    pub fn open(paths: &Paths, sha256: &Sha256) -> Option<CachedWheel> {
        let root = paths.wheels().join(sha256.to_string());
        let about: About = serde_json::from_slice(&fs::read(root.join(ABOUT)).ok()?).ok()?;
        if about.schema != SCHEMA {
            return None;
        }
        Some(CachedWheel {
            root,
            sha256: *sha256,
            package: about.name.parse().ok()?,
            about,
        })
    }

    /// A wheel that lies on this machine and is trusted, as the one that an interpreter bundles:
    /// kept under its own hash.
    pub fn from_file(paths: &Paths, path: &Path) -> Result<CachedWheel> {
        let sha256 = digest::file(path)?;
        if let Some(wheel) = CachedWheel::open(paths, &sha256) {
            return Ok(wheel);
        }
        let _lock = hold(paths, &sha256)?;
        if let Some(wheel) = CachedWheel::open(paths, &sha256) {
            return Ok(wheel);
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let changed = || Error::Refused {
            file: file.to_string(),
            reason: "it changed while it was read".into(),
        };
        let archive = VerifiedArchive::in_cache(path, &sha256).ok_or_else(changed)?;
        CachedWheel::unpack(paths, &file, &archive)
    }

    /// Unpacks and checks `archive` in staging, then publishes it. The caller holds the wheel's
    /// lock: a wheel that is there is being linked from and never replaced, but for one that can't
    /// be read.
    fn unpack(paths: &Paths, file: &str, archive: &VerifiedArchive) -> Result<CachedWheel> {
        let root = paths.wheels().join(archive.sha256().to_string());
        let staging = Staging::beside(&root)?;
        let tree = staging.path().join(TREE);
        fs::create_dir(&tree).map_err(store::Error::io("create", &tree))?;
        let reader =
            File::open(archive.path()).map_err(store::Error::io("read", archive.path()))?;
        let limits = unpack::Limits::of(
            reader
                .metadata()
                .map_err(store::Error::io("read", archive.path()))?
                .len(),
        );
        unpack::zip(BufReader::new(reader), Path::new(file), &tree, limits)?;
        let about = check(&tree, file)?;
        let package = about.name.parse().map_err(|_| Error::Refused {
            file: file.into(),
            reason: "its .dist-info folder names no package".into(),
        })?;
        let json = serde_json::to_vec(&about)
            .map_err(|error| store::Error::io("write", &root)(error.into()))?;
        let path = staging.path().join(ABOUT);
        fs::write(&path, json).map_err(store::Error::io("write", &path))?;
        staging.publish(&root)?;
        Ok(CachedWheel {
            root,
            sha256: archive.sha256(),
            package,
            about,
        })
    }

    /// The package's name, normalized.
    pub fn package(&self) -> &Name {
        &self.package
    }

    /// The package's name, as the `.dist-info` folder writes it.
    pub fn name(&self) -> &str {
        &self.about.name
    }

    pub fn version(&self) -> &str {
        &self.about.version
    }

    /// The name of the `.dist-info` folder.
    pub fn dist_info(&self) -> &str {
        &self.about.dist_info
    }

    /// Tells whether the wheel's root goes to purelib rather than platlib.
    pub fn is_purelib(&self) -> bool {
        self.about.purelib
    }

    pub fn files(&self) -> &[WheelFile] {
        &self.about.files
    }

    /// The same wheel with other commands than its entry points name. For pip, whose names depend
    /// on the Python that it serves.
    pub fn with_commands(mut self, change: impl FnOnce(&mut Vec<EntryPoint>)) -> CachedWheel {
        change(&mut self.about.commands);
        self
    }

    /// The commands that its entry points offer.
    pub fn commands(&self) -> &[EntryPoint] {
        &self.about.commands
    }

    /// The names that it puts into an environment's scripts folder, sorted: of its entry points,
    /// and the scripts it ships.
    pub fn scripts(&self) -> Vec<String> {
        let shipped = self
            .files()
            .iter()
            .filter_map(|file| match data_key(&file.path) {
                Some(("scripts", name)) => Some(name.to_string()),
                Some(("data", path)) if file.executable => path
                    .strip_prefix("bin/")
                    .filter(|name| !name.contains('/'))
                    .map(str::to_string),
                _ => None,
            });
        let mut names: Vec<String> = self
            .commands()
            .iter()
            .map(|point| point.name.clone())
            .chain(shipped)
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// What it puts below the environment's own folder, as in `share/man/man1/x.1`.
    pub fn data_files(&self) -> impl Iterator<Item = &str> {
        self.files()
            .iter()
            .filter_map(|file| match data_key(&file.path) {
                Some(("data", path)) => Some(path),
                _ => None,
            })
    }

    /// The archive's.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Its folder in the cache.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What the archive holds, unpacked.
    pub(super) fn tree(&self) -> PathBuf {
        self.root.join(TREE)
    }

    /// Where `file` lies in the cache.
    pub fn path_of(&self, file: &WheelFile) -> PathBuf {
        self.root.join(TREE).join(&file.path)
    }

    /// Forgets a wheel of which something is missing, so that the next run fetches it again.
    pub fn discard(&self) {
        let _ = atomic::remove_folder(&self.root);
    }
}

/// Splits a path of the wheel into `.data` key and rest; None for what isn't in a `.data` folder.
pub(super) fn data_key(path: &str) -> Option<(&str, &str)> {
    let (top, rest) = path.split_once('/')?;
    if !top.ends_with(".data") {
        return None;
    }
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Everything that is asked of a wheel before it counts as one.
fn check(tree: &Path, file: &str) -> Result<About> {
    let refuse = |reason: String| Error::Refused {
        file: file.into(),
        reason,
    };
    let mut fields = file.strip_suffix(".whl").unwrap_or("").split('-');
    let (Some(name), Some(version)) =
        (fields.next().filter(|name| !name.is_empty()), fields.next())
    else {
        return Err(refuse("its name isn't a wheel's".into()));
    };
    let dist_info = dist_info(tree, name, version).map_err(refuse)?;
    let folder = tree.join(&dist_info);
    let read = |name: &str| {
        fs::read(folder.join(name))
            .ok()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };

    let headers = read("WHEEL").ok_or_else(|| refuse("it has no WHEEL file".into()))?;
    let purelib = check_headers(&headers).map_err(refuse)?;
    if read("METADATA").is_none() {
        return Err(refuse("it has no METADATA file".into()));
    }
    let commands = match read("entry_points.txt") {
        Some(text) => entry_points::commands(&text).map_err(|error| refuse(error.to_string()))?,
        None => Vec::new(),
    };
    let hashes = read("RECORD")
        .map(|text| record::hashes(&text))
        .ok_or_else(|| refuse("it has no RECORD file".into()))?;

    let mut files = Vec::new();
    walk(tree, "", &mut files)?;
    // boot writes its own of these.
    let own = [
        "RECORD",
        "RECORD.jws",
        "RECORD.p7s",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
    ]
    .map(|name| format!("{dist_info}/{name}"));
    files.retain(|found| !own.contains(&found.path));
    for found in &mut files {
        check_place(&found.path).map_err(refuse)?;
        found.hash = match hashes.get(&found.path) {
            Some(hash) => hash.clone(),
            None => record::hash(&digest::file(&tree.join(&found.path))?),
        };
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let stem = dist_info.strip_suffix(".dist-info").unwrap_or(&dist_info);
    let (name, version) = stem.split_once('-').unwrap_or((name, version));
    Ok(About {
        schema: SCHEMA,
        name: name.into(),
        version: version.into(),
        dist_info: dist_info.clone(),
        purelib,
        files,
        commands,
    })
}

/// Checks the WHEEL file, and gives whether the wheel's root belongs to purelib.
fn check_headers(headers: &str) -> std::result::Result<bool, String> {
    let version = header(headers, "Wheel-Version").ok_or("its WHEEL file has no version")?;
    let major = version.split('.').next().unwrap_or_default();
    if major != "1" {
        return Err(format!(
            "it is a wheel of version {}, and boot knows version 1",
            escaped(major)
        ));
    }
    match header(headers, "Root-Is-Purelib") {
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("its WHEEL file doesn't say where it belongs".into()),
    }
}

/// Checks that a file in a `.data` folder has a place in an environment.
fn check_place(path: &str) -> std::result::Result<(), String> {
    let Some((key, rest)) = data_key(path) else {
        return Ok(());
    };
    if !DATA_KEYS.contains(&key) || rest.is_empty() {
        return Err(format!("it has {}, which belongs nowhere", escaped(path)));
    }
    if key == "scripts" && !entry_points::is_command_name(rest) {
        return Err(format!(
            "its script {} has a name that can't be a command's",
            escaped(rest)
        ));
    }
    Ok(())
}

/// The one `.dist-info` folder, which must be of the distribution that the file name promises.
fn dist_info(tree: &Path, name: &str, version: &str) -> std::result::Result<String, String> {
    let entries = fs::read_dir(tree).map_err(|error| error.to_string())?;
    let mut found: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|entry| entry.ends_with(".dist-info") && tree.join(entry).is_dir())
        .collect();
    let Some(dist_info) = found.pop() else {
        return Err("it has no .dist-info folder".into());
    };
    if !found.is_empty() {
        return Err("it has more than one .dist-info folder".into());
    }
    let stem = dist_info.strip_suffix(".dist-info").unwrap_or(&dist_info);
    let (own_name, own_version) = stem.split_once('-').unwrap_or((stem, ""));
    let same_version = own_version == version
        || matches!((own_version.parse::<pep440_rs::Version>(), version.replace('_', "+").parse::<pep440_rs::Version>()), (Ok(a), Ok(b)) if a == b)
        || own_version.replace('_', "-") == version.replace('_', "-");
    if Name::normalize(own_name) != Name::normalize(name) || !same_version {
        return Err(format!(
            "it holds {}, which isn't what its name says",
            escaped(stem)
        ));
    }
    Ok(dist_info)
}

/// A header's value in a file of the kind of e-mail headers.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .take_while(|line| !line.trim().is_empty())
        .find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<WheelFile>) -> store::Result<()> {
    for entry in fs::read_dir(folder).map_err(store::Error::io("read", folder))? {
        let entry = entry.map_err(store::Error::io("read", folder))?;
        // Names of a zip file are text, so these are too.
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let data = entry
            .metadata()
            .map_err(store::Error::io("read", &entry.path()))?;
        if data.is_dir() {
            walk(&entry.path(), &format!("{path}/"), files)?;
        } else {
            let executable = data.permissions().mode() & 0o111 != 0;
            files.push(WheelFile {
                path,
                hash: String::new(),
                size: data.len(),
                executable,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
