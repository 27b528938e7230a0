//! The grammar of REPO: `USER`, `USER/NAME`, `HOST/USER`, `HOST/USER/NAME`, a git address, or a
//! folder.

use std::path::{Path, PathBuf};

use crate::report::escaped;

/// A repository's address, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Used where it is.
    Folder(PathBuf),
    /// To be fetched from this address.
    Git(String),
}

/// A text that is no address of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} isn't a repository: {reason}\nwrite USER, USER/NAME, HOST/USER/NAME, a git address, or \
     a folder",
    escaped(text)
)]
pub(crate) struct NotAnAddress {
    pub text: String,
    pub reason: &'static str,
}

/// The protocol by which the host of a short name is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Protocol {
    #[default]
    Https,
    /// With the user's own key.
    Ssh,
}

impl Address {
    /// Understands an address as a manifest writes it: a folder begins with `./`, whatever lies
    /// here.
    pub(crate) fn in_manifest(text: &str, host: &str) -> Result<Address, NotAnAddress> {
        Address::parse(text, host, Protocol::Https, &|_| false)
    }

    /// Understands REPO. `host` is the one of short names, as `https://github.com`. `is_folder`
    /// tells whether a path is a folder with a manifest in it: such a one wins over a user's name.
    pub(crate) fn parse(
        text: &str,
        host: &str,
        protocol: Protocol,
        is_folder: &dyn Fn(&Path) -> bool,
    ) -> Result<Address, NotAnAddress> {
        check_text(text).map_err(|reason| NotAnAddress {
            text: text.chars().take(200).collect(),
            reason,
        })?;
        let is_url = text.contains("://") || is_scp(text);
        if !is_url && (text.starts_with(['.', '/', '~']) || is_folder(Path::new(text))) {
            return Ok(Address::Folder(text.into()));
        }
        let url = if is_url {
            check_url(text).map(|()| text.to_string())
        } else {
            expand_short_name(text, host, protocol)
        };
        url.map(Address::Git).map_err(|reason| NotAnAddress {
            text: text.chars().take(200).collect(),
            reason,
        })
    }
}

/// Refuses what no address may have in it.
fn check_text(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.starts_with('-') {
        return Err("it looks like an option");
    }
    if text.chars().any(char::is_control) {
        return Err("it has control characters");
    }
    Ok(())
}

/// Refuses addresses that git or ssh would take for a command or an option.
fn check_url(text: &str) -> Result<(), &'static str> {
    // `me@host:path` has been looked at by `is_scp`.
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(());
    };
    if !["https", "http", "ssh", "git", "git+ssh", "file"].contains(&scheme) {
        return Err("git isn't asked for this kind of address");
    }
    // `ssh://-oProxyCommand=…` would be an option of ssh.
    let host = rest.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with('-') || rest.starts_with('-') {
        return Err("its host looks like an option");
    }
    Ok(())
}

/// The address behind `USER`, `USER/NAME`, `HOST/USER` and `HOST/USER/NAME`.
fn expand_short_name(text: &str, host: &str, protocol: Protocol) -> Result<String, &'static str> {
    let words: Vec<&str> = text.trim_end_matches('/').split('/').collect();
    let is_plain = |word: &&str| {
        !word.is_empty()
            && !word.starts_with(['-', '.'])
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    if !words.iter().all(is_plain) {
        return Err("names have letters, digits, dots, dashes and underscores");
    }
    let at_host = |host: &str| match protocol {
        Protocol::Ssh => format!("ssh://git@{host}"),
        Protocol::Https => format!("https://{host}"),
    };
    let at_default = || match host.split_once("://") {
        Some(("https" | "http", name)) if protocol == Protocol::Ssh => at_host(name),
        _ => host.to_string(),
    };
    Ok(match words[..] {
        [user] => format!("{}/{user}/dotfiles", at_default()),
        [host, user] if host.contains('.') => format!("{}/{user}/dotfiles", at_host(host)),
        [user, name] => format!("{}/{user}/{name}", at_default()),
        [host, user, name] if host.contains('.') => format!("{}/{user}/{name}", at_host(host)),
        _ => return Err("it has too many parts"),
    })
}

/// `me@host:path`, as git and scp write it.
fn is_scp(text: &str) -> bool {
    text.split_once(':').is_some_and(|(before, after)| {
        before.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.starts_with('-') && !host.contains('/')
        }) && !after.is_empty()
            && !after.starts_with('-')
    })
}

/// Tells whether `text` is a whole commit's name.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(text: &str, protocol: Protocol) -> String {
        match Address::parse(text, "https://example.org", protocol, &|_| false).unwrap() {
            Address::Git(url) => url,
            Address::Folder(path) => format!("folder {}", path.display()),
        }
    }

    #[test]
    fn parse_short_names_become_urls_of_host() {
        for (typed, url) in [
            ("me", "https://example.org/me/dotfiles"),
            ("me/box", "https://example.org/me/box"),
            ("git.example.net/me", "https://git.example.net/me/dotfiles"),
            ("git.example.net/me/box", "https://git.example.net/me/box"),
            ("https://h/x.git", "https://h/x.git"),
            ("git@h:me/x.git", "git@h:me/x.git"),
            ("file:///r", "file:///r"),
            ("./me", "folder ./me"),
            ("~/dots", "folder ~/dots"),
            ("/d", "folder /d"),
        ] {
            assert_eq!(git(typed, Protocol::Https), url, "{typed}");
        }
        assert_eq!(
            git("me", Protocol::Ssh),
            "ssh://git@example.org/me/dotfiles"
        );
        assert_eq!(
            git("git.example.net/me/box", Protocol::Ssh),
            "ssh://git@git.example.net/me/box"
        );
    }

    #[test]
    fn parse_prefers_folder_with_manifest() {
        let repo = Address::parse("examples/starter", "https://h", Protocol::Https, &|path| {
            path == Path::new("examples/starter")
        });
        assert_eq!(repo.unwrap(), Address::Folder("examples/starter".into()));
        let repo = Address::parse("https://h/x", "https://h", Protocol::Https, &|_| true);
        assert_eq!(repo.unwrap(), Address::Git("https://h/x".into()));
    }

    #[test]
    fn parse_refuses_options_and_commands() {
        for wrong in [
            "",
            "-u",
            "--upload-pack=x",
            "me/-x",
            "a b",
            "me/../x",
            "a/b/c/d",
            "a/b/c",
            "ext::sh -c x",
            "fd::1",
            "ftp://h/x",
            "ssh://-oProxyCommand=x/y",
            "ssh://me@-oProxyCommand=x/y",
            "me@-oProxyCommand=x:y",
            "a\u{1b}[2J",
            "https://",
        ] {
            let error =
                Address::parse(wrong, "https://h", Protocol::Https, &|_| false).unwrap_err();
            assert!(
                error.to_string().lines().count() <= 3 && !error.to_string().contains('\u{1b}'),
                "{wrong}: {error}"
            );
        }
    }
}
