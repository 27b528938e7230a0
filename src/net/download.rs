//! Downloads that are verified before anybody can use them, and that go on where they were cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::{Client, Error, Result, read_ahead};
use crate::report::Bar;
use crate::store::digest::{self, HashingReader, Sha256};
use crate::store::{self};

/// A file whose SHA-256 is known to be right. Made here only; unpacking takes nothing else.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedArchive {
    path: PathBuf,
    sha256: Sha256,
}

impl VerifiedArchive {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Hashes a file that is there. None where it is missing or is not what it should be; then it
    /// is deleted, so that a damaged cache heals itself.
    pub(crate) fn in_cache(path: &Path, sha256: &Sha256) -> Option<VerifiedArchive> {
        match digest::file(path) {
            Ok(found) if found == *sha256 => Some(VerifiedArchive {
                path: path.into(),
                sha256: *sha256,
            }),
            Ok(_) => {
                let _ = fs::remove_file(path);
                None
            }
            Err(_) => None,
        }
    }
}

/// The number of times that a cut download is resumed before it fails.
const RESUMES: u32 = 5;
/// Bytes between two cuts that make up for them.
const PROGRESS: u64 = 1 << 20;

/// Fetches `url` to `dest`, or takes what lies there if its hash is right. What has arrived stays
/// in `dest.part` when the network fails, and the next call goes on from there; a wrong hash
/// deletes it.
pub(crate) fn to_file(
    client: &Client,
    url: &str,
    sha256: &Sha256,
    dest: &Path,
    bar: &dyn Bar,
) -> Result<VerifiedArchive> {
    if let Some(archive) = VerifiedArchive::in_cache(dest, sha256) {
        return Ok(archive);
    }
    let folder = dest.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
    let part = PathBuf::from(format!("{}.part", dest.display()));
    let mut tries = 0;
    loop {
        match attempt(|from| response(client, url, from), url, &part, bar) {
            Ok(()) => break,
            Err(error @ Error::Cut { .. }) if tries >= RESUMES => return Err(error),
            Err(Error::Cut { .. }) => {
                sleep(Duration::from_millis(100 << tries));
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
    verified(url, sha256, &part, dest)
}

/// As [`to_file`], for what will probably be wanted: asked for once, over one connection, and
/// without a word. What has arrived stays for whoever really wants it.
///
/// # Errors
/// As [`to_file`]; nobody need be told.
pub(crate) fn to_file_once(
    client: &Client,
    url: &str,
    sha256: &Sha256,
    dest: &Path,
    bar: &dyn Bar,
) -> Result<VerifiedArchive> {
    if let Some(archive) = VerifiedArchive::in_cache(dest, sha256) {
        return Ok(archive);
    }
    let folder = dest.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
    let part = PathBuf::from(format!("{}.part", dest.display()));
    let once = |from| match from {
        0 => client.get_once(url, &[]),
        from => client.get_once(url, &[("Range", &format!("bytes={from}-"))]),
    };
    attempt(once, url, &part, bar)?;
    verified(url, sha256, &part, dest)
}

/// Takes `part` for the whole if its hash is right, and deletes it if it is wrong.
fn verified(url: &str, sha256: &Sha256, part: &Path, dest: &Path) -> Result<VerifiedArchive> {
    let found = digest::file(part)?;
    if found != *sha256 {
        let _ = fs::remove_file(part);
        return Err(Error::Checksum {
            url: url.into(),
            wanted: *sha256,
            found,
        });
    }
    fs::rename(part, dest).map_err(store::Error::io("write", dest))?;
    Ok(VerifiedArchive {
        path: dest.into(),
        sha256: *sha256,
    })
}

fn response(client: &Client, url: &str, from: u64) -> Result<super::Response> {
    if from == 0 {
        client.get(url)
    } else {
        client.get_from(url, from)
    }
}

/// A connection, which `ask` opens from a byte on: appends to `part` until the end, or an error.
fn attempt(
    ask: impl FnOnce(u64) -> Result<super::Response>,
    url: &str,
    part: &Path,
    bar: &dyn Bar,
) -> Result<()> {
    let have = fs::metadata(part).map(|data| data.len()).unwrap_or(0);
    let mut response = match ask(have) {
        // Nothing after what we have: either it is complete, or it is not the same file. The hash
        // will tell.
        Err(Error::Status { status: 416, .. }) if have > 0 => return Ok(()),
        other => other?,
    };
    let resumed = have > 0 && response.status == 206;
    let mut file: File = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(!resumed)
        .append(resumed)
        .open(part)
        .map_err(store::Error::io("write", part))?;
    if resumed {
        bar.advance(have);
    }
    if let Some(left) = response.length {
        bar.expect(left + if resumed { have } else { 0 });
    }
    let expected = response.length;
    let mut arrived = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match response.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Error::Cut {
                    url: url.into(),
                    reason: error.to_string(),
                });
            }
        };
        file.write_all(&buffer[..count])
            .map_err(store::Error::io("write", part))?;
        arrived += count as u64;
        bar.advance(count as u64);
    }
    match expected {
        Some(length) if arrived < length => Err(Error::Cut {
            url: url.into(),
            reason: format!("{arrived} of {length} bytes arrived"),
        }),
        _ => Ok(()),
    }
}

/// Fetches `url` and hands the stream to `consume` while it arrives, hashing what passes: one pass
/// over the bytes. A connection that breaks off is taken up again where it broke. What `consume`
/// made must be thrown away unless this returns Ok: only then the hash was right.
pub(crate) fn streamed<T, E: From<Error>>(
    client: &Client,
    url: &str,
    sha256: &Sha256,
    bar: &dyn Bar,
    consume: impl FnOnce(&mut (dyn Read + Send)) -> std::result::Result<T, E>,
) -> std::result::Result<T, E> {
    let response = client.get(url)?;
    let total = response.length;
    if let Some(total) = total {
        bar.expect(total);
    }
    let mut stream = Resuming {
        client,
        url,
        response,
        total,
        position: 0,
        resumes: 0,
        resumed_at: 0,
        ended: false,
        failed: None,
        bar,
    };
    let mut reader = HashingReader::new(&mut stream);
    // What follows the archive's end is read too, and what is left when unpacking gave up: the hash
    // tells whose fault it was.
    let made = read_ahead::to_the_end(&mut reader, consume);
    let found = reader.finish();
    if let Some(error) = stream.failed {
        return Err(error.into());
    }
    match found {
        Ok(found) if found != *sha256 => Err(Error::Checksum {
            url: url.into(),
            wanted: *sha256,
            found,
        }
        .into()),
        Ok(_) => made,
        Err(error) => Err(Error::Cut {
            url: url.into(),
            reason: error.to_string(),
        }
        .into()),
    }
}

/// A response that goes on over several connections.
struct Resuming<'a> {
    client: &'a Client,
    url: &'a str,
    response: super::Response,
    /// Bytes of the whole, if the server said.
    total: Option<u64>,
    position: u64,
    resumes: u32,
    /// The byte at which the last connection was made.
    resumed_at: u64,
    /// The server says that there is nothing after `position`.
    ended: bool,
    /// Why it can't go on; told to the caller in place of what the consumer made of the end.
    failed: Option<Error>,
    bar: &'a dyn Bar,
}

impl Resuming<'_> {
    fn reconnect(&mut self, reason: String) -> io::Result<()> {
        // A line that gets somewhere between its cuts gets there in the end.
        if self.position - self.resumed_at >= PROGRESS {
            self.resumes = 0;
        }
        self.resumed_at = self.position;
        if self.resumes >= RESUMES {
            let error = Error::Cut {
                url: self.url.into(),
                reason,
            };
            let told = io::Error::other(error.to_string());
            self.failed = Some(error);
            return Err(told);
        }
        sleep(Duration::from_millis(100 << self.resumes));
        self.resumes += 1;
        let response = match self.position {
            0 => self.client.get(self.url),
            position => self.client.get_from(self.url, position),
        };
        let mut response = match response {
            Ok(response) => response,
            // There is no more: the length that was said was wrong. Whether what came is right, the
            // hash will tell.
            Err(Error::Status { status: 416, .. }) if self.position > 0 => {
                self.ended = true;
                return Ok(());
            }
            Err(error) => {
                let told = io::Error::other(error.to_string());
                self.failed = Some(error);
                return Err(told);
            }
        };
        if self.position > 0 && response.status != 206 {
            // The server or a proxy knows no ranges: what we had comes once more.
            let again = io::copy(&mut (&mut response).take(self.position), &mut io::sink())?;
            if again < self.position {
                return self.reconnect(format!("{again} bytes arrived"));
            }
        }
        self.response = response;
        Ok(())
    }
}

impl Read for Resuming<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            let reason = match self.response.read(buffer) {
                Ok(0)
                    if !buffer.is_empty()
                        && self.total.is_some_and(|total| self.position < total) =>
                {
                    format!(
                        "{} of {} bytes arrived",
                        self.position,
                        self.total.unwrap_or(0)
                    )
                }
                Ok(count) => {
                    self.position += count as u64;
                    self.bar.advance(count as u64);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error.to_string(),
            };
            self.reconnect(reason)?;
        }
        Ok(0)
    }
}
