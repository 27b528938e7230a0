//! What every verb is handed: the folders, the settings, the ears, and a client that exists once
//! somebody needs it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::net::auth::Auth;
use crate::net::{self, Client};
use crate::package::pip::Pip;
use crate::package::shared::Answers;
use crate::report::Report;
use crate::settings::Settings;
use crate::store::paths::Paths;

/// The surroundings of one run. Cheap to make: no file is read for it but the settings, and those
/// on first use.
pub struct Context {
    pub paths: Paths,
    pub report: Arc<dyn Report>,
    /// With `--offline` no socket is opened.
    pub offline: bool,
    /// Whom to be on which server.
    pub auth: Arc<Auth>,
    /// What indexes have said in this run.
    pub answers: Answers,
    settings: OnceLock<Settings>,
    pip: OnceLock<Pip>,
    client: OnceLock<Client>,
    /// What an index said before this time, in milliseconds since 1970, is asked again.
    anew_before: AtomicU64,
}

impl Context {
    pub fn new(paths: Paths, report: Arc<dyn Report>, offline: bool) -> Context {
        let auth = Arc::new(Auth::new(paths.home.join(".netrc")));
        Context {
            paths,
            report,
            offline,
            auth,
            answers: Answers::default(),
            settings: OnceLock::new(),
            pip: OnceLock::new(),
            client: OnceLock::new(),
            anew_before: AtomicU64::new(0),
        }
    }

    /// The HTTP client. The trust store is read and the connection pool made on the first call.
    pub fn client(&self) -> Result<&Client, net::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::by(self.offline, self.auth.clone(), self.pip().route())?;
        Ok(self.client.get_or_init(|| client))
    }

    /// From now on indexes are asked again, once each, though they said not long ago what they
    /// have: who upgrades wants the news.
    pub fn ask_anew(&self) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        self.anew_before.store(now, Ordering::Relaxed);
    }

    /// Before this time, in milliseconds since 1970, nothing counts as fresh.
    pub fn anew_before(&self) -> u64 {
        self.anew_before.load(Ordering::Relaxed)
    }

    /// pip's configuration, read on first use.
    pub fn pip(&self) -> &Pip {
        self.pip.get_or_init(|| Pip::read(&self.paths))
    }

    /// The user's settings, read on first use.
    pub fn settings(&self) -> Result<&Settings, crate::settings::Error> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::read(&self.paths.config.join("config.toml"))?;
        Ok(self.settings.get_or_init(|| settings))
    }
}
