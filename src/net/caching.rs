//! How long an answer may be used without asking again (RFC 9111), for a cache that belongs to one
//! user.
//!
//! Proxies strip headers: what isn't said is guessed, and what can't be asked about is fetched
//! whole.

use std::collections::BTreeMap;

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::store::digest::Sha256;

/// How long an answer is taken as it is, in seconds, where the server says nothing of it.
const FRESH: u64 = 600;
/// A server that says a year would hide releases.
const FRESH_AT_MOST: u64 = 3600;
/// What decides, of all that an answer has.
const HEADERS: [&str; 8] = [
    "age",
    "cache-control",
    "date",
    "etag",
    "expires",
    "last-modified",
    "pragma",
    "vary",
];

/// What a server said of one answer, as a cache keeps it beside the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// When it came, in milliseconds since 1970.
    pub fetched: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Of what the request said beside what every request of boot says: see `Vary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<Sha256>,
}

impl Said {
    /// From an answer that has come at `now`, in milliseconds since 1970. `authorization` is what
    /// the request had.
    pub(crate) fn of(headers: &HeaderMap, now: u64, authorization: Option<&str>) -> Said {
        let joined = |name: &&str| -> Option<(String, String)> {
            let values: Vec<&str> = headers
                .get_all(*name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            (!values.is_empty()).then(|| (name.to_string(), values.join(", ")))
        };
        Said {
            fetched: now,
            headers: HEADERS.iter().filter_map(joined).collect(),
            asked: authorization.map(|value| Sha256::of(value.as_bytes())),
        }
    }

    /// As it is after the server has said "not changed": what that answer says counts, what it
    /// leaves out stays. RFC 9111, 4.3.4.
    pub(crate) fn refreshed(mut self, by: Said) -> Said {
        // These tell when an answer was made, and the old one isn't the one that counts now.
        self.headers
            .retain(|name, _| name != "age" && name != "date");
        self.headers.extend(by.headers);
        Said {
            fetched: by.fetched,
            asked: by.asked,
            headers: self.headers,
        }
    }

    /// Whether it may be kept at all.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.directive("no-store").is_none()
    }

    /// Whether it may be used at `now` without asking. A clock that was set back makes an answer
    /// old, not eternal.
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        self.fetched <= now && (now - self.fetched) / 1000 + self.age() < self.lifetime()
    }

    /// Whether it may be used where the server can't be asked, though it isn't fresh any more.
    pub(crate) fn may_be_stale(&self) -> bool {
        self.directive("must-revalidate").is_none() && self.directive("no-cache").is_none()
    }

    /// Whether it is the answer to a request with this `authorization`, which is looked for only if
    /// the server says that answers differ by it.
    pub(crate) fn is_for(&self, authorization: impl FnOnce() -> Option<String>) -> bool {
        let vary = self.header("vary").unwrap_or("");
        !vary
            .split(',')
            .any(|name| name.trim().eq_ignore_ascii_case("authorization"))
            || self.asked == authorization().map(|value| Sha256::of(value.as_bytes()))
    }

    /// Headers by which to ask whether it is still right; none where the server gave no handle.
    pub(crate) fn conditions(&self) -> Vec<(&'static str, &str)> {
        let etag = self.header("etag").map(|value| ("If-None-Match", value));
        let modified = self
            .header("last-modified")
            .map(|value| ("If-Modified-Since", value));
        etag.into_iter().chain(modified).collect()
    }

    /// Seconds that it is fresh from when it was made. RFC 9111, 4.2.1 and 4.2.2.
    fn lifetime(&self) -> u64 {
        let any = |name: &str| {
            self.header(name)
                .is_some_and(|value| value.split(',').any(|part| part.trim() == "*"))
        };
        if self.directive("no-cache").is_some() || any("vary") {
            return 0;
        }
        if let Some(seconds) = self.directive("max-age") {
            // A number that is none means that the answer is old.
            return seconds
                .trim_matches('"')
                .parse::<u64>()
                .unwrap_or(0)
                .min(FRESH_AT_MOST);
        }
        let made = self.time("date").unwrap_or(self.fetched / 1000);
        if self.header("expires").is_some() {
            return self
                .time("expires")
                .unwrap_or(0)
                .saturating_sub(made)
                .min(FRESH_AT_MOST);
        }
        if self.header("cache-control").is_none()
            && self
                .header("pragma")
                .is_some_and(|value| value.to_ascii_lowercase().contains("no-cache"))
        {
            return 0;
        }
        // What changed a minute ago will change again soon; what didn't for years may have done so
        // now.
        self.time("last-modified").map_or(FRESH, |modified| {
            (made.saturating_sub(modified) / 10).min(FRESH)
        })
    }

    /// Seconds that it was old when it came. RFC 9111, 4.2.3.
    fn age(&self) -> u64 {
        let said = self
            .header("age")
            .and_then(|value| value.split(',').next()?.trim().parse::<u64>().ok())
            .unwrap_or(0);
        let apparent = self
            .time("date")
            .map_or(0, |date| (self.fetched / 1000).saturating_sub(date));
        said.max(apparent)
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The value of a directive of Cache-Control, empty where it has none.
    fn directive(&self, name: &str) -> Option<&str> {
        self.header("cache-control")?.split(',').find_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// A header's time, in seconds since 1970.
    fn time(&self, name: &str) -> Option<u64> {
        let time = DateTimeParser::new()
            .relaxed_weekday(true)
            .parse_timestamp(self.header(name)?)
            .ok()?;
        u64::try_from(time.as_second()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14 22:13:20.
    const NOW: u64 = 1_700_000_000_000;

    fn said(headers: &[(&'static str, &str)]) -> Said {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Said::of(&headers, NOW, None)
    }

    /// Seconds for which it is fresh.
    fn fresh(headers: &[(&'static str, &str)]) -> u64 {
        let said = said(headers);
        (0..=4000)
            .find(|seconds| !said.is_fresh(NOW + seconds * 1000))
            .unwrap()
    }

    #[test]
    fn freshness_follows_server_up_to_limit() {
        assert_eq!(fresh(&[]), FRESH);
        assert_eq!(fresh(&[("cache-control", "public, Max-Age=60")]), 60);
        assert_eq!(
            fresh(&[("cache-control", "max-age=31536000, immutable")]),
            FRESH_AT_MOST
        );
        assert_eq!(fresh(&[("cache-control", "max-age=60, no-cache")]), 0);
        assert_eq!(fresh(&[("cache-control", "max-age=soon")]), 0);
        assert_eq!(
            fresh(&[("cache-control", "public"), ("pragma", "no-cache")]),
            FRESH
        );
        assert_eq!(fresh(&[("pragma", "no-cache")]), 0);
        assert_eq!(fresh(&[("vary", "*"), ("cache-control", "max-age=60")]), 0);
        assert_eq!(fresh(&[("expires", "0")]), 0);
    }

    #[test]
    fn freshness_subtracts_time_in_transit() {
        assert_eq!(fresh(&[("cache-control", "max-age=60"), ("age", "20")]), 40);
        assert_eq!(fresh(&[("cache-control", "max-age=60"), ("age", "80")]), 0);
        let date = ("date", "Tue, 14 Nov 2023 22:13:10 GMT");
        assert_eq!(fresh(&[("cache-control", "max-age=60"), date]), 50);
        assert_eq!(
            fresh(&[("expires", "Tue, 14 Nov 2023 22:13:40 GMT"), date]),
            20
        );
        assert_eq!(
            fresh(&[("last-modified", "Tue, 14 Nov 2023 22:11:40 GMT")]),
            10
        );
        assert_eq!(
            fresh(&[("last-modified", "Tue, 14 Nov 2000 22:11:40 GMT")]),
            FRESH
        );
        assert!(!said(&[]).is_fresh(NOW - 1), "a clock that was set back");
    }

    #[test]
    fn refreshed_takes_new_lifetime_and_keeps_etag() {
        let old = said(&[
            ("etag", "\"a\""),
            ("cache-control", "max-age=60"),
            ("age", "50"),
        ]);
        let by = Said {
            fetched: NOW + 90_000,
            ..said(&[("cache-control", "max-age=30")])
        };
        let new = old.refreshed(by);
        assert!(new.is_fresh(NOW + 119_000) && !new.is_fresh(NOW + 120_000));
        assert_eq!(new.conditions(), [("If-None-Match", "\"a\"")]);
    }

    #[test]
    fn vary_and_no_store_restrict_reuse() {
        let of = |vary: &'static str| {
            Said::of(
                &[("vary".parse().unwrap(), vary.parse().unwrap())]
                    .into_iter()
                    .collect(),
                NOW,
                Some("Basic a"),
            )
        };
        assert!(of("Accept, Accept-Encoding").is_for(|| None));
        assert!(
            of("Accept, Authorization").is_for(|| Some("Basic a".into()))
                && !of("authorization").is_for(|| Some("Basic b".into()))
        );
        assert!(!said(&[("cache-control", "private, no-store")]).may_be_kept());
        assert!(
            !said(&[("cache-control", "max-age=1,must-revalidate")]).may_be_stale()
                && said(&[]).may_be_stale()
        );
    }
}
