//! Places of a source archive: upstream or the mirror that replaces it, else from the
//! archive of this machine's own distribution, whose original tarballs are upstream's, byte for
//! byte. Whatever the place, the SHA-256 is upstream's.

use std::fs;
use std::path::{Path, PathBuf};

use super::catalog::Source;
use crate::Context;
use crate::net::{self, endpoints};
use crate::store::env::var;

/// A source archive and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub source: Source,
    pub url: String,
    /// For people: whose copy it is.
    pub from: &'static str,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// Looks for the first of `sources` (newest first) that can be had. Ok(None) where no place has
/// any; the places that could not be reached, and why, are added to `unreachable`, each once.
pub(crate) fn locate(
    ctx: &Context,
    sources: &[Source],
    unreachable: &mut Vec<String>,
) -> Result<Option<Found>, Error> {
    let client = ctx.client()?;
    let mirror = endpoints::source_mirror(|| ctx.settings())?;
    let (base, from) = match &mirror {
        Some(mirror) => (mirror.clone(), "the source mirror"),
        None => (endpoints::python_sources(), "upstream"),
    };
    'places: for source in sources {
        let mut urls = vec![format!("{base}/{}/{}", folder(source), source.file)];
        if mirror.is_some() {
            urls.push(format!("{base}/{}", source.file));
        }
        for url in urls {
            match client.exists(&url) {
                Ok(true) => {
                    return Ok(Some(Found {
                        source: source.clone(),
                        url,
                        from,
                    }));
                }
                Ok(false) => {}
                Err(error)
                    if error.is_elsewhere() || matches!(error, net::Error::Offline { .. }) =>
                {
                    unreachable.push(tried(&base, &error));
                    break 'places;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    for mirror in apt_mirrors() {
        if let Some(found) = in_pool(ctx, &mirror, sources, unreachable)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Upstream's folders are named after the final version: 3.13.0rc1 lies in 3.13.0.
fn folder(source: &Source) -> String {
    let version = source.version;
    format!("{}.{}.{}", version.major, version.minor, version.patch)
}

/// A place that doesn't have what is looked for, and why, for people.
pub(crate) fn tried(url: &str, error: &net::Error) -> String {
    let why = match error {
        net::Error::Unreachable { reason, .. } => reason.clone(),
        net::Error::Status { status, .. } => format!("answered {status}"),
        net::Error::Redirects { .. } => "redirects again and again".into(),
        net::Error::Cut { .. } => "stopped before its end".into(),
        error => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_string(),
    };
    format!("{} ({why})", host(url))
}

/// The host of an address.
fn host(url: &str) -> String {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_string))
        .unwrap_or_else(|| net::shown(url))
}

/// The original tarball in a Debian pool: `pool/main/p/python3.11/python3.11_3.11.2.orig.tar.gz`.
/// Pools can't be listed everywhere, so each version is asked for, several at a time.
fn in_pool(
    ctx: &Context,
    mirror: &str,
    sources: &[Source],
    unreachable: &mut Vec<String>,
) -> Result<Option<Found>, Error> {
    let client = ctx.client()?;
    for batch in sources.chunks(16) {
        let answers: Vec<(Found, net::Result<bool>)> = std::thread::scope(|scope| {
            let asked: Vec<_> = batch
                .iter()
                .filter_map(|source| Some((source, pool_path(source)?)))
                .map(|(source, path)| {
                    let found = Found {
                        source: source.clone(),
                        url: format!("{mirror}/{path}"),
                        from: "the distribution's archive",
                    };
                    scope.spawn(move || {
                        let answer = client.exists(&found.url);
                        (found, answer)
                    })
                })
                .collect();
            asked
                .into_iter()
                .filter_map(|thread| thread.join().ok())
                .collect()
        });
        for (found, answer) in answers {
            match answer {
                Ok(true) => return Ok(Some(found)),
                Ok(false) => {}
                Err(error)
                    if error.is_elsewhere() || matches!(error, net::Error::Offline { .. }) =>
                {
                    unreachable.push(tried(mirror, &error));
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(None)
}

fn pool_path(source: &Source) -> Option<String> {
    let version = source.version;
    if version.pre.is_some() {
        return None;
    }
    let ending = if source.file.ends_with(".tar.xz") {
        "tar.xz"
    } else {
        "tar.gz"
    };
    let package = format!("python{}.{}", version.major, version.minor);
    Some(format!(
        "pool/main/p/{package}/{package}_{version}.orig.{ending}"
    ))
}

/// The archives that apt is set up with here, http(s) and file only, in the order of its files.
/// `BOOT_APT_SOURCES` names another folder than /etc/apt.
pub(crate) fn apt_mirrors() -> Vec<String> {
    let folder = var("BOOT_APT_SOURCES").map_or_else(|| PathBuf::from("/etc/apt"), PathBuf::from);
    let mut files = vec![folder.join("sources.list")];
    let mut parts: Vec<PathBuf> = fs::read_dir(folder.join("sources.list.d"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    parts.sort();
    files.extend(parts);
    let mut mirrors = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for uri in if has_ending(&file, "sources") {
            deb822(&text)
        } else {
            one_line(&text)
        } {
            let uri = uri.trim_end_matches('/').to_string();
            let usable = ["http://", "https://", "file:/"]
                .iter()
                .any(|scheme| uri.starts_with(scheme));
            if usable && !mirrors.contains(&uri) {
                mirrors.push(uri);
            }
        }
    }
    mirrors
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// `deb [options] URI suite component…`, of archives that have `main`.
fn one_line(text: &str) -> Vec<String> {
    let mut uris = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        let Some(rest) = line
            .strip_prefix("deb ")
            .or_else(|| line.strip_prefix("deb-src "))
        else {
            continue;
        };
        let rest = match rest.trim_start().strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let words: Vec<&str> = rest.split_whitespace().collect();
        if words.len() >= 3 && words[2..].contains(&"main") {
            uris.push(words[0].to_string());
        }
    }
    uris
}

/// `Key: value` paragraphs, as deb822(5) and sources.list(5) describe them.
fn deb822(text: &str) -> Vec<String> {
    let mut uris = Vec::new();
    for paragraph in text.replace("\r\n", "\n").split("\n\n") {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in paragraph.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                fields.push((key.trim().to_ascii_lowercase(), value.trim().to_string()));
            }
        }
        let field = |name: &str| {
            fields
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .unwrap_or("")
        };
        let enabled = !matches!(
            field("enabled").to_ascii_lowercase().as_str(),
            "no" | "false" | "0"
        );
        if enabled
            && field("components")
                .split_whitespace()
                .any(|component| component == "main")
        {
            uris.extend(field("uris").split_whitespace().map(str::to_string));
        }
    }
    uris
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_deb822_return_enabled_uris() {
        let lines = "# deb http://no/x y main\ndeb [arch=amd64 signed-by=/k] \
                     http://a.example/debian bookworm main contrib\n\
                     deb http://b.example stable other\n";
        assert_eq!(one_line(lines), ["http://a.example/debian"]);
        let paragraphs = "Types: deb\n# c\nURIs: http://a.example/debian\n \
                          http://c.example/debian\nSuites: x\nComponents: main\n\nTypes: deb\n\
                          URIs: http://off.example\nEnabled: no\nComponents: main\n";
        assert_eq!(
            deb822(paragraphs),
            ["http://a.example/debian", "http://c.example/debian"]
        );
    }

    #[test]
    fn pool_path_is_that_of_debian() {
        let source = |version: &str, file: &str| Source {
            version: version.parse().unwrap(),
            file: file.into(),
            sha256: crate::store::digest::Sha256::of(b""),
        };
        assert_eq!(
            pool_path(&source("3.11.2", "Python-3.11.2.tgz")).unwrap(),
            "pool/main/p/python3.11/python3.11_3.11.2.orig.tar.gz"
        );
        assert_eq!(
            pool_path(&source("3.13.5", "Python-3.13.5.tar.xz")).unwrap(),
            "pool/main/p/python3.13/python3.13_3.13.5.orig.tar.xz"
        );
        assert_eq!(
            pool_path(&source("3.13.0rc1", "Python-3.13.0rc1.tgz")),
            None
        );
        assert_eq!(folder(&source("3.13.0rc1", "")), "3.13.0");
    }
}
