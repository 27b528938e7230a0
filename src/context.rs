//! What every verb is handed: the folders, the settings, the ears, and a client that exists once somebody needs it.

use std::sync::{Arc, OnceLock};

use crate::net::{self, Client};
use crate::report::Report;
use crate::settings::Settings;
use crate::store::paths::Paths;

/// The surroundings of one run. Cheap to make: no file is read for it but the settings, and those on first use.
pub struct Context {
    pub paths: Paths,
    pub report: Arc<dyn Report>,
    /// With `--offline` no socket is opened.
    pub offline: bool,
    settings: OnceLock<Settings>,
    client: OnceLock<Client>,
}

impl Context {
    pub fn new(paths: Paths, report: Arc<dyn Report>, offline: bool) -> Context {
        Context { paths, report, offline, settings: OnceLock::new(), client: OnceLock::new() }
    }

    /// The HTTP client. The trust store is read and the connection pool made on the first call.
    pub fn client(&self) -> Result<&Client, net::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(self.offline)?;
        Ok(self.client.get_or_init(|| client))
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

/// An environment variable; empty counts as unset, as everywhere in this field.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
