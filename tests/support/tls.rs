//! HTTPS in front of a server on loopback, by an untrusted authority. The keys serve only these
//! tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// Certificate of the authority.
pub const AUTHORITY: &str = include_str!("tls/authority.pem");
/// Certificate of the authority for `localhost` and for a client, with its key.
pub const IDENTITY: &str = include_str!("tls/server.pem");

/// Serves the server at `plain` (`http://127.0.0.1:PORT`) over TLS; returns the address. With
/// `client` it requires a certificate of the authority.
pub fn in_front_of(plain: &str, client: bool) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_slice(IDENTITY.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(IDENTITY.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(AUTHORITY.as_bytes()).unwrap())
        .unwrap();
    let config = ServerConfig::builder();
    let config = match client {
        true => config.with_client_cert_verifier(
            WebPkiClientVerifier::builder(Arc::new(roots))
                .build()
                .unwrap(),
        ),
        false => config.with_no_client_auth(),
    };
    let config = Arc::new(config.with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = plain.trim_start_matches("http://").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, plain) = (config.clone(), plain.clone());
            std::thread::spawn(move || {
                serve(
                    StreamOwned::new(ServerConnection::new(config).ok()?, stream),
                    &plain,
                )
            });
        }
    });
    format!("https://127.0.0.1:{port}")
}

/// Forwards requests and their answers one by one.
fn serve(mut secure: StreamOwned<ServerConnection, TcpStream>, plain: &str) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            secure.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let mut there = BufReader::new(TcpStream::connect(plain).ok()?);
        there.get_mut().write_all(&head).ok()?;
        let (mut answer, mut length) = (Vec::new(), 0);
        loop {
            let start = answer.len();
            there.read_until(b'\n', &mut answer).ok()?;
            let line = String::from_utf8_lossy(&answer[start..]).to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let start = answer.len();
        answer.resize(start + length, 0);
        there.read_exact(&mut answer[start..]).ok()?;
        secure.write_all(&answer).ok()?;
        secure.flush().ok()?;
    }
}
