//! One package's page of an index: PEP 691's JSON, and PEP 503's HTML for the indexes that have
//! nothing else.
//!
//! Only what choosing a file needs is kept. What doesn't fit is skipped, never an error: one odd
//! file must not hide the rest.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::digest::Sha256;

/// A file that the index offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub file: String,
    pub url: String,
    pub sha256: Sha256,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_python: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yanked: bool,
    /// Whether its metadata lies beside it (PEP 658).
    #[serde(default, skip_serializing_if = "Beside::is_absent")]
    pub metadata: Beside,
    /// When it was published (PEP 700), as the index writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<String>,
}

impl File {
    /// Tells whether it has to be built first.
    pub fn is_source(&self) -> bool {
        !self.file.ends_with(".whl")
    }
}

/// A wheel's metadata as a file of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Beside {
    #[default]
    Absent,
    /// Offered without a hash.
    Bare,
    Hashed(Sha256),
}

impl Beside {
    fn is_absent(&self) -> bool {
        *self == Beside::Absent
    }
}

#[derive(Deserialize)]
struct Json {
    files: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
    size: Option<u64>,
    requires_python: Option<String>,
    /// A boolean, or a text that means true and says why.
    #[serde(default)]
    yanked: serde_json::Value,
    #[serde(default)]
    core_metadata: Option<BesideJson>,
    #[serde(default)]
    dist_info_metadata: Option<BesideJson>,
    upload_time: Option<String>,
}

#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BesideJson {
    Is(bool),
    Hashes(Hashes),
}

/// Reads a page. `url` is where it came from; an error says what is wrong with it.
pub fn parse(url: &str, content_type: Option<&str>, body: &[u8]) -> Result<Vec<File>, String> {
    let base = Url::parse(url).map_err(|error| error.to_string())?;
    let kind = content_type
        .unwrap_or("")
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    let text = String::from_utf8_lossy(body);
    let json = match kind.as_str() {
        kind if kind.ends_with("json") => true,
        kind if kind.ends_with("html") => false,
        // A folder on a disk or a plain file server doesn't say.
        "" | "text/plain" | "application/octet-stream" => text.trim_start().starts_with('{'),
        other => {
            return Err(format!(
                "it is {}, not an index page",
                crate::report::escaped(other)
            ));
        }
    };
    if json {
        from_json(&base, &text)
    } else {
        Ok(from_html(&base, &text))
    }
}

fn from_json(base: &Url, text: &str) -> Result<Vec<File>, String> {
    let page: Json =
        serde_json::from_str(text).map_err(|error| format!("its JSON can't be read: {error}"))?;
    let files = page
        .files
        .into_iter()
        .filter_map(|value| serde_json::from_value::<JsonFile>(value).ok());
    Ok(files
        .filter_map(|file| {
            let beside = match file.core_metadata.or(file.dist_info_metadata) {
                Some(BesideJson::Hashes(hashes)) => beside(hashes.sha256.as_deref()),
                Some(BesideJson::Is(true)) => Beside::Bare,
                Some(BesideJson::Is(false)) | None => Beside::Absent,
            };
            Some(File {
                url: address(base, &file.url)?,
                sha256: file.hashes.sha256?.parse().ok()?,
                size: file.size,
                requires_python: file.requires_python.filter(|text| !text.trim().is_empty()),
                yanked: !matches!(
                    file.yanked,
                    serde_json::Value::Null | serde_json::Value::Bool(false)
                ),
                metadata: beside,
                uploaded: file.upload_time,
                file: is_distribution(&file.filename).then_some(file.filename)?,
            })
        })
        .collect())
}

fn from_html(base: &Url, text: &str) -> Vec<File> {
    let page = base;
    let mut base = page.clone();
    let mut files = Vec::new();
    for (tag, attributes) in Tags(text) {
        let value = |name: &str| {
            attributes
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        let Some(href) = value("href") else { continue };
        if tag == "base" {
            // It moves what is relative, and never to where the page itself couldn't lead.
            base = base
                .join(href)
                .ok()
                .filter(|moved| fetchable(page, moved))
                .unwrap_or(base);
        } else if tag == "a" {
            files.extend(anchor(&base, href, &value));
        }
    }
    files
}

fn anchor<'a>(base: &Url, href: &str, value: &dyn Fn(&str) -> Option<&'a str>) -> Option<File> {
    let (plain, fragment) = href.split_once('#')?;
    let sha256 = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("sha256="))?
        .parse()
        .ok()?;
    let url = address(base, plain)?;
    let path = url.split(['?', '#']).next()?;
    let file = percent_decode_str(path.rsplit('/').next()?)
        .decode_utf8()
        .ok()?
        .into_owned();
    let metadata = match value("data-core-metadata").or(value("data-dist-info-metadata")) {
        None | Some("false") => Beside::Absent,
        Some(hash) => beside(hash.strip_prefix("sha256=")),
    };
    is_distribution(&file).then_some(File {
        file,
        url,
        sha256,
        size: None,
        requires_python: value("data-requires-python")
            .map(str::to_string)
            .filter(|text| !text.trim().is_empty()),
        yanked: value("data-yanked").is_some(),
        metadata,
        uploaded: None,
    })
}

fn beside(hash: Option<&str>) -> Beside {
    hash.and_then(|hash| hash.parse().ok())
        .map_or(Beside::Bare, Beside::Hashed)
}

/// Absolute, of a kind that can be fetched. A page from the network has no say about files of this
/// machine.
fn address(base: &Url, url: &str) -> Option<String> {
    let url = base.join(url).ok()?;
    fetchable(base, &url).then(|| url.to_string())
}

fn fetchable(base: &Url, url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") || (url.scheme() == "file" && base.scheme() == "file")
}

/// Wheels, and the source archives that tell whether there could be one. A name is never a path.
fn is_distribution(file: &str) -> bool {
    let ends = [".whl", ".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"];
    !file.contains(['/', '\\', '\0']) && ends.iter().any(|end| file.ends_with(end))
}

/// The opening tags of an HTML text, as far as an index page has them.
struct Tags<'a>(&'a str);

impl Iterator for Tags<'_> {
    type Item = (String, Vec<(String, String)>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.0 = &self.0[self.0.find('<')? + 1..];
            if let Some(comment) = self.0.strip_prefix("!--") {
                self.0 = &comment[comment.find("-->").map_or(comment.len(), |end| end + 3)..];
            } else if self.0.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let end = self
                    .0
                    .find(|c: char| !c.is_ascii_alphanumeric())
                    .unwrap_or(self.0.len());
                let tag = self.0[..end].to_ascii_lowercase();
                self.0 = &self.0[end..];
                return Some((tag, self.attributes()));
            }
        }
    }
}

impl Tags<'_> {
    /// Reads up to the tag's end.
    fn attributes(&mut self) -> Vec<(String, String)> {
        let mut attributes = Vec::new();
        loop {
            self.0 = self
                .0
                .trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if self.0.is_empty() || self.0.starts_with('>') {
                return attributes;
            }
            let end = self
                .0
                .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/'))
                .unwrap_or(self.0.len());
            let name = self.0[..end].to_ascii_lowercase();
            // A stray `=` is a name of its own, or this would never end.
            let end = if end == 0 { 1 } else { end };
            self.0 = self.0[end..].trim_start();
            let Some(rest) = self.0.strip_prefix('=') else {
                attributes.push((name, String::new()));
                continue;
            };
            let rest = rest.trim_start();
            let (value, after) = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    rest[1..].split_once(quote).unwrap_or((&rest[1..], ""))
                }
                _ => rest.split_at(
                    rest.find(|c: char| c.is_whitespace() || c == '>')
                        .unwrap_or(rest.len()),
                ),
            };
            attributes.push((name, unescaped(value)));
            self.0 = after;
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let entity = rest.split_once(';').filter(|(name, _)| name.len() <= 8);
        let character = entity.and_then(|(name, _)| match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }
        });
        match (character, entity) {
            (Some(character), Some((_, after))) => {
                plain.push(character);
                rest = after;
            }
            _ => plain.push('&'),
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn parse_reads_json_page_and_skips_odd_files() {
        let page = format!(
            r#"{{"meta": {{"api-version": "1.4"}}, "name": "a", "versions": [], "files": [
            {{"filename": "a-1-py3-none-any.whl", "url": "../f/a-1-py3-none-any.whl", "hashes": {{"sha256": "{HASH}"}}, "size": 7,
              "requires-python": ">=3.8", "yanked": "broken", "core-metadata": {{"sha256": "{HASH}"}}}},
            {{"filename": "a-2.tar.gz", "url": "https://example.org/a-2.tar.gz", "hashes": {{"sha256": "{HASH}"}}, "core-metadata": true}},
            {{"filename": "a-3-py3-none-any.whl", "url": "x", "hashes": {{"md5": "1"}}}},
            {{"filename": "a-3.exe", "url": "x", "hashes": {{"sha256": "{HASH}"}}}},
            {{"filename": "../a-3.zip", "url": "x", "hashes": {{"sha256": "{HASH}"}}}},
            {{"filename": "a-3.zip", "url": "file:///etc/a-3.zip", "hashes": {{"sha256": "{HASH}"}}}},
            {{"filename": 3}}, 4]}}"#
        );
        let files = parse(
            "https://example.org/simple/a/",
            Some("application/vnd.pypi.simple.v1+json"),
            page.as_bytes(),
        )
        .unwrap();
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(
            files[0].url,
            "https://example.org/simple/f/a-1-py3-none-any.whl"
        );
        assert!(files[0].yanked && !files[1].yanked);
        assert_eq!(
            (files[0].size, files[0].metadata),
            (Some(7), Beside::Hashed(HASH.parse().unwrap()))
        );
        assert_eq!(files[1].metadata, Beside::Bare);
        let kept = serde_json::to_string(&files).unwrap();
        assert_eq!(serde_json::from_str::<Vec<File>>(&kept).unwrap(), files);
    }

    #[test]
    fn parse_reads_html_page() {
        let page = format!(
            "<!DOCTYPE html><html><!-- <a href='a-0.zip#sha256={HASH}'> --><A class=x \
             HREF=\"/f/a-1%2Bcpu-py3-none-any.whl#sha256={HASH}\"
               data-requires-python=\"&gt;=3.8,&#60;4\" data-yanked data-core-metadata='sha256={HASH}' >a</a><br/>
             <a href='a-2.tar.gz#sha256={HASH}' data-dist-info-metadata=true>x</a><a href=a-3.zip>no hash</a><a = ></a><a href='"
        );
        let files = parse(
            "https://example.org/simple/a/",
            Some("text/html; charset=utf-8"),
            page.as_bytes(),
        )
        .unwrap();
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(files[0].file, "a-1+cpu-py3-none-any.whl");
        assert_eq!(files[0].requires_python.as_deref(), Some(">=3.8,<4"));
        assert!(files[0].yanked);
        assert_eq!(files[1].url, "https://example.org/simple/a/a-2.tar.gz");
        assert_eq!(files[1].metadata, Beside::Bare);
    }

    #[test]
    fn parse_base_leads_to_no_local_file() {
        let page =
            |base: &str| format!("<base href='{base}'><a href='a-1.zip#sha256={HASH}'>a</a>");
        let url = |from: &str, base: &str| {
            parse(from, Some("text/html"), page(base).as_bytes())
                .unwrap()
                .remove(0)
                .url
        };
        assert_eq!(
            url("https://example.org/simple/a/", "/files/"),
            "https://example.org/files/a-1.zip"
        );
        assert_eq!(
            url("https://example.org/simple/a/", "file:///etc/"),
            "https://example.org/simple/a/a-1.zip"
        );
        assert_eq!(
            url("file:///simple/a/", "file:///files/"),
            "file:///files/a-1.zip"
        );
    }

    #[test]
    fn parse_rejects_what_is_no_page() {
        assert!(
            parse("https://example.org/a/", Some("image/png"), b"")
                .unwrap_err()
                .contains("image/png")
        );
        assert!(parse("https://example.org/a/", Some("application/json"), b"{").is_err());
        assert!(
            parse("file:///simple/a/", None, b"{\"files\": []}")
                .unwrap()
                .is_empty()
        );
    }
}
