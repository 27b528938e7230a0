//! Pythons published since this boot was: read from the publisher's checksum list, or a
//! mirror's, and kept in the cache.
//!
//! A refresh adds to the compiled-in catalog and never takes from it. It is a courtesy: where it
//! fails, what is known still serves.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::catalog::{self, Build};
use super::checksums;
use crate::Context;
use crate::net::{self, Client, endpoints};
use crate::report::first_line;
use crate::settings;
use crate::store::atomic;
use crate::store::digest::Sha256;

/// When the list is read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// If the last look, successful or not, is more than a day old; silently.
    Daily,
    /// Because the user said `--refresh`; told what came of it.
    Now,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Nobody waits longer than this for a list that may have nothing new.
const PATIENCE: Duration = Duration::from_secs(4);
/// A release's list has some hundred kilobytes.
const LONGEST: u64 = 8 << 20;
/// As many of a mirror's releases are read at once, the newest.
const RELEASES: usize = 8;

/// Reads the list of `mirror` (None: of the address that is set up) if it is time to. Never fails
/// an install: what went wrong is told with `--verbose`, or as a warning where the user asked for
/// the refresh.
pub(crate) fn run(ctx: &Context, mirror: Option<&str>, when: When) -> Result<(), settings::Error> {
    if let Some(own) = catalog::own(ctx)? {
        if when == When::Now {
            ctx.report.info(&format!(
                "the catalog is {}: there is nothing to refresh",
                ctx.paths.tilde(&own)
            ));
        }
        return Ok(());
    }
    let base = base(ctx, mirror)?;
    let file = file(ctx, &base);
    if when == When::Daily && (ctx.offline || is_fresh(&file)) {
        return Ok(());
    }
    let before = read(&file);
    let news = ctx.client().and_then(|client| published(client, &base));
    let mut all = before.clone();
    match &news {
        Ok(builds) => {
            let there: HashSet<&Build> = before.iter().collect();
            let known = catalog::read(&catalog::standalone()).unwrap_or_default();
            let known: HashSet<&Build> = known.iter().collect();
            let new: Vec<&Build> = builds
                .iter()
                .filter(|build| !there.contains(build) && !known.contains(build))
                .collect();
            ctx.report.step(&format!(
                "the list of {} has {} builds, {} new",
                net::shown(&base),
                builds.len(),
                new.len()
            ));
            if when == When::Now {
                ctx.report.info(&told(&new));
            }
            all.extend(new.into_iter().cloned());
        }
        Err(error) => {
            let reason = first_line(error);
            match when {
                When::Now => ctx.report.warn(&format!(
                    "what is new can't be asked for: {reason}; what is known stays"
                )),
                When::Daily => ctx
                    .report
                    .step(&format!("what is new can't be asked for: {reason}")),
            }
        }
    }
    // Written after a failure too: its time says when to try again.
    let text: String = all.iter().map(|build| format!("{build}\n")).collect();
    if let Err(error) = atomic::write(&file, text.as_bytes(), None) {
        ctx.report
            .step(&format!("what is new can't be kept: {error}"));
    }
    Ok(())
}

/// Builds that earlier refreshes from `mirror` (None: from the address that is set up) found.
pub(super) fn found(ctx: &Context, mirror: Option<&str>) -> Result<Vec<Build>, settings::Error> {
    Ok(read(&file(ctx, &base(ctx, mirror)?)))
}

fn told(new: &[&Build]) -> String {
    let mut versions: Vec<_> = new.iter().map(|build| build.key.version).collect();
    versions.sort();
    versions.dedup();
    match versions.as_slice() {
        [] => "no new Python has been published".into(),
        versions => {
            let names: Vec<String> = versions.iter().rev().map(ToString::to_string).collect();
            format!("new: {}", names.join(", "))
        }
    }
}

fn base(ctx: &Context, mirror: Option<&str>) -> Result<String, settings::Error> {
    Ok(match mirror {
        Some(mirror) => mirror.trim_end_matches('/').to_string(),
        None => endpoints::python_builds(|| ctx.settings())?.0,
    })
}

/// A file a mirror: none has a say in what another one is trusted for.
fn file(ctx: &Context, base: &str) -> PathBuf {
    ctx.paths.catalogs().join(format!(
        "{}.tsv",
        &Sha256::of(base.as_bytes()).to_string()[..16]
    ))
}

fn is_fresh(file: &Path) -> bool {
    fs::metadata(file)
        .and_then(|data| data.modified())
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age < DAY))
}

/// A damaged file is as good as none.
fn read(file: &Path) -> Vec<Build> {
    fs::read_to_string(file)
        .ok()
        .and_then(|text| catalog::read(&text).ok())
        .unwrap_or_default()
}

/// The builds that `base` has now: of its latest release where it can say which that is, else of
/// its newest ones.
fn published(client: &Client, base: &str) -> net::Result<Vec<Build>> {
    // A repository's releases, the publisher's own and what mirrors it whole, have a name for the
    // latest.
    if let Some(releases) = base.strip_suffix("/download") {
        return Ok(checksums::read(
            &list(client, &format!("{releases}/latest/download/SHA256SUMS"))?,
            None,
        ));
    }
    let mut releases = releases(client, base);
    releases.sort_unstable();
    let newest = releases.split_off(releases.len().saturating_sub(RELEASES));
    if newest.is_empty() {
        // A store that can't be listed may keep a copy under this name.
        return Ok(checksums::read(
            &list(client, &format!("{base}/latest/SHA256SUMS"))?,
            None,
        ));
    }
    let mut builds = Vec::new();
    let mut failed = None;
    for release in newest {
        match list(client, &format!("{base}/{release}/SHA256SUMS")) {
            Ok(text) => builds.extend(checksums::read(&text, Some(&release))),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) if builds.is_empty() => Err(error),
        _ => Ok(builds),
    }
}

fn list(client: &Client, url: &str) -> net::Result<String> {
    let bytes = client.get_within(url, PATIENCE)?.bytes(LONGEST)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The releases that a mirror's folder shows: a web server's listing of it, or the folder itself.
fn releases(client: &Client, base: &str) -> Vec<String> {
    let folder = url::Url::parse(base)
        .ok()
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok());
    let names: Vec<String> = match folder {
        Some(folder) => {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        }
        None => links(&list(client, &format!("{base}/")).unwrap_or_default()),
    };
    names
        .into_iter()
        .filter(|name| checksums::is_date(name))
        .collect()
}

/// The last parts of what the links of a page lead to.
fn links(page: &str) -> Vec<String> {
    page.split("href=")
        .skip(1)
        .filter_map(|rest| {
            let quote = rest
                .chars()
                .next()
                .filter(|quote| matches!(quote, '"' | '\''))?;
            let target = rest[1..].split(quote).next()?.trim_end_matches('/');
            target.rsplit('/').next().map(str::to_string)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_finds_releases_in_listing() {
        let page = "<a href=\"../\">up</a> <a href='20260101/'>x</a><a href=\"/mirror/20260202/\"> \
                    <a href=plain> <a href=\"20260303";
        assert_eq!(links(page), ["..", "20260101", "20260202", "20260303"]);
    }
}
