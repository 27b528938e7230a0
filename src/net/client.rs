//! The HTTP client for everything: retries with back-off, timeouts, this machine's certificate
//! store,
//! and `file:` addresses.
//!
//! Calls block; many at a time are many threads over one client, which shares its connections
//! (HTTP/2 where it can be had).

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::blocking as http;
use reqwest::header::{
    AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
    RANGE, RETRY_AFTER,
};

use url::Url;

use super::auth::{Auth, Credentials};
use super::names::Names;
use super::route::{self, Route};
use super::{Error, Result, shown};
use crate::report::{Report, Silent};
use crate::store::env::var;

/// Tries after the first. With the pauses between them, a server that is gone is noticed within two
/// seconds.
const RETRIES: u32 = 3;
/// As far as a chain of redirects is followed.
const REDIRECTS: usize = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(10);
/// Silence of this length counts as a cut connection; a slow but steady download may take as long
/// as it takes.
const SILENCE: Duration = Duration::from_secs(30);

/// The HTTP client of a run, shared by all threads.
pub struct Client {
    /// None with `--offline`: then only `file:` addresses work.
    http: Option<http::Client>,
    /// For servers whose certificates are taken as they are.
    trusting: Option<http::Client>,
    route: Route,
    auth: Arc<Auth>,
    report: Arc<dyn Report>,
}

/// The number of retries of a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    /// [`RETRIES`] times.
    Default,
    Never,
    /// Never, and the whole response has to arrive in this time.
    NeverWithin(Duration),
}

/// A response whose body is still to be read.
pub struct Response {
    /// The last address of its redirects, without credentials.
    pub url: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// Bytes still to come, where known.
    pub length: Option<u64>,
    body: Box<dyn Read + Send>,
}

impl Response {
    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The whole body, at most `limit` bytes.
    pub fn bytes(mut self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.length.unwrap_or(0).min(limit) as usize);
        let read = (&mut self).take(limit + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            let silent = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<reqwest::Error>())
                .is_some_and(is_silence);
            return Err(if silent {
                Error::Silent { url: self.url }
            } else {
                Error::Cut {
                    url: self.url,
                    reason: error.to_string(),
                }
            });
        }
        if bytes.len() as u64 > limit {
            return Err(Error::Cut {
                url: self.url,
                reason: format!("it is longer than {limit} bytes"),
            });
        }
        Ok(bytes)
    }
}

impl Read for Response {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

impl Client {
    /// A client without a proxy of its own, which reports nothing.
    ///
    /// # Errors
    /// This machine's certificate store can't be used.
    pub fn new(offline: bool, auth: Arc<Auth>) -> Result<Client> {
        Client::with_route(offline, auth, Route::default(), Arc::new(Silent))
    }

    /// A client that goes by `route`, and reports each request.
    ///
    /// # Errors
    /// As [`Client::new`], and the files and addresses of `route` can't be used.
    pub fn with_route(
        offline: bool,
        auth: Arc<Auth>,
        route: Route,
        report: Arc<dyn Report>,
    ) -> Result<Client> {
        if offline {
            return Ok(Client {
                http: None,
                trusting: None,
                route,
                auth,
                report,
            });
        }
        // Fails only if another part of the program has chosen a provider before: then that one
        // serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // In the blocking client this bounds each wait, for the head and for each read, not the
        // whole transfer.
        let silence = seconds("BOOT_READ_TIMEOUT").unwrap_or(SILENCE);
        let names = Arc::new(Names::default());
        let builder = || {
            http::Client::builder()
                .dns_resolver(names.clone())
                .user_agent(concat!("boot/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(seconds("BOOT_CONNECT_TIMEOUT").unwrap_or(CONNECT))
                .timeout(silence)
                // Followed here, so that each server gets its own credentials and nobody else's.
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(32)
                .tcp_nodelay(true)
        };
        let built = match route.apply(builder())?.build() {
            // A bare machine has none; what the user names has to be right.
            Err(_) if var("SSL_CERT_FILE").is_none() && var("SSL_CERT_DIR").is_none() => route
                .apply(builder())?
                .tls_certs_only(route::own_authorities())
                .build(),
            built => built,
        };
        let http = built.map_err(|error| Error::Client(chain(&error)))?;
        let trusting = route.trusting(builder)?;
        Ok(Client {
            http: Some(http),
            trusting,
            route,
            auth,
            report,
        })
    }

    /// Gets `url`. Any status but success is an error.
    pub fn get(&self, url: &str) -> Result<Response> {
        self.get_with(url, &[])
    }

    /// As [`Client::get`], but asks once only, and gives up where the whole answer isn't there in
    /// time: for what can be done without.
    pub fn get_within(&self, url: &str, time: Duration) -> Result<Response> {
        self.request_with(reqwest::Method::GET, url, &[], Retry::NeverWithin(time))
    }

    /// As [`Client::get_with`], but asks once only: for what nobody has asked for yet.
    pub fn get_once(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response> {
        self.request_with(reqwest::Method::GET, url, headers, Retry::Never)
    }

    /// As [`Client::get`], with headers of one's own. Who asks for what has changed may get a 304.
    pub fn get_with(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response> {
        self.request(reqwest::Method::GET, url, headers)
    }

    /// Gets `url` from byte `from` on. A server that can't do that sends all of it: see the status
    /// (206 or 200).
    pub fn get_from(&self, url: &str, from: u64) -> Result<Response> {
        let range = format!("bytes={from}-");
        self.get_with(url, &[(RANGE.as_str(), &range)])
    }

    /// True if `url` is there. An unreachable server is an error.
    pub fn exists(&self, url: &str) -> Result<bool> {
        match self.request(reqwest::Method::HEAD, url, &[]) {
            Ok(_) => Ok(true),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn request(
        &self,
        method: reqwest::Method,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response> {
        self.request_with(method, url, headers, Retry::Default)
    }

    fn request_with(
        &self,
        method: reqwest::Method,
        url: &str,
        headers: &[(&str, &str)],
        retry: Retry,
    ) -> Result<Response> {
        let url = &self.auth.strip(url);
        let mut at = Url::parse(url).map_err(|error| Error::Address {
            url: url.into(),
            reason: error.to_string(),
        })?;
        if at.scheme() == "file" {
            return read_file(url, &at, headers);
        }
        if !matches!(at.scheme(), "http" | "https") {
            return Err(Error::Address {
                url: url.into(),
                reason: format!("{} isn't http, https or file", at.scheme()),
            });
        }
        let Some(http) = &self.http else {
            return Err(Error::Offline { url: url.into() });
        };
        let headers = header_map(headers);
        for _ in 0..=REDIRECTS {
            let http = self
                .trusting
                .as_ref()
                .filter(|_| self.route.trusts(&at))
                .unwrap_or(http);
            let response = self.send(&Request {
                http,
                method: &method,
                url: &at,
                headers: &headers,
                retry,
            })?;
            match redirect_target(&response) {
                // What an address has of credentials counts for that address alone.
                Some(target) => {
                    let next = join_redirect(url, &at, target)?;
                    at = Url::parse(&self.auth.strip(next.as_str())).unwrap_or(next);
                }
                None => return Ok(into_response(&at, response)),
            }
        }
        Err(Error::Redirects {
            url: url.to_string(),
        })
    }

    /// Sends a request until it succeeds or its retries are used up. A redirect is a success.
    fn send(&self, request: &Request<'_>) -> Result<http::Response> {
        let mut retries = RetryPolicy::new(request.retry);
        let mut credentials = self.auth.of(request.url);
        let mut has_asked_keyring = false;
        loop {
            let start = Instant::now();
            let (outcome, error, pause) = match request.send_once(credentials.as_ref()) {
                Ok(response) if request.is_answered_by(&response) => {
                    self.log(request, start, response.status().as_str());
                    return Ok(response);
                }
                Ok(response) => {
                    let status = response.status();
                    if matches!(status.as_u16(), 401 | 403) && !has_asked_keyring {
                        has_asked_keyring = true;
                        let found = self.auth.ask(request.url);
                        if found.is_some() && found != credentials {
                            self.log(request, start, status.as_str());
                            credentials = found;
                            continue;
                        }
                    }
                    let error = Error::Status {
                        url: request.url.to_string(),
                        status: status.as_u16(),
                        hint: hint(status.as_u16()),
                    };
                    let pause = retries.pause_after_status(&response);
                    (status.as_str().to_string(), error, pause)
                }
                Err(error) => {
                    let reason = chain(&error);
                    let outcome = format!("failed ({reason})");
                    let host = request.url.host_str().unwrap_or(request.url.as_str());
                    let host = host.to_string();
                    let pause = retries.pause_after_error(&error);
                    (outcome, Error::Unreachable { host, reason }, pause)
                }
            };
            let Some(pause) = pause else {
                self.log(request, start, &outcome);
                return Err(error);
            };
            let again = format!("{outcome}, retried in {} ms", pause.as_millis());
            self.log(request, start, &again);
            sleep(pause);
        }
    }

    /// Reports a request, for `--verbose`.
    fn log(&self, request: &Request<'_>, start: Instant, outcome: &str) {
        self.report.step(&format!(
            "{} {} {} after {} ms",
            request.method,
            without_secrets(request.url),
            crate::report::escaped(outcome),
            start.elapsed().as_millis()
        ));
    }
}

/// A request, which follows no redirect.
struct Request<'a> {
    http: &'a http::Client,
    method: &'a reqwest::Method,
    url: &'a Url,
    headers: &'a HeaderMap,
    retry: Retry,
}

impl Request<'_> {
    fn send_once(&self, credentials: Option<&Credentials>) -> reqwest::Result<http::Response> {
        let mut headers = self.headers.clone();
        if let Some(value) =
            credentials.and_then(|known| HeaderValue::from_str(&known.header()).ok())
        {
            headers.insert(AUTHORIZATION, value);
        }
        let mut request = self
            .http
            .request(self.method.clone(), self.url.clone())
            .headers(headers);
        if let Retry::NeverWithin(time) = self.retry {
            request = request.timeout(time);
        }
        request.send()
    }

    /// The response is a success, or a redirect. A 304 answers conditional requests alone.
    fn is_answered_by(&self, response: &http::Response) -> bool {
        let status = response.status();
        let is_conditional = self.headers.contains_key(IF_NONE_MATCH)
            || self.headers.contains_key(IF_MODIFIED_SINCE);
        status.is_success() || status.is_redirection() && (status != 304 || is_conditional)
    }
}

/// The retries that a request has left, and the pause before the next one.
struct RetryPolicy {
    left: u32,
    pause: Duration,
}

impl RetryPolicy {
    fn new(retry: Retry) -> RetryPolicy {
        RetryPolicy {
            left: if retry == Retry::Default { RETRIES } else { 0 },
            pause: FIRST_PAUSE,
        }
    }

    /// The pause after a response of failure; None where it is final.
    fn pause_after_status(&mut self, response: &http::Response) -> Option<Duration> {
        if !matches!(
            response.status().as_u16(),
            408 | 429 | 500 | 502 | 503 | 504
        ) {
            return None;
        }
        let seconds = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let named = seconds.map_or(Duration::ZERO, Duration::from_secs);
        self.next_pause(named.min(LONGEST_PAUSE))
    }

    /// The pause after a request without a response; None where another one wouldn't have any.
    fn pause_after_error(&mut self, error: &reqwest::Error) -> Option<Duration> {
        // A server that was silent for so long would be so again.
        let is_final =
            error.is_redirect() || error.is_builder() || is_refused(error) || is_silence(error);
        if is_final {
            None
        } else {
            self.next_pause(Duration::ZERO)
        }
    }

    fn next_pause(&mut self, at_least: Duration) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = self.pause.max(at_least);
        self.pause = pause * 2;
        Some(pause)
    }
}

fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let valid = headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(*name).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    valid.collect()
}

/// The address that a response redirects to.
fn redirect_target(response: &http::Response) -> Option<&str> {
    match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION)?.to_str().ok(),
        _ => None,
    }
}

/// The next address of a chain that began at `start`; never from https to http.
fn join_redirect(start: &str, at: &Url, target: &str) -> Result<Url> {
    let next = at.join(target).map_err(|error| Error::Address {
        url: target.into(),
        reason: error.to_string(),
    })?;
    let is_downgrade = at.scheme() == "https" && next.scheme() == "http";
    if !matches!(next.scheme(), "http" | "https") || is_downgrade {
        return Err(Error::Address {
            url: next.to_string(),
            reason: format!("{} redirects there", shown(start)),
        });
    }
    Ok(next)
}

/// An address for a log: without its user and password, its query and its fragment.
fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.set_fragment(None);
    let has_query = url.query().is_some();
    url.set_query(None);
    let mark = if has_query { "?…" } else { "" };
    crate::report::escaped(&format!("{url}{mark}"))
}

/// A waiting time that the user set, in seconds.
fn seconds(name: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(crate::store::env::var(name)?.parse().ok()?)
        .ok()
        .filter(|time| !time.is_zero())
}

/// The connection was there, and nothing came over it for as long as we wait.
fn is_silence(error: &reqwest::Error) -> bool {
    error.is_timeout() && !error.is_connect()
}

/// A name that doesn't exist or a port that nobody listens on won't be there in a second either:
/// the caller's next address is worth more than another try.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>()
            && matches!(
                io.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::HostUnreachable
            )
        {
            return true;
        }
        let text = inner.to_string();
        if text.contains("dns error")
            || text.contains("failed to lookup")
            || text.contains("unsuccessful tunnel")
        {
            return true;
        }
        source = inner.source();
    }
    false
}

fn into_response(url: &Url, response: http::Response) -> Response {
    Response {
        url: url.to_string(),
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        length: response.content_length(),
        body: Box::new(response),
    }
}

fn read_file(url: &str, parsed: &Url, headers: &[(&str, &str)]) -> Result<Response> {
    let path: PathBuf = parsed.to_file_path().map_err(|()| Error::Address {
        url: url.into(),
        reason: "it names no path".into(),
    })?;
    let mut file = File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NoFile(path.clone()),
        _ => crate::store::Error::io("read", &path)(error).into(),
    })?;
    let data = file
        .metadata()
        .map_err(crate::store::Error::io("read", &path))?;
    if data.is_dir() {
        return Err(Error::NoFile(path));
    }
    let from = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("range"))
        .and_then(|(_, range)| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse::<u64>()
                .ok()
        })
        .unwrap_or(0);
    io::Seek::seek(&mut file, io::SeekFrom::Start(from))
        .map_err(crate::store::Error::io("read", &path))?;
    Ok(Response {
        url: url.into(),
        status: if from > 0 { 206 } else { 200 },
        headers: HeaderMap::new(),
        length: Some(data.len().saturating_sub(from)),
        body: Box::new(file),
    })
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "it wants a user and password: put them into ~/.netrc or into the address",
        404 | 410 => "there is no such file; is the name right, and the mirror complete?",
        407 => "the proxy wants a password: put it into HTTPS_PROXY",
        429 => "it asks for patience: try again in some minutes",
        500.. => "the server has a problem: try again later",
        _ => "try again later",
    }
}

/// An error and its causes in one line, without repeating the address.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = String::new();
    let mut source = error.source();
    while let Some(inner) = source {
        words = inner.to_string();
        source = inner.source();
    }
    if words.is_empty() {
        error.to_string()
    } else {
        words
    }
}
