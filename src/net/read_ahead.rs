//! Reading ahead: one thread fetches and hashes, one decompresses, one writes.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes of one piece, and how many pieces may wait: two megabytes in all.
const PIECE: usize = 1 << 17;
const WAITING: usize = 16;

/// Reads `source` to its end in a thread of its own, while `consume` reads the pieces that have
/// arrived. A rest that `consume` leaves is read all the same.
pub(crate) fn to_the_end<T>(
    source: &mut (impl Read + Send),
    consume: impl FnOnce(&mut (dyn Read + Send)) -> T,
) -> T {
    read_while(source, Rest::Read, consume)
}

/// As [`to_the_end`], but the rest that `consume` leaves isn't read.
pub(crate) fn while_needed<T>(
    source: &mut (impl Read + Send),
    consume: impl FnOnce(&mut (dyn Read + Send)) -> T,
) -> T {
    read_while(source, Rest::Leave, consume)
}

/// The rest of the source, once its consumer has enough.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Read,
    Leave,
}

fn read_while<T>(
    source: &mut (impl Read + Send),
    rest: Rest,
    consume: impl FnOnce(&mut (dyn Read + Send)) -> T,
) -> T {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        scope.spawn(move || forward(source, &sender, rest));
        let mut pieces = Pieces {
            receiver,
            piece: Vec::new(),
            at: 0,
        };
        // The receiver goes before the thread is waited for: a sender without a receiver
        // doesn't wait.
        let made = consume(&mut pieces);
        drop(pieces);
        made
    })
}

fn forward(source: &mut impl Read, sender: &SyncSender<io::Result<Vec<u8>>>, rest: Rest) {
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        let end = source.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let is_last = end.is_err() || piece.is_empty();
        if !piece.is_empty() && sender.send(Ok(piece)).is_err() && rest == Rest::Leave {
            return;
        }
        if let Err(error) = end {
            let _ = sender.send(Err(error));
        }
        if is_last {
            return;
        }
    }
}

struct Pieces {
    receiver: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            match self.receiver.recv() {
                Ok(piece) => (self.piece, self.at) = (piece?, 0),
                // The sender has come to the end.
                Err(_) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_gives_all_bytes() {
        let bytes: Vec<u8> = (0..1_000_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let mut source = &bytes[..];
        let mut read = Vec::new();
        super::to_the_end(&mut source, |pieces| pieces.read_to_end(&mut read)).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn read_drains_what_consumer_leaves() {
        let bytes = vec![7; 10 << 20];
        let mut source = &bytes[..];
        let mut first = [0; 3];
        super::to_the_end(&mut source, |pieces| pieces.read_exact(&mut first)).unwrap();
        assert_eq!((first, source.len()), ([7; 3], 0));
    }

    #[test]
    fn read_as_needed_stops_with_consumer() {
        let mut source = io::repeat(7);
        let mut first = [0; 3];
        super::while_needed(&mut source, |pieces| pieces.read_exact(&mut first)).unwrap();
        assert_eq!(first, [7; 3]);
    }

    #[test]
    fn read_reports_error_after_earlier_bytes() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("cut"))
            }
        }
        let mut read = Vec::new();
        let error = super::to_the_end(&mut b"abc".chain(Failing), |pieces| {
            pieces.read_to_end(&mut read)
        })
        .unwrap_err();
        assert_eq!(
            (read.as_slice(), error.to_string().as_str()),
            (&b"abc"[..], "cut")
        );
    }
}
