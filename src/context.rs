//! Per-run context: paths, settings, reporter, and a lazily created HTTP client.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::net::auth::Auth;
use crate::net::cache_policy::now_millis;
use crate::net::route::Route;
use crate::net::{self, Client};
use crate::parallel;
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
    settings: OnceLock<Settings>,
    route: fn(&Context) -> Route,
    client: OnceLock<Client>,
    /// See [`Context::state`].
    state: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
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
            settings: OnceLock::new(),
            route: |_| Route::default(),
            client: OnceLock::new(),
            state: Mutex::default(),
            revalidate_before: AtomicU64::new(0),
        }
    }

    /// The HTTP client. The certificate store is read and the connection pool made on the first
    /// call.
    pub fn client(&self) -> Result<&Client, net::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::with_route(
            self.offline,
            self.auth.clone(),
            (self.route)(self),
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

    /// This context with a way to find out how servers are reached; asked on the first request.
    pub fn with_route(self, route: fn(&Context) -> Route) -> Context {
        Context { route, ..self }
    }

    /// State that a layer above shares within one run: the value of its type, made on first use.
    pub fn state<T: Any + Send + Sync>(&self, make: impl FnOnce(&Paths) -> T) -> Arc<T> {
        let mut state = parallel::lock(&self.state);
        if let Some(found) = state
            .iter()
            .find_map(|value| value.clone().downcast::<T>().ok())
        {
            return found;
        }
        let made = Arc::new(make(&self.paths));
        state.push(made.clone());
        made
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
