//! Users and passwords: from addresses, netrc, and keyring's command. They are taken out of an
//! address at the door and kept here for the run, so that no receipt, no log and no error can have
//! one; the client asks here for each request, and for each redirect anew.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use base64::Engine;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::parallel;
use crate::store::env::var;

/// A user, and what proves it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Credentials known in this run.
#[derive(Debug, Default)]
pub struct Auth {
    /// `~/.netrc`, where NETRC names no other.
    netrc_file: Option<PathBuf>,
    netrc: OnceLock<Vec<Machine>>,
    /// From addresses; `Err` is a user whose password is to be asked for.
    known: Mutex<Vec<(Url, Result<Credentials, String>)>>,
    /// Answers of keyring, by origin.
    asked: Mutex<Vec<(String, Option<Credentials>)>>,
}

/// An entry of a netrc file.
#[derive(Debug)]
pub struct Machine {
    /// None for `default`.
    pub host: Option<String>,
    pub credentials: Credentials,
}

impl Auth {
    /// `netrc_file` is the user's; it is read when the first request needs it.
    pub fn new(netrc_file: PathBuf) -> Auth {
        Auth {
            netrc_file: Some(netrc_file),
            ..Auth::default()
        }
    }

    /// The address without user and password, which are remembered for it and what lies beside it.
    /// `git+` and what else stands before the scheme stays; so does the user of ssh, who is no
    /// secret.
    pub fn strip(&self, address: &str) -> String {
        let plain = address.strip_prefix("git+").unwrap_or(address);
        let Ok(url) = Url::parse(plain) else {
            return address.into();
        };
        if !matches!(url.scheme(), "http" | "https")
            || (url.username().is_empty() && url.password().is_none())
        {
            return super::without_credentials(address);
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decoded(url.username());
        let found = match url.password() {
            Some(password) => Ok(Credentials {
                user,
                password: decoded(password),
            }),
            None => Err(user),
        };
        let stripped = super::without_credentials(address);
        if let Ok(place) = Url::parse(stripped.strip_prefix("git+").unwrap_or(&stripped)) {
            let mut known = parallel::lock(&self.known);
            known.retain(|(other, _)| *other != place);
            known.push((place, found));
        }
        stripped
    }

    /// The credentials for `url`, without asking keyring: from an address of the same origin, else
    /// from
    /// netrc.
    pub fn of(&self, url: &Url) -> Option<Credentials> {
        let known = match self.known(url) {
            Some(Ok(credentials)) => Some(credentials),
            // A user alone: netrc may have the password.
            Some(Err(user)) => self.netrc(url).filter(|found| found.user == user),
            None => self.netrc(url),
        };
        known.or_else(|| {
            let asked = parallel::lock(&self.asked);
            asked
                .iter()
                .find(|(origin, _)| *origin == super::origin(url.as_str()))
                .and_then(|(_, found)| found.clone())
        })
    }

    /// Asks keyring's command for `url`, once the server has refused those of [`Auth::of`].
    /// Asked once an origin.
    pub fn ask(&self, url: &Url) -> Option<Credentials> {
        let origin = super::origin(url.as_str());
        let mut asked = parallel::lock(&self.asked);
        if let Some((_, found)) = asked.iter().find(|(other, _)| *other == origin) {
            return found.clone();
        }
        let user = self.known(url).and_then(Result::err);
        let found = keyring(url, user.as_deref());
        asked.push((origin, found.clone()));
        found
    }

    /// The value of an Authorization header for `url`, if anybody is known there.
    pub fn basic(&self, url: &str) -> Option<String> {
        self.of(&Url::parse(url).ok()?)
            .map(|credentials| credentials.header())
    }

    /// The nearest of what addresses said: of the same origin, with the longest common path.
    fn known(&self, url: &Url) -> Option<Result<Credentials, String>> {
        let known = parallel::lock(&self.known);
        let common = |place: &Url| {
            place
                .path()
                .bytes()
                .zip(url.path().bytes())
                .take_while(|(a, b)| a == b)
                .count()
        };
        let here = known
            .iter()
            .filter(|(place, _)| place.origin() == url.origin());
        here.max_by_key(|(place, _)| common(place))
            .map(|(_, found)| found.clone())
    }

    fn netrc(&self, url: &Url) -> Option<Credentials> {
        let machines = self.netrc.get_or_init(|| {
            let file = var("NETRC")
                .map(PathBuf::from)
                .or_else(|| self.netrc_file.clone());
            file.and_then(|file| fs::read_to_string(file).ok())
                .map(|text| machines(&text))
                .unwrap_or_default()
        });
        let host = url.host_str()?;
        let named = machines
            .iter()
            .find(|machine| machine.host.as_deref() == Some(host));
        named
            .or_else(|| machines.iter().find(|machine| machine.host.is_none()))
            .map(|machine| machine.credentials.clone())
    }
}

impl Credentials {
    pub fn header(&self) -> String {
        let pair = format!("{}:{}", self.user, self.password);
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        )
    }
}

/// Reads the machines of a netrc file. `account` and `macdef` have no meaning here.
pub fn machines(text: &str) -> Vec<Machine> {
    let mut found: Vec<Machine> = Vec::new();
    let mut words = Words(text);
    while let Some(word) = words.next() {
        let host = match word.as_str() {
            "machine" => words.next(),
            "default" => None,
            "login" | "user" | "password" => {
                if let (Some(machine), Some(value)) = (found.last_mut(), words.next()) {
                    let part = if word == "password" {
                        &mut machine.credentials.password
                    } else {
                        &mut machine.credentials.user
                    };
                    *part = value;
                }
                continue;
            }
            "account" => {
                words.next();
                continue;
            }
            "macdef" => {
                words.skip_macro();
                continue;
            }
            _ => continue,
        };
        found.push(Machine {
            host,
            credentials: Credentials {
                user: String::new(),
                password: String::new(),
            },
        });
    }
    found
}

/// The words of a netrc file: a `#` at a line's start or after a blank begins a comment, quotes
/// hold blanks together.
struct Words<'a>(&'a str);

impl Words<'_> {
    /// A macro goes on to the next empty line.
    fn skip_macro(&mut self) {
        self.0 = self.0.find("\n\n").map_or("", |at| &self.0[at..]);
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            self.0 = self.0.trim_start();
            if !self.0.starts_with('#') {
                break;
            }
            self.0 = self.0.find('\n').map_or("", |at| &self.0[at..]);
        }
        if self.0.is_empty() {
            return None;
        }
        let mut word = String::new();
        let quoted = self.0.starts_with('"');
        let mut characters = self.0.char_indices().skip(usize::from(quoted));
        let mut end = self.0.len();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' if quoted => {
                    end = at + 1;
                    break;
                }
                '\\' if quoted => word.extend(characters.next().map(|(_, next)| next)),
                _ if !quoted && character.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => word.push(character),
            }
        }
        self.0 = &self.0[end..];
        Some(word)
    }
}

/// Asks `keyring`, as pip and uv do: only where one of them is told to, or an address names a user
/// without a password.
fn keyring(url: &Url, user: Option<&str>) -> Option<Credentials> {
    let provider = var("UV_KEYRING_PROVIDER").or_else(|| var("PIP_KEYRING_PROVIDER"));
    match provider.as_deref() {
        Some("disabled") => return None,
        Some("subprocess" | "import") => {}
        _ if user.is_none() => return None,
        _ => {}
    }
    let run = |arguments: &[&str]| {
        let output = Command::new("keyring")
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty())
            .then(|| text.trim_end_matches(['\r', '\n']).to_string())
    };
    let host = url.host_str()?;
    let services = [url.as_str(), host];
    match user {
        Some(user) => {
            let password = services
                .iter()
                .find_map(|service| run(&["get", service, user]))?;
            Some(Credentials {
                user: user.into(),
                password,
            })
        }
        None => {
            let text = services
                .iter()
                .find_map(|service| run(&["--mode", "creds", "get", service]))?;
            let (user, password) = text.split_once('\n')?;
            Some(Credentials {
                user: user.trim_end_matches('\r').into(),
                password: password.into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn pair(found: Option<Credentials>) -> Option<(String, String)> {
        found.map(|found| (found.user, found.password))
    }

    #[test]
    fn auth_strips_passwords_and_keeps_them_per_server() {
        let auth = Auth::default();
        assert_eq!(
            auth.strip("https://me:s%40crt@h.example/a/simple/"),
            "https://h.example/a/simple/"
        );
        assert_eq!(
            auth.strip("git+https://token@h.example/b"),
            "git+https://h.example/b"
        );
        assert_eq!(
            auth.strip("git+ssh://git@h.example/b"),
            "git+ssh://git@h.example/b"
        );
        let me = Some(("me".into(), "s@crt".into()));
        assert_eq!(pair(auth.of(&url("https://h.example/a/files/x.whl"))), me);
        assert_eq!(
            pair(auth.of(&url("https://h.example:444/a/simple/"))),
            None,
            "another port is another server"
        );
        assert_eq!(
            pair(auth.of(&url("http://h.example/a/simple/"))),
            None,
            "never in the clear"
        );
        assert_eq!(pair(auth.of(&url("https://other.example/a/simple/"))), None);
        assert!(!format!("{auth:?}").contains("crt"));
    }

    #[test]
    fn auth_reads_netrc_as_curl_and_pip_do() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("netrc");
        let text = "# machine no.example login x password x\n\
                    machine a.example\n  login me\n  password \"p w\\\"\"\n\
                    macdef init\nmachine fake\n\nmachine b.example account z login you password#1 \
                    # said\ndefault login any password thing\n";
        fs::write(&file, text).unwrap();
        let auth = Auth::new(file);
        assert_eq!(
            pair(auth.of(&url("https://a.example/x"))),
            Some(("me".into(), "p w\"".into()))
        );
        assert_eq!(
            pair(auth.of(&url("https://fake/x"))),
            Some(("any".into(), "thing".into()))
        );
        assert_eq!(
            auth.basic("https://a.example/").unwrap(),
            "Basic bWU6cCB3Ig=="
        );
        assert_eq!(
            machines("machine a login b password c#d")[0]
                .credentials
                .password,
            "c#d"
        );
        assert!(machines("password x login y machine").len() == 1);
    }
}
