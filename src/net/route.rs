//! The way to servers, where it isn't the usual one: certificates, a proxy, hosts that need
//! prove nothing.

use std::path::{Path, PathBuf};

use reqwest::blocking::{Client, ClientBuilder};
use reqwest::{Certificate, Identity, NoProxy, Proxy};
use url::Url;

use super::{Error, Result};
use crate::store::env::var;

/// The certificates of a distribution: named by many variables, and trusted anyway.
const USUAL: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The authorities that browsers trust, for machines without a trust store of their own: small
/// containers, a Debian before its first package.
pub(crate) fn own_authorities() -> Vec<Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect()
}

/// The user's configuration of it. The default is the usual way.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// A PEM file of authorities that are trusted beside those of the system.
    pub cert: Option<PathBuf>,
    /// A PEM file with a certificate and its key, for servers that ask for one.
    pub client_cert: Option<PathBuf>,
    /// The proxy for everything, instead of those that the environment names.
    pub proxy: Option<String>,
    /// `host` or `host:port`, whose certificates are taken as they are.
    pub trusted_hosts: Vec<String>,
}

impl Route {
    /// Applies all but the trusted hosts to a client in the making.
    ///
    /// # Errors
    /// A file that is named can't be read, or isn't what it should be; the proxy's address is none.
    pub fn apply(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        let wrong = |what: &str, path: &Path, reason: String| Error::Route {
            what: format!("{what} {}", path.display()),
            reason,
        };
        let is_usual = |path: &Path| {
            path == Path::new(USUAL)
                || var("SSL_CERT_FILE").is_some_and(|file| path == Path::new(&file))
        };
        if let Some(path) = self.cert.as_deref().filter(|path| !is_usual(path)) {
            let bytes =
                std::fs::read(path).map_err(|error| wrong("cert", path, error.to_string()))?;
            let certificates = Certificate::from_pem_bundle(&bytes)
                .map_err(|_| wrong("cert", path, "it isn't a PEM file of certificates".into()))?;
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(path) = &self.client_cert {
            let bytes = std::fs::read(path)
                .map_err(|error| wrong("client-cert", path, error.to_string()))?;
            let identity = Identity::from_pem(&bytes).map_err(|_| {
                wrong(
                    "client-cert",
                    path,
                    "it isn't a PEM file with a certificate and its key".into(),
                )
            })?;
            builder = builder.identity(identity);
        }
        if let Some(address) = &self.proxy {
            // Its password is nobody's business.
            let proxy = Proxy::all(address).map_err(|_| Error::Route {
                what: "proxy".into(),
                reason: "it isn't an address".into(),
            })?;
            builder = builder.proxy(proxy.no_proxy(NoProxy::from_env()));
        }
        Ok(builder)
    }

    /// True if the server at `url` need prove nothing.
    pub fn trusts(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let port = url.port_or_known_default();
        self.trusted_hosts
            .iter()
            .any(|trusted| match trusted.rsplit_once(':') {
                Some((name, number)) if number.parse::<u16>().is_ok() => {
                    name == host && number.parse().ok() == port
                }
                _ => trusted == host,
            })
    }

    /// The client for such servers, if there may be any.
    ///
    /// # Errors
    /// As [`Route::apply`].
    pub fn trusting(&self, builder: impl Fn() -> ClientBuilder) -> Result<Option<Client>> {
        if self.trusted_hosts.is_empty() {
            return Ok(None);
        }
        let builder = self.apply(builder())?.tls_danger_accept_invalid_certs(true);
        builder
            .build()
            .map(Some)
            .map_err(|error| Error::Client(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_authorities_are_all_usable() {
        let own = own_authorities();
        assert!(own.len() > 100, "{}", own.len());
        assert_eq!(own.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().tls_certs_only(own).build().unwrap();
    }
}
