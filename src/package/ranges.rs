//! Parts of a wheel on a server, read as if it were a file: its directory and what is small are had
//! without the rest.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::Context;
use crate::net::{self, Client};
use crate::package::shared::Answers;

/// Fetched from a wheel's end at once, in bytes: the directory, and in most wheels the metadata
/// before it.
const TAIL: u64 = 64 << 10;

/// A file on a server, read where it is needed.
pub(super) struct Ranges<'a> {
    client: &'a Client,
    url: &'a str,
    length: u64,
    at: u64,
    /// What is here already, from `start` on. Replaced when something else is read.
    start: u64,
    bytes: Vec<u8>,
}

/// The end of a file, as a server has sent it.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The whole file's, in bytes.
    length: u64,
    bytes: Vec<u8>,
}

impl Tail {
    fn of(client: &Client, url: &str) -> net::Result<Option<Arc<Tail>>> {
        let response = client.get_with(url, &[("Range", &format!("bytes=-{TAIL}"))])?;
        let length = match (
            response.status,
            response.header("content-range"),
            response.length,
        ) {
            (206, Some(range), _) => range
                .rsplit('/')
                .next()
                .and_then(|length| length.parse().ok()),
            // It sends all of it whatever was asked: worth reading if that is no more than the end
            // would have been.
            (200, _, Some(length)) if length <= TAIL => Some(length),
            _ => None,
        };
        let Some(length) = length else {
            return Ok(None);
        };
        let bytes = response.bytes(TAIL)?;
        Ok((bytes.len() as u64 <= length).then(|| Arc::new(Tail { length, bytes })))
    }
}

impl<'a> Ranges<'a> {
    /// None if the server sends no parts of it. Its end is asked for once a run.
    pub(super) fn open(ctx: &'a Context, url: &'a str) -> net::Result<Option<Ranges<'a>>> {
        let client = ctx.client()?;
        let tail = Answers::of_run(ctx)
            .tails
            .get(url.to_string(), || Tail::of(client, url))?;
        Ok(tail.map(|tail| {
            let start = tail.length - tail.bytes.len() as u64;
            Ranges {
                client,
                url,
                length: tail.length,
                at: 0,
                start,
                bytes: tail.bytes.clone(),
            }
        }))
    }
}

impl Read for Ranges<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        let end = self.start + self.bytes.len() as u64;
        if self.at < self.start || self.at >= end {
            // A directory that is longer than what was fetched is read front to back: take it in
            // large pieces.
            let last = (self.at + TAIL).min(self.length) - 1;
            let range = format!("bytes={}-{last}", self.at);
            let response = self
                .client
                .get_with(self.url, &[("Range", &range)])
                .map_err(io::Error::other)?;
            if response.status != 206 {
                return Err(io::Error::other("the server sends no ranges"));
            }
            let bytes = response.bytes(TAIL).map_err(io::Error::other)?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.start = self.at;
            self.bytes = bytes;
        }
        let bytes = &self.bytes;
        let from = (self.at - self.start) as usize;
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Ranges<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let target = match position {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = target
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the start"))?;
        Ok(self.at)
    }
}
