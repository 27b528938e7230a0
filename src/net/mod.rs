//! The network. Only this folder opens a socket.

pub(crate) mod auth;
pub(crate) mod cache_policy;
pub(crate) mod client;
pub(crate) mod download;
pub(crate) mod endpoints;
pub(crate) mod git;
mod names;
pub(crate) mod read_ahead;
pub(crate) mod route;

pub use client::Client;
pub(crate) use client::Response;
pub(crate) use download::VerifiedArchive;

use std::path::PathBuf;

use crate::store::digest::Sha256;

/// Why something could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{} isn't in the cache, and nothing is fetched with --offline\n\
         run the same command once without it",
        shown(url)
    )]
    Offline { url: String },
    #[error(
        "can't reach {host}: {reason}\nis the network there? behind a proxy, set HTTPS_PROXY; a \
         mirror can be set too (boot help)"
    )]
    Unreachable { host: String, reason: String },
    #[error(
        "{} redirects again and again\nits server is set up wrongly; a mirror can be set (boot \
         help)",
        shown(url)
    )]
    Redirects { url: String },
    #[error("{} answered {status}\n{hint}", shown(url))]
    Status {
        url: String,
        status: u16,
        hint: &'static str,
    },
    #[error(
        "{} stopped before its end: {reason}\nrun the same command again; what has arrived is kept",
        shown(url)
    )]
    Cut { url: String, reason: String },
    #[error(
        "{} began to answer, and then nothing came for too long\n\
         run the same command again; BOOT_READ_TIMEOUT is how many seconds it waits",
        shown(url)
    )]
    Silent { url: String },
    #[error(
        "{} isn't what it should be: its SHA-256 is {found},\n\
         it should be {wanted}; the file was deleted\nrun the same command again; if it stays so, \
         the mirror serves something else",
        shown(url)
    )]
    Checksum {
        url: String,
        wanted: Sha256,
        found: Sha256,
    },
    #[error("{} can't be used as an address: {reason}", shown(url))]
    Address { url: String, reason: String },
    #[error(
        "can't start the network client: {0}\nif SSL_CERT_FILE is set, does it name a readable \
         file?"
    )]
    Client(String),
    #[error(
        "pip's configuration has a {what} that can't be used: {reason}\n\
         pip config debug says where it comes from"
    )]
    Route { what: String, reason: String },
    #[error("no file {}", .0.display())]
    NoFile(PathBuf),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl Error {
    /// True if another address may do better: nothing answered, or it doesn't have the file.
    pub fn is_elsewhere(&self) -> bool {
        match self {
            Error::Unreachable { .. }
            | Error::Cut { .. }
            | Error::Silent { .. }
            | Error::NoFile(_) => true,
            Error::Status { status, .. } => *status != 401 && *status != 407,
            _ => false,
        }
    }

    /// The server was reached and says that there is no such thing.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Error::NoFile(_)
                | Error::Status {
                    status: 404 | 410,
                    ..
                }
        )
    }
}

/// An address without its password, for people and logs.
pub(crate) fn shown(url: &str) -> String {
    crate::report::escaped(&without_credentials(url))
}

/// An address without its user and password. Over ssh the user is a part of the address.
pub(crate) fn without_credentials(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let _ = parsed.set_password(None);
            if !parsed.scheme().ends_with("ssh") {
                let _ = parsed.set_username("");
            }
            parsed.into()
        }
        _ => url.into(),
    }
}

/// `text`, which somebody else has written, without the users and passwords of all addresses in it.
/// Over ssh the user stays.
pub(crate) fn without_credentials_in(text: &str) -> String {
    let mut parts = text.split("://");
    let mut found = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let is_ssh = found.ends_with("ssh");
        found.push_str("://");
        let end = part
            .find(|c: char| c.is_whitespace() || "/?#\\\"'`<>".contains(c))
            .unwrap_or(part.len());
        let (who, rest) = part[..end]
            .rfind('@')
            .map_or(("", part), |at| part.split_at(at));
        let user = who.split(':').next().unwrap_or_default();
        found.push_str(if is_ssh { user } else { "" });
        found.push_str(if is_ssh {
            rest
        } else {
            rest.strip_prefix('@').unwrap_or(rest)
        });
    }
    found
}

/// Scheme, host and port, with a slash at the end.
pub(crate) fn origin(url: &str) -> String {
    url::Url::parse(url)
        .map(|url| format!("{}/", url.origin().ascii_serialization()))
        .unwrap_or_default()
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    #[test]
    fn shown_omits_passwords() {
        assert_eq!(
            super::shown("https://me:secret@example.org/simple/"),
            "https://example.org/simple/"
        );
        assert_eq!(
            super::shown("git+https://me:secret@example.org/x@v1"),
            "git+https://example.org/x@v1"
        );
        assert_eq!(
            super::shown("git+ssh://git@example.org/x"),
            "git+ssh://git@example.org/x"
        );
    }

    #[test]
    fn without_credentials_in_cleans_every_address() {
        for (text, wanted) in [
            (
                "A=https://me:se@cret@example.org/x@v1\nB='http://token@a/'",
                "A=https://example.org/x@v1\nB='http://a/'",
            ),
            (
                "git+ssh://git:secret@example.org/x",
                "git+ssh://git@example.org/x",
            ),
            (
                "https://example.org me@example.org",
                "https://example.org me@example.org",
            ),
            ("https://me:secret@", "https://"),
            ("no address: a@b", "no address: a@b"),
            ("://@://x@", "://://"),
            ("", ""),
        ] {
            assert_eq!(super::without_credentials_in(text), wanted);
        }
    }
}
