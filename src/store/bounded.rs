//! Decompression that can't go on for ever: what comes out is measured by what went in.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Honest archives of programs shrink to a fifth or so; a megabyte of gzip can hold a gigabyte of
/// zeros.
const RATIO: u64 = 20;
/// Small files may be anything.
const FREE: u64 = 64 << 20;

/// The number of bytes that so many may unpack to.
pub(crate) fn allowed(read: u64) -> u64 {
    FREE.saturating_add(read.saturating_mul(RATIO))
}

/// Counts the compressed bytes that are read through it.
pub(crate) struct Counted<'a, R> {
    pub inner: R,
    pub count: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Passes decompressed bytes on until they are far too many for the compressed ones that were
/// `read`.
pub(crate) struct Bounded<'a, R> {
    inner: R,
    read: &'a AtomicU64,
    made: u64,
}

impl<'a, R: Read> Bounded<'a, R> {
    pub(crate) fn new(inner: R, read: &'a AtomicU64) -> Bounded<'a, R> {
        Bounded {
            inner,
            read,
            made: 0,
        }
    }
}

/// Reads what is left after an archive's end: the padding. Ok(false) where it is more than that.
pub(crate) fn is_only_padding(reader: &mut (impl Read + ?Sized)) -> io::Result<bool> {
    let mut buffer = [0; 1 << 13];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(true),
            count if buffer[..count].iter().all(|byte| *byte == 0) => {}
            _ => return Ok(false),
        }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.made += count as u64;
        if self.made > allowed(self.read.load(Ordering::Relaxed)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it unpacks to far more than it should",
            ));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_stops_decompression_bombs() {
        let read = AtomicU64::new(0);
        let mut bounded = Bounded::new(io::repeat(0), &read);
        let error = io::copy(&mut bounded, &mut io::sink()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(bounded.made < FREE + (1 << 20));
    }

    #[test]
    fn is_only_padding_accepts_zeros_only() {
        let read = AtomicU64::new(0);
        assert!(is_only_padding(&mut Bounded::new(&[0; 20_000][..], &read)).unwrap());
        assert!(!is_only_padding(&mut Bounded::new(&b"\0\0x"[..], &read)).unwrap());
    }
}
