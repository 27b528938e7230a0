//! Per-run context: paths, settings, reporter, and a lazily created HTTP client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::net::auth::Auth;
use crate::net::cache_policy::now_millis;
use crate::net::{self, Client};
use crate::package::pip::Pip;
use crate::package::shared::Answers;
use crate::report::Report;
use crate::settings::Settings;
use crate::store::paths::Paths;

/// The context of one run. Cheap to make: files are read on first use.
pub struct Context {
    pub paths: Paths,
    pub report: Arc<dyn Report>,
    /// With `--offline` no socket is opened.
    pub offline: bool,
    /// Credentials, by server.
    pub auth: Arc<Auth>,
    /// Responses of indexes in this run.
    pub answers: Answers,
    settings: OnceLock<Settings>,
    pip: OnceLock<Pip>,
    client: OnceLock<Client>,
    /// Cached index responses older than this are revalidated; in milliseconds since 1970.
    revalidate_before: AtomicU64,
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
            revalidate_before: AtomicU64::new(0),
        }
    }

    /// The HTTP client. The certificate store is read and the connection pool made on the first call.
    pub fn client(&self) -> Result<&Client, net::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::with_route(
            self.offline,
            self.auth.clone(),
            self.pip().route(),
            self.report.clone(),
        )?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Makes this run revalidate each cached index response once, fresh or not, as upgrades need.
    pub fn force_revalidation(&self) {
        self.revalidate_before
            .store(now_millis(), Ordering::Relaxed);
    }

    /// The time before which no cached index response counts as fresh, in milliseconds since 1970.
    pub fn revalidate_before(&self) -> u64 {
        self.revalidate_before.load(Ordering::Relaxed)
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
