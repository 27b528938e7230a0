//! A repository where there is no git: fetched as an archive from the host's own address for that,
//! unpacked with the rules for hostile archives. No commit's hash is known beforehand; as with a
//! clone, what is trusted is the host, over TLS, and the plan is shown first.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use crate::Context;
use crate::machine::applied::Applied;
use crate::machine::{Error, Result};
use crate::manifest::address::is_commit;
use crate::net::{self, endpoints, shown};
use crate::store::atomic::{self, Staging};
use crate::store::bounded::{Bounded, Counted};
use crate::store::digest::Sha256;
use crate::store::unpack::{self, Limits};

/// Dotfiles are small; what is larger is a mistake or a bomb.
const LIMITS: Limits = Limits {
    bytes: 1 << 30,
    entries: 100_000,
};

const OTHERWISE: &str = "install git, or unpack it yourself and give boot init the folder";

/// Fetches the repository at `url` into the folder `into`, which isn't there yet: `reference` is a
/// branch or a commit, None its main branch. Gives the commit, where the archive names it. None
/// where the address is none of the web, or its host has no archive of it: then only git can say
/// more.
pub(crate) fn fetch(
    ctx: &Context,
    url: &str,
    reference: Option<&str>,
    into: &Path,
) -> Result<Option<Option<String>>> {
    let Some(addresses) = endpoints::repository_archives(url, reference) else {
        return Ok(None);
    };
    let failed = |error: net::Error| {
        let text = error.to_string();
        let (reason, hint) = text
            .split_once('\n')
            .unwrap_or((&text, "is the network there?"));
        Error::Repo {
            reason: format!("{} can't be fetched: {reason}", shown(url)),
            hint: hint.lines().next().unwrap_or_default().into(),
        }
    };
    let client = ctx.client().map_err(failed)?;
    for address in addresses {
        match client.get(&address) {
            Ok(response) => return unpack(response, &address, into).map(Some),
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(None)
}

fn unpack(response: net::Response, address: &str, into: &Path) -> Result<Option<String>> {
    let all = into.with_extension("archive");
    fs::create_dir_all(&all).map_err(crate::store::Error::io("create", &all))?;
    let read = AtomicU64::new(0);
    let decoder = flate2::read::MultiGzDecoder::new(Counted {
        inner: response,
        count: &read,
    });
    let mut reader = Bounded::new(decoder, &read);
    let mut head = Vec::new();
    // As a rule it is a page to log in at.
    (&mut reader)
        .take(1024)
        .read_to_end(&mut head)
        .map_err(|error| Error::Repo {
            reason: format!(
                "{} isn't an archive, or can't be fetched: {error}",
                shown(address)
            ),
            hint: OTHERWISE.into(),
        })?;
    let commit = commit_in(&head);
    unpack::tar(
        Cursor::new(head).chain(reader),
        Path::new(&shown(address)),
        &all,
        Path::new(""),
        LIMITS,
    )?;
    // One folder holds everything; its name has the commit in it, or the branch.
    let mut entries = fs::read_dir(&all)
        .map_err(crate::store::Error::io("read", &all))?
        .flatten();
    let top = match (entries.next(), entries.next()) {
        (Some(only), None) if only.file_type().is_ok_and(|kind| kind.is_dir()) => only.path(),
        _ => {
            return Err(Error::Repo {
                reason: format!(
                    "{} isn't the archive of a repository: it has no folder that holds everything",
                    shown(address)
                ),
                hint: OTHERWISE.into(),
            });
        }
    };
    fs::rename(&top, into).map_err(crate::store::Error::io("publish", into))?;
    fs::remove_dir(&all).map_err(crate::store::Error::io("remove", &all))?;
    Ok(commit)
}

/// The commit that `git archive` writes into the archive's first entry, a comment for all of it.
fn commit_in(head: &[u8]) -> Option<String> {
    const TYPE: usize = 156;
    let comment = head.get(512..).filter(|_| head[TYPE] == b'g')?;
    let text = String::from_utf8_lossy(comment);
    let commit = text.lines().next()?.split_once(" comment=")?.1.to_string();
    is_commit(&commit).then_some(commit)
}

/// Fetches it anew and lets it take the place of what was fetched before, unless somebody has
/// changed that.
pub(crate) fn pull(ctx: &Context, root: &Path, url: &str, applied: &mut Applied) -> Result<()> {
    let Some(source) = applied.source.as_mut().filter(|source| source.root == root) else {
        return Ok(());
    };
    let name = ctx.paths.tilde(root);
    if source
        .tree
        .is_some_and(|was| tree(root).is_ok_and(|is| is != was))
    {
        return Err(Error::Repo {
            reason: format!("{name} has changes of yours, which fetching it anew would lose"),
            hint: "copy them into the repository, move the folder away, and run boot init again; \
                   with git they could be pushed"
                .into(),
        });
    }
    let staging = Staging::beside(root)?;
    let fresh = staging.path().join("repository");
    if fetch(ctx, url, source.branch.as_deref(), &fresh)?.is_none() {
        return Err(Error::Repo {
            reason: format!("{} isn't there any more", shown(url)),
            hint: "boot apply applies what is here".into(),
        });
    }
    source.tree = Some(tree(&fresh)?);
    atomic::exchange(&fresh, root)?;
    applied.write(&ctx.paths)
}

/// The hash of a fetched repository's files, boot.lock left out: tells if somebody has changed
/// them since.
pub(crate) fn tree(root: &Path) -> Result<Sha256> {
    let mut text = Vec::new();
    add(root, root, &mut text)?;
    Ok(Sha256::of(&text))
}

fn add(root: &Path, folder: &Path, text: &mut Vec<u8>) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    let entries = fs::read_dir(folder).map_err(crate::store::Error::io("read", folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let inside = path.strip_prefix(root).unwrap_or(&path);
        if inside == Path::new("boot.lock") {
            continue;
        }
        let data = fs::symlink_metadata(&path).map_err(crate::store::Error::io("read", &path))?;
        let hash = match () {
            _ if data.is_dir() => {
                add(root, &path, text)?;
                continue;
            }
            _ if data.is_symlink() => Sha256::of(
                fs::read_link(&path)
                    .map_err(crate::store::Error::io("read", &path))?
                    .as_os_str()
                    .as_bytes(),
            ),
            _ => crate::store::digest::file(&path)?,
        };
        text.extend(inside.as_os_str().as_bytes());
        text.extend(format!("\0{} {hash}\n", data.permissions().mode() & 0o111).bytes());
    }
    Ok(())
}
