//! The package indexes: which ones, in which order, and their pages, kept in the cache.
//!
//! The first index that has a name is the one for that name: if others could add versions, whoever
//! registers the name of an internal package on a public index would be installed instead of it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::links;
use super::options::IndexOptions;
use super::page::{self, File};
use super::requirement::Name;
use crate::context::Context;
use crate::net::cache_policy::{CachePolicy, now_millis};
use crate::net::{self, endpoints};
use crate::package::pip::Pip;
use crate::package::shared::Answers;
use crate::parallel;
use crate::store::cache;
use crate::store::digest::Sha256;
use crate::store::env::var;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
                      application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
/// The largest pages of the public index have some ten megabytes.
const LARGEST: u64 = 128 << 20;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the page {} can't be used: {reason}\nis that the address of a package index? it ends in \
         /simple as a rule",
        net::shown(url)
    )]
    Page { url: String, reason: String },
    #[error(
        "the folder {} can't be read: {source}\nit is named by find-links in pip's configuration",
        crate::report::escaped(place)
    )]
    Links {
        place: String,
        source: std::io::Error,
    },
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// The indexes, the one asked first in front.
pub struct Indexes<'a> {
    ctx: &'a Context,
    urls: Vec<String>,
    /// Folders and pages whose files count beside those of the index (pip's `find-links`).
    links: Vec<String>,
    /// Which index had which name.
    found: Mutex<HashMap<Name, usize>>,
}

/// A page as the cache keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "said")]
    policy: CachePolicy,
    files: Vec<File>,
}

impl<'a> Indexes<'a> {
    /// What the command line chose, then boot's variables, uv's, pip's, pip's files, boot's
    /// settings; else the public index.
    pub fn chosen(ctx: &'a Context, options: &IndexOptions) -> Result<Indexes<'a>, Error> {
        let words = |name: &str| -> Vec<String> {
            var(name).map(|value| split(&value)).unwrap_or_default()
        };
        let settings = &ctx.settings()?.index;
        let mut sources = vec![
            (options.index_url.clone(), options.extra_index_urls.clone()),
            (var("BOOT_INDEX_URL"), words("BOOT_EXTRA_INDEX_URL")),
            // uv's may have names, as in `internal=https://…`.
            (
                var("UV_DEFAULT_INDEX").map(|url| unnamed(&url)),
                words("UV_INDEX").iter().map(|url| unnamed(url)).collect(),
            ),
        ];
        let pip = Pip::of_run(ctx);
        // Whoever names an index for boot or for this run wants it asked.
        let none = pip.is_on("no-index")
            && sources
                .iter()
                .all(|(url, more)| url.is_none() && more.is_empty());
        sources.push((
            pip.value("index-url").map(|url| url.trim().into()),
            pip.words("extra-index-url"),
        ));
        sources.push((settings.url.clone(), settings.extra_urls.clone()));
        // An address that a receipt has without its password is known with it from wherever
        // somebody gave it.
        for url in sources
            .iter()
            .flat_map(|(url, more)| url.iter().chain(more))
        {
            ctx.auth.strip(url);
        }
        let urls = if none {
            Vec::new()
        } else {
            choose(sources)
                .iter()
                .map(|url| ctx.auth.strip(url))
                .collect()
        };
        let links = pip
            .words("find-links")
            .iter()
            .map(|place| ctx.auth.strip(place))
            .collect();
        Ok(Indexes {
            ctx,
            urls,
            links,
            found: Mutex::default(),
        })
    }

    /// Their addresses, the one asked first in front. They may hold passwords.
    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Addresses without passwords, for messages.
    pub fn shown(&self) -> Vec<String> {
        self.urls.iter().map(|url| net::shown(url)).collect()
    }

    /// Says which of `names` came from which index, where there are several: the main one, which
    /// comes last, goes without saying.
    pub fn say<'n>(&self, names: impl Iterator<Item = &'n Name>) {
        let found = parallel::lock(&self.found);
        let mut of: Vec<Vec<&str>> = vec![Vec::new(); self.urls.len()];
        for name in names {
            if let Some(number) = found.get(name) {
                of[*number].push(name.as_str());
            }
        }
        for (url, names) in self
            .urls
            .iter()
            .zip(&of)
            .take(self.urls.len().saturating_sub(1))
            .filter(|(_, names)| !names.is_empty())
        {
            self.ctx
                .report
                .info(&format!("from {}: {}", net::shown(url), names.join(", ")));
        }
    }

    /// The files of a package; None if no index has it.
    pub fn page(&self, name: &Name) -> Result<Option<Arc<Vec<File>>>, Error> {
        let mut files = Vec::new();
        for place in &self.links {
            files.extend(links::files(place, name, |url| {
                Ok(self.fetch(url, None)?.files)
            })?);
        }
        let found = match self.of_index(name) {
            Err(Error::Net(net::Error::Offline { .. })) if !files.is_empty() => None,
            found => found?,
        };
        match found {
            found if files.is_empty() => Ok(found),
            // Of two files of the same rank the first counts: what lies here already.
            found => {
                files.extend(found.iter().flat_map(|found| found.iter().cloned()));
                Ok(Some(Arc::new(files)))
            }
        }
    }

    fn of_index(&self, name: &Name) -> Result<Option<Arc<Vec<File>>>, Error> {
        let mut unknown = None;
        for (number, url) in self.urls.iter().enumerate() {
            let question = (format!("{url} {name}"), self.ctx.revalidate_before());
            let files = match Answers::of_run(self.ctx)
                .pages
                .get(question, || Ok(self.page_of(url, name)?.map(Arc::new)))
            {
                // Another index may be the one that had it when there was a network: that is what
                // the cache tells.
                Err(Error::Net(error @ net::Error::Offline { .. })) => {
                    unknown.get_or_insert(error);
                    continue;
                }
                other => other?,
            };
            if let Some(files) = files {
                parallel::lock(&self.found).insert(name.clone(), number);
                return Ok(Some(files));
            }
        }
        unknown.map_or(Ok(None), |error| Err(error.into()))
    }

    fn page_of(&self, index: &str, name: &Name) -> Result<Option<Vec<File>>, Error> {
        let folder = format!("{}/{name}/", index.trim_end_matches('/'));
        // A folder on a disk has no server that would pick the file in it.
        let url = if folder.starts_with("file:") {
            format!("{folder}index.html")
        } else {
            folder
        };
        let path = self
            .ctx
            .paths
            .index()
            .join("pages")
            .join(format!("{}.json", Sha256::of(url.as_bytes())));
        let kept =
            Kept::read(&path).filter(|kept| kept.policy.is_for(|| self.ctx.auth.basic(&url)));
        match kept {
            // Whoever asks for no network takes what there is, however old.
            Some(kept) if self.ctx.offline && !url.starts_with("file:") => Ok(Some(kept.files)),
            Some(kept)
                if kept.policy.is_fresh(now_millis())
                    && kept.policy.fetched >= self.ctx.revalidate_before() =>
            {
                Ok(Some(kept.files))
            }
            kept => match self.fetch(&url, kept.as_ref()) {
                Ok(page) => {
                    // A file is as near as the cache, and nothing tells when it changes.
                    if !url.starts_with("file:") {
                        page.write(self.ctx, &path);
                    }
                    Ok(Some(page.files))
                }
                Err(Error::Net(error)) if error.is_missing() => Ok(None),
                Err(Error::Net(
                    error @ (net::Error::Unreachable { .. }
                    | net::Error::Redirects { .. }
                    | net::Error::Cut { .. }
                    | net::Error::Silent { .. }
                    | net::Error::Status { status: 500.., .. }),
                )) => {
                    let Some(kept) = kept.filter(|kept| kept.policy.may_be_stale()) else {
                        return Err(error.into());
                    };
                    self.ctx.report.warn(&format!(
                        "{name}: the index can't be asked now; what it said {} ago is used",
                        ago(now_millis().saturating_sub(kept.policy.fetched) / 1000)
                    ));
                    Ok(Some(kept.files))
                }
                Err(error) => Err(error),
            },
        }
    }

    /// The page, or `kept` where that is still right. One whose connection is cut on the way is
    /// asked for once more, from its beginning: pages are short. One that falls silent isn't.
    fn fetch(&self, url: &str, kept: Option<&Kept>) -> Result<Kept, Error> {
        match self.fetch_once(url, kept) {
            Err(Error::Net(net::Error::Cut { .. })) => self.fetch_once(url, kept),
            other => other,
        }
    }

    fn fetch_once(&self, url: &str, kept: Option<&Kept>) -> Result<Kept, Error> {
        let mut headers = vec![("Accept", ACCEPT)];
        headers.extend(kept.iter().flat_map(|kept| kept.policy.conditions()));
        if self.ctx.revalidate_before() > 0 {
            // Caches on the way are to ask too.
            headers.push(("Cache-Control", "no-cache"));
        }
        let response = self.ctx.client()?.get_with(url, &headers)?;
        let policy = CachePolicy::from_headers(
            &response.headers,
            now_millis(),
            self.ctx.auth.basic(url).as_deref(),
        );
        if let Some(kept) = kept.filter(|_| response.status == 304) {
            return Ok(Kept {
                policy: kept.policy.clone().refreshed(policy),
                files: kept.files.clone(),
            });
        }
        let kind = response.header("content-type").map(str::to_string);
        let body = response.bytes(LARGEST)?;
        let files = page::parse(url, kind.as_deref(), &body).map_err(|reason| Error::Page {
            url: url.into(),
            reason,
        })?;
        Ok(Kept { policy, files })
    }
}

impl Kept {
    fn read(path: &Path) -> Option<Kept> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    /// A cache that can't be written makes the next run slower, and this one no worse.
    fn write(&self, ctx: &Context, path: &Path) {
        if !self.policy.may_be_kept() {
            let _ = fs::remove_file(path);
        } else if let Ok(json) = serde_json::to_vec(self) {
            cache::keep(&ctx.paths, path, &json);
        }
    }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What each source says, in the order of their rank: the further indexes of a source come before
/// its main one, as they are the ones that somebody added on purpose. Where a main one is found,
/// lower sources have no say.
fn choose(sources: Vec<(Option<String>, Vec<String>)>) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    let mut main = None;
    for (url, more) in sources {
        urls.extend(more);
        if url.is_some() {
            main = url;
            break;
        }
    }
    urls.push(main.unwrap_or_else(endpoints::package_index));
    let mut seen = Vec::new();
    urls.retain(|url| {
        let url = url.trim_end_matches('/').to_string();
        let new = !seen.contains(&url);
        seen.push(url);
        new
    });
    urls
}

fn split(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_string).collect()
}

fn unnamed(url: &str) -> String {
    match url.split_once('=') {
        Some((name, rest)) if !name.contains([':', '/']) => rest.into(),
        _ => url.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choose_takes_highest_source_with_main_index() {
        let url = |text: &str| Some(text.to_string());
        let more = |text: &str| vec![text.to_string()];
        assert_eq!(
            choose(vec![
                (None, vec![]),
                (url("b"), more("c")),
                (url("d"), more("e"))
            ]),
            ["c", "b"]
        );
        assert_eq!(
            choose(vec![(None, more("a")), (url("b"), vec![])]),
            ["a", "b"]
        );
        assert_eq!(choose(vec![(url("b"), more("b/"))]), ["b/"]);
        assert_eq!(choose(vec![]), [endpoints::package_index()]);
        assert_eq!(
            unnamed("internal=https://i.example/?a=b"),
            "https://i.example/?a=b"
        );
        assert_eq!(unnamed("https://i.example/?a=b"), "https://i.example/?a=b");
    }
}
