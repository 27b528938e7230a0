//! `boot self update`: the publisher's list of checksums says what the newest release is and what
//! its archives must hash to. The new binary is run once before it takes the place of the old one,
//! by one rename.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use pep440_rs::Version;

use super::{Error, Result, own_binary, target};
use crate::Context;
use crate::net::{self, download, endpoints};
use crate::python::links;
use crate::store::atomic::Staging;
use crate::store::digest::Sha256;
use crate::store::{self, unpack};

/// No honest list is longer.
const LONGEST_LIST: u64 = 1 << 20;

/// The outcome of an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// This is the newest already.
    Newest,
    Updated {
        version: String,
        path: PathBuf,
    },
}

/// Fetches the newest release if it is newer than this one.
pub(crate) fn update(ctx: &Context) -> Result<Outcome> {
    let path = own_binary(&ctx.paths)?;
    let base = endpoints::releases();
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    if !base.starts_with("https://")
        && !base.starts_with("file:///")
        && !local.iter().any(|local| {
            base.strip_prefix(local)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        })
    {
        return Err(Error::Address(base));
    }
    let client = ctx.client()?;
    let list = client
        .get(&format!("{}/SHA256SUMS", endpoints::newest_release(&base)))?
        .bytes(LONGEST_LIST)?;
    let (version, name, sha256) = listed(&String::from_utf8_lossy(&list), &target())
        .ok_or_else(|| Error::NoArchive { target: target() })?;
    if Version::from_str(env!("CARGO_PKG_VERSION")).is_ok_and(|own| own >= version) {
        return Ok(Outcome::Newest);
    }
    // Beside the old one: a rename doesn't cross disks, and a folder that can't be written to is
    // noticed before anything is fetched.
    let staging = Staging::beside(&path)?;
    let archive = staging.path().join(&name);
    let bar = ctx.report.spinner("fetching");
    bar.say(&name);
    let archive = download::to_file(
        client,
        &format!("{base}/v{version}/{name}"),
        &sha256,
        &archive,
        bar.as_ref(),
    )?;
    let reader = BufReader::new(
        File::open(archive.path()).map_err(store::Error::io("read", archive.path()))?,
    );
    let top = name.trim_end_matches(".tar.gz").to_string();
    let inside = staging.path().join("release");
    fs::create_dir(&inside).map_err(store::Error::io("create", &inside))?;
    let limits = unpack::Limits {
        bytes: 1 << 30,
        entries: 1000,
    };
    unpack::tar(
        flate2::read::GzDecoder::new(reader),
        Path::new(&name),
        &inside,
        Path::new(&top),
        limits,
    )?;
    let fresh = inside.join("boot");
    runs(&fresh, &version)?;
    fs::rename(&fresh, &path).map_err(store::Error::io("replace", &path))?;
    // The shims are names of the old one's file.
    links::renew(&ctx.paths)?;
    Ok(Outcome::Updated {
        version: version.to_string(),
        path,
    })
}

/// Version, file and checksum of the newest archive for `target` that a list names.
fn listed(list: &str, target: &str) -> Option<(Version, String, Sha256)> {
    let lines = list.lines().filter_map(|line| {
        let (sha256, name) = line.trim_end().split_once([' ', '\t'])?;
        let name = name.trim_start().trim_start_matches('*');
        let version = name
            .strip_prefix("boot-")?
            .strip_suffix(".tar.gz")?
            .strip_suffix(target)?
            .strip_suffix('-')?;
        Some((
            Version::from_str(version).ok()?,
            name.to_string(),
            sha256.parse().ok()?,
        ))
    });
    lines.max_by(|one, other| one.0.cmp(&other.0))
}

/// Checks that the new binary runs here, and has the expected version. An older glibc than the
/// builder's shows now, not later.
fn runs(binary: &Path, version: &Version) -> Result<()> {
    let not = |reason: String| Error::DoesNotRun {
        version: version.to_string(),
        reason: crate::report::escaped(&reason),
    };
    let output = Command::new(binary)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if output.status.success()
        && said
            .strip_prefix("boot ")
            .and_then(|said| Version::from_str(said).ok())
            .as_ref()
            == Some(version)
    {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr)
        .lines()
        .next()
        .unwrap_or_default()
        .to_string();
    Err(not(if error.is_empty() {
        format!("it says that it is {said:?}")
    } else {
        error
    }))
}

/// The address of the releases, for people.
pub(crate) fn place() -> String {
    net::shown(&endpoints::releases())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_finds_newest_archive_for_target() {
        let sum = Sha256::of(b"");
        let list = format!(
            "{sum}  boot-0.9.0-a-b.tar.gz\n{sum} *boot-0.10.0-a-b.tar.gz\n\
             {sum}  boot-2.0.0-other.tar.gz\nnonsense\n"
        );
        let (version, name, _) = listed(&list, "a-b").unwrap();
        assert_eq!(
            (version.to_string().as_str(), name.as_str()),
            ("0.10.0", "boot-0.10.0-a-b.tar.gz")
        );
        assert!(listed(&list, "c-d").is_none());
    }
}
