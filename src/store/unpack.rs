//! Unpacks archives into a folder of ours, and never outside of it, whatever the archive says.
//!
//! A name that is absolute or has `..`, a link that leads out, a device, a name that comes twice:
//! the whole archive is refused. Owners, setuid bits and times are dropped. What is written can be
//! read back by nobody until the caller publishes it.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use ::zip::CompressionMethod;

use super::{Error, Result, bounded};

mod zip_layout;

/// Limits of an archive, beyond which it counts as a bomb.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together.
    pub bytes: u64,
    pub entries: u64,
}

/// PATH_MAX of Linux; that of macOS is lower.
const LONGEST_NAME: usize = 4096;

/// The part of a mode that tells what an entry is, and its values for what a zip file may hold.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

impl Default for Limits {
    /// Far above any Python (600 MB as a full archive) or wheel (3 GB) that is known.
    fn default() -> Limits {
        Limits {
            bytes: 8 << 30,
            entries: 400_000,
        }
    }
}

impl Limits {
    /// For a file of so many bytes: no honest one is much larger unpacked.
    pub fn of(bytes: u64) -> Limits {
        let limits = Limits::default();
        Limits {
            bytes: bounded::allowed(bytes).min(limits.bytes),
            ..limits
        }
    }
}

/// Unpacks a tar stream into `dest`, without the leading folder `strip` (entries outside of it are
/// left out). `archive` names it in errors.
pub fn tar(
    reader: impl Read,
    archive: &Path,
    dest: &Path,
    strip: &Path,
    limits: Limits,
) -> Result<()> {
    let mut unpacker = Unpacker::new(archive, dest, limits);
    let mut links = Vec::new();
    let mut tar = ::tar::Archive::new(reader);
    for entry in tar.entries().map_err(|error| unpacker.failed(error))? {
        let mut entry = entry.map_err(|error| unpacker.failed(error))?;
        unpacker.understood(&mut entry)?;
        let name = entry
            .path()
            .map_err(|error| unpacker.failed(error))?
            .into_owned();
        let Some(inside) = unpacker.inside(&name, strip)? else {
            continue;
        };
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            unpacker.folder(&inside)?;
        } else if kind.is_file() {
            let mode = entry
                .header()
                .mode()
                .map_err(|error| unpacker.failed(error))?;
            unpacker.file(&inside, mode, &mut entry)?;
        } else if kind.is_symlink() || kind.is_hard_link() {
            let target = entry
                .link_name()
                .map_err(|error| unpacker.failed(error))?
                .ok_or_else(|| unpacker.broken("a link without a target"))?
                .into_owned();
            links.push((inside, target, kind.is_hard_link()));
        } else if kind.is_pax_global_extensions() {
            continue;
        } else {
            return Err(unpacker.broken(format!(
                "{} is no file, no folder and no link",
                name.display()
            )));
        }
    }
    // Links come last: nothing can be written through one.
    for (inside, target, hard) in &links {
        unpacker.link(inside, target, *hard, strip)?;
    }
    // A chain of links can leave the tree although each one alone stays inside.
    let root = fs::canonicalize(dest).map_err(Error::io("read", dest))?;
    for (inside, ..) in &links {
        if fs::canonicalize(dest.join(inside)).is_ok_and(|reached| !reached.starts_with(&root)) {
            return Err(unpacker.escapes(inside));
        }
    }
    Ok(())
}

/// The name of a way of packing that isn't unpacked here, by its number in the zip format's
/// APPNOTE.
fn unpackable(method: CompressionMethod) -> Option<String> {
    // The library says that a way isn't known by its number alone, and would rather not be asked
    // for it.
    #[allow(deprecated)]
    let CompressionMethod::Unsupported(number) = method else {
        return None;
    };
    Some(match number {
        9 => "deflate64".into(),
        12 => "bzip2".into(),
        14 => "lzma".into(),
        93 => "zstd".into(),
        95 => "xz".into(),
        number => format!("method {number}"),
    })
}

/// Unpacks a zip file into `dest`. Symlinks are refused: no wheel may have one.
pub fn zip(
    mut reader: impl Read + Seek,
    archive: &Path,
    dest: &Path,
    limits: Limits,
) -> Result<()> {
    let mut unpacker = Unpacker::new(archive, dest, limits);
    let declared =
        zip_layout::declared_entries(&mut reader).map_err(|reason| unpacker.broken(reason))?;
    let mut zip = ::zip::ZipArchive::new(reader).map_err(|error| unpacker.broken(error))?;
    // The library keeps one entry of each name, others keep the other: what two readers see
    // differently is refused.
    if declared.is_some_and(|declared| declared != zip.len()) {
        return Err(unpacker.broken("a name in it comes twice, or its directory is damaged"));
    }
    let mut listed = Vec::with_capacity(zip.len());
    for number in 0..zip.len() {
        let mut entry = zip
            .by_index(number)
            .map_err(|error| unpacker.broken(error))?;
        // Told now: the library would only fail at the first byte, with an error like any other of
        // a damaged archive.
        if let Some(method) = unpackable(entry.compression()) {
            return Err(Error::Method {
                archive: archive.into(),
                method,
            });
        }
        // In older encodings a name is another one for each reader.
        let text = std::str::from_utf8(entry.name_raw())
            .map_err(|_| unpacker.broken("a name in it isn't UTF-8"))?
            .to_string();
        listed.push(zip_layout::Listed {
            start: entry.header_start(),
            packed: entry.compressed_size(),
            size: entry.size(),
            crc: entry.crc32(),
            method: if entry.compression() == CompressionMethod::Stored {
                0
            } else {
                8
            },
            name: text.clone(),
        });
        let name = PathBuf::from(&text);
        // A backslash and a drive lead elsewhere on another system: no honest archive has them.
        if entry.is_symlink() || text.contains('\\') || text.as_bytes().get(1) == Some(&b':') {
            return Err(unpacker.escapes(&name));
        }
        if entry
            .unix_mode()
            .is_some_and(|mode| !matches!(mode & KIND, 0 | FILE | FOLDER))
        {
            return Err(unpacker.broken(format!("{} is no file and no folder", name.display())));
        }
        let Some(inside) = unpacker.inside(&name, Path::new(""))? else {
            continue;
        };
        if entry.is_dir() {
            unpacker.folder(&inside)?;
        } else {
            let mode = entry.unix_mode().unwrap_or(0o644);
            unpacker.file(&inside, mode, &mut entry)?;
        }
    }
    let directory = zip.central_directory_start();
    zip_layout::check(&mut zip.into_inner(), &mut listed, directory)
        .map_err(|reason| unpacker.broken(reason))
}

struct Unpacker<'a> {
    archive: &'a Path,
    dest: &'a Path,
    left: Limits,
    files: HashSet<PathBuf>,
    folders: HashSet<PathBuf>,
}

impl<'a> Unpacker<'a> {
    fn new(archive: &'a Path, dest: &'a Path, limits: Limits) -> Unpacker<'a> {
        Unpacker {
            archive,
            dest,
            left: limits,
            files: HashSet::new(),
            folders: HashSet::new(),
        }
    }

    fn broken(&self, reason: impl ToString) -> Error {
        Error::Broken {
            archive: self.archive.into(),
            reason: crate::report::escaped(&reason.to_string()),
        }
    }

    fn escapes(&self, name: &Path) -> Error {
        Error::Unsafe {
            archive: self.archive.into(),
            name: crate::report::escaped(&name.to_string_lossy()),
        }
    }

    /// Reading the archive failed: the stream's own error where it is one of the disk, else the
    /// archive is broken.
    fn failed(&self, error: io::Error) -> Error {
        self.broken(error)
    }

    /// Refuses what readers of tar understand differently: files with holes have several encodings,
    /// and a name or a size that isn't text or a number is ignored by one and believed by another.
    fn understood(&self, entry: &mut ::tar::Entry<'_, impl Read>) -> Result<()> {
        let sparse = || self.broken("it has a file with holes");
        if entry.header().entry_type() == ::tar::EntryType::GNUSparse {
            return Err(sparse());
        }
        for extension in entry
            .pax_extensions()
            .map_err(|error| self.failed(error))?
            .into_iter()
            .flatten()
        {
            let extension = extension.map_err(|error| self.failed(error))?;
            if extension.key_bytes().starts_with(b"GNU.sparse") {
                return Err(sparse());
            }
            let is_number = || {
                extension.value().is_ok_and(|value| {
                    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
                })
            };
            if extension.key_bytes() == b"size" && !is_number() {
                return Err(self.broken("a size in it isn't a number"));
            }
        }
        Ok(())
    }

    /// The entry's place below `dest`; None for what lies outside of `strip`, and for `dest`
    /// itself.
    fn inside(&mut self, name: &Path, strip: &Path) -> Result<Option<PathBuf>> {
        self.left.entries = self
            .left
            .entries
            .checked_sub(1)
            .ok_or_else(|| self.broken("it has too many entries"))?;
        if name.as_os_str().len() > LONGEST_NAME {
            return Err(self.broken("a name in it is longer than any path can be"));
        }
        let plain = plain(name).ok_or_else(|| self.escapes(name))?;
        match plain.strip_prefix(strip) {
            Ok(inside) if inside.as_os_str().is_empty() => Ok(None),
            Ok(inside) => Ok(Some(inside.to_path_buf())),
            Err(_) => Ok(None),
        }
    }

    fn folder(&mut self, inside: &Path) -> Result<()> {
        if self.folders.contains(inside) {
            return Ok(());
        }
        if self.files.contains(inside) {
            return Err(self.broken(format!("{} is both a file and a folder", inside.display())));
        }
        if let Some(parent) = inside
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            self.folder(parent)?;
        }
        let path = self.dest.join(inside);
        match fs::create_dir(&path) {
            Ok(()) => {}
            // Only a folder that the caller made before; our own are in the set, and links don't
            // exist yet.
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir()) => {}
            // On a filesystem that folds case, two names are one folder.
            Err(error) => return Err(Error::io("create", &path)(error)),
        }
        self.folders.insert(inside.into());
        Ok(())
    }

    fn file(&mut self, inside: &Path, mode: u32, reader: &mut dyn Read) -> Result<()> {
        if let Some(parent) = inside
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            self.folder(parent)?;
        }
        if self.folders.contains(inside) || !self.files.insert(inside.into()) {
            return Err(self.broken(format!("{} comes twice", inside.display())));
        }
        let path = self.dest.join(inside);
        let executable = if mode & 0o111 != 0 { 0o755 } else { 0o644 };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(executable)
            .open(&path)
            .map_err(|error| self.taken(inside, &path, error))?;
        self.copy(reader, &mut file, &path)?;
        file.set_permissions(fs::Permissions::from_mode(executable))
            .map_err(Error::io("write", &path))
    }

    /// Copies, telling errors of the archive from those of the disk.
    fn copy(&mut self, reader: &mut dyn Read, file: &mut File, path: &Path) -> Result<()> {
        let mut buffer = [0; 1 << 16];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.failed(error)),
            };
            self.left.bytes = self
                .left
                .bytes
                .checked_sub(count as u64)
                .ok_or_else(|| self.broken("it unpacks to far more than it should"))?;
            io::Write::write_all(file, &buffer[..count]).map_err(Error::io("write", path))?;
        }
    }

    fn link(&mut self, inside: &Path, target: &Path, hard: bool, strip: &Path) -> Result<()> {
        // A hard link's target is a name in the archive, a symlink's is relative to the link.
        let reached = if hard {
            plain(target).and_then(|target| target.strip_prefix(strip).map(Path::to_path_buf).ok())
        } else {
            resolve(inside.parent().unwrap_or(Path::new("")), target)
        };
        let reached = reached.ok_or_else(|| self.escapes(&inside.join(target)))?;
        if let Some(parent) = inside
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            self.folder(parent)?;
        }
        if self.folders.contains(inside) || !self.files.insert(inside.into()) {
            return Err(self.broken(format!("{} comes twice", inside.display())));
        }
        let path = self.dest.join(inside);
        if hard {
            let source = self.dest.join(&reached);
            if !fs::symlink_metadata(&source).is_ok_and(|data| data.is_file()) {
                return Err(self.broken(format!("{} is a link to nothing", inside.display())));
            }
            fs::hard_link(&source, &path)
        } else {
            symlink(target, &path)
        }
        .map_err(|error| self.taken(inside, &path, error))
    }

    /// Nothing is there but what this archive made: where a name is taken nonetheless, the
    /// filesystem takes two names for one.
    fn taken(&self, inside: &Path, path: &Path, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::AlreadyExists => self.broken(format!(
                "{} comes twice, in upper and lower case",
                inside.display()
            )),
            _ => Error::io("create", path)(error),
        }
    }
}

/// `name` without `.` parts; None if it is absolute, has `..`, or has a NUL.
fn plain(name: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    if name.as_os_str().as_bytes().contains(&0) {
        return None;
    }
    let mut plain = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// The target of a link in `folder` to `target`, below the root of the archive; None if it leaves
/// it.
fn resolve(folder: &Path, target: &Path) -> Option<PathBuf> {
    let mut reached = folder.to_path_buf();
    for part in target.components() {
        match part {
            Component::Normal(part) => reached.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !reached.pop() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(reached)
}

#[cfg(test)]
mod tests;
