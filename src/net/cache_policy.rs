//! The cache policy of HTTP responses (RFC 9111), for a cache that belongs to one user.
//!
//! Proxies strip headers: a missing lifetime is guessed, and a response without a validator is
//! fetched whole.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::store::digest::Sha256;

/// The lifetime of a response in seconds, where the server names none.
const FRESH: u64 = 600;
/// The longest lifetime: a server that says a year would hide releases.
const FRESH_AT_MOST: u64 = 3600;
/// The headers that decide.
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

/// The cache policy of one response, kept beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CachePolicy {
    /// The time of its arrival, in milliseconds since 1970.
    pub fetched: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The hash of the request's Authorization header, for `Vary`.
    #[serde(default, rename = "asked", skip_serializing_if = "Option::is_none")]
    authorization_hash: Option<Sha256>,
}

impl CachePolicy {
    /// Reads the policy of a response that came at `now`, in milliseconds since 1970.
    /// `authorization` is the request's.
    pub(crate) fn from_headers(
        headers: &HeaderMap,
        now: u64,
        authorization: Option<&str>,
    ) -> CachePolicy {
        let joined = |name: &&str| -> Option<(String, String)> {
            let values: Vec<&str> = headers
                .get_all(*name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .collect();
            (!values.is_empty()).then(|| (name.to_string(), values.join(", ")))
        };
        CachePolicy {
            fetched: now,
            headers: HEADERS.iter().filter_map(joined).collect(),
            authorization_hash: authorization.map(|value| Sha256::of(value.as_bytes())),
        }
    }

    /// The policy after a 304: its headers replace those from before. RFC 9111, 4.3.4.
    pub(crate) fn refreshed(mut self, by: CachePolicy) -> CachePolicy {
        // These tell when an answer was made, and the old one isn't the one that counts now.
        self.headers
            .retain(|name, _| name != "age" && name != "date");
        self.headers.extend(by.headers);
        CachePolicy {
            fetched: by.fetched,
            authorization_hash: by.authorization_hash,
            headers: self.headers,
        }
    }

    /// The response may be kept at all.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.directive("no-store").is_none()
    }

    /// The response may be used at `now` without revalidation. A clock that was set back makes a
    /// response old, not eternal.
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        self.fetched <= now && (now - self.fetched) / 1000 + self.age() < self.lifetime()
    }

    /// The response may be used when no longer fresh, if the server is unreachable.
    pub(crate) fn may_be_stale(&self) -> bool {
        self.directive("must-revalidate").is_none() && self.directive("no-cache").is_none()
    }

    /// The response answers a request with this `authorization`, which is looked for only if the
    /// server varies by it.
    pub(crate) fn is_for(&self, authorization: impl FnOnce() -> Option<String>) -> bool {
        let vary = self.header("vary").unwrap_or("");
        !vary
            .split(',')
            .any(|name| name.trim().eq_ignore_ascii_case("authorization"))
            || self.authorization_hash == authorization().map(|value| Sha256::of(value.as_bytes()))
    }

    /// The headers of a conditional request; none without a validator.
    pub(crate) fn conditions(&self) -> Vec<(&'static str, &str)> {
        let etag = self.header("etag").map(|value| ("If-None-Match", value));
        let modified = self
            .header("last-modified")
            .map(|value| ("If-Modified-Since", value));
        etag.into_iter().chain(modified).collect()
    }

    /// The lifetime in seconds, from its making. RFC 9111, 4.2.1 and 4.2.2.
    fn lifetime(&self) -> u64 {
        let any = |name: &str| {
            self.header(name)
                .is_some_and(|value| value.split(',').any(|part| part.trim() == "*"))
        };
        if self.directive("no-cache").is_some() || any("vary") {
            return 0;
        }
        if let Some(seconds) = self.directive("max-age") {
            // An invalid number means that the response is old.
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

    /// The age in seconds on arrival. RFC 9111, 4.2.3.
    fn age(&self) -> u64 {
        let named = self
            .header("age")
            .and_then(|value| value.split(',').next()?.trim().parse::<u64>().ok())
            .unwrap_or(0);
        let apparent = self
            .time("date")
            .map_or(0, |date| (self.fetched / 1000).saturating_sub(date));
        named.max(apparent)
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

/// The current time in milliseconds since 1970.
pub(crate) fn now_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14 22:13:20.
    const NOW: u64 = 1_700_000_000_000;

    fn policy(headers: &[(&'static str, &str)]) -> CachePolicy {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        CachePolicy::from_headers(&headers, NOW, None)
    }

    /// Seconds for which it is fresh.
    fn fresh(headers: &[(&'static str, &str)]) -> u64 {
        let policy = policy(headers);
        (0..=4000)
            .find(|seconds| !policy.is_fresh(NOW + seconds * 1000))
            .unwrap()
    }

    #[test]
    fn is_fresh_follows_server_up_to_limit() {
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
    fn is_fresh_subtracts_time_in_transit() {
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
        assert!(!policy(&[]).is_fresh(NOW - 1), "a clock that was set back");
    }

    #[test]
    fn refreshed_takes_new_lifetime_and_keeps_etag() {
        let old = policy(&[
            ("etag", "\"a\""),
            ("cache-control", "max-age=60"),
            ("age", "50"),
        ]);
        let by = CachePolicy {
            fetched: NOW + 90_000,
            ..policy(&[("cache-control", "max-age=30")])
        };
        let new = old.refreshed(by);
        assert!(new.is_fresh(NOW + 119_000) && !new.is_fresh(NOW + 120_000));
        assert_eq!(new.conditions(), [("If-None-Match", "\"a\"")]);
    }

    #[test]
    fn is_for_and_may_be_kept_respect_headers() {
        let of = |vary: &'static str| {
            CachePolicy::from_headers(
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
        assert!(!policy(&[("cache-control", "private, no-store")]).may_be_kept());
        assert!(
            !policy(&[("cache-control", "max-age=1,must-revalidate")]).may_be_stale()
                && policy(&[]).may_be_stale()
        );
    }
}
