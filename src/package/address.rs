//! Where a file of an index is, written without saying where the index is: a lock is for machines
//! that reach it by other mirrors.
//!
//! `../../files/x.whl` starts at the package's page; `/packages/aa/x.whl` is a path on the host
//! that the index keeps its files on.

use url::Url;

use super::index::{Error, Indexes};
use super::requirement::Name;
use crate::net::endpoints;
use crate::store::digest::Sha256;

impl Indexes<'_> {
    /// How the lock writes `url`, a file of `name`; None where an address of today would be none
    /// tomorrow, as signed ones are.
    pub fn relative(&self, name: &Name, url: &str) -> Option<String> {
        let url = Url::parse(url).ok().filter(|url| url.query().is_none())?;
        for index in self.urls() {
            let page = page(index, name)?;
            if (page.scheme(), page.host_str(), page.port())
                == (url.scheme(), url.host_str(), url.port())
            {
                return page.make_relative(&url).filter(|text| is_relative(text));
            }
        }
        Some(url.path().to_string()).filter(|text| is_relative(text))
    }

    /// The address that `relative` stands for on this machine; None where only the package's page
    /// can tell.
    pub fn absolute(&self, name: &Name, relative: &str) -> Option<String> {
        let index = self.urls().first()?;
        if !is_relative(relative) {
            return None;
        }
        if relative.starts_with('/') {
            return (index.trim_end_matches('/') == endpoints::package_index())
                .then(|| format!("{}{relative}", endpoints::package_files()));
        }
        Some(page(index, name)?.join(relative).ok()?.to_string())
    }

    /// The address of a file by what it holds: asked of the package's page.
    pub fn find(&self, name: &Name, sha256: &Sha256) -> Result<Option<String>, Error> {
        let files = self.page(name)?.unwrap_or_default();
        Ok(files
            .iter()
            .find(|file| file.sha256 == *sha256)
            .map(|file| file.url.clone()))
    }
}

fn page(index: &str, name: &Name) -> Option<Url> {
    let mut url = Url::parse(&format!("{}/{name}/", index.trim_end_matches('/'))).ok()?;
    // Nobody's password belongs into an address that is joined from a file.
    url.set_fragment(None);
    Some(url)
}

/// Neither another scheme nor another host, nor anything that a terminal would stumble over.
pub(crate) fn is_relative(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+%!~,()".contains(c);
    !text.is_empty() && text.len() < 1024 && !text.starts_with("//") && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_relative;

    #[test]
    fn is_relative_refuses_other_hosts() {
        for right in [
            "../../files/a-1-py3-none-any.whl",
            "/packages/aa/bb/a-1%2Bl-py3-none-any.whl",
        ] {
            assert!(is_relative(right), "{right}");
        }
        for wrong in [
            "",
            "//evil.example/x",
            "https://evil.example/x",
            "file:///etc/passwd",
            "a@b",
            "x?y",
            "a\u{1b}[2J",
            "\\\\evil",
        ] {
            assert!(!is_relative(wrong), "{wrong}");
        }
    }
}
