//! Asks for the addresses of a host once a run, however many connections want them at the same
//! moment.
//!
//! Some dozens of equal questions in one millisecond are more than many a resolver on a router or
//! in a container answers: those that it drops are asked again after five seconds, and an install
//! that takes one takes six.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::parallel;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::OnceCell;

/// Finds out addresses; the port is 0.
type Lookup = fn(&str) -> io::Result<Vec<SocketAddr>>;
/// A question and, once it is there, its answer. A failure is kept as its words: it is for all
/// that wait, who can't share an error.
type Question = Arc<OnceCell<Result<Vec<SocketAddr>, (io::ErrorKind, String)>>>;

/// The hosts of a run.
#[derive(Clone, Debug)]
pub(super) struct Names {
    questions: Arc<Mutex<HashMap<String, Question>>>,
    lookup: Lookup,
}

impl Default for Names {
    /// As the system resolves names.
    fn default() -> Names {
        Names::by(|host| Ok((host, 0).to_socket_addrs()?.collect()))
    }
}

impl Names {
    fn by(lookup: Lookup) -> Names {
        Names {
            questions: Arc::default(),
            lookup,
        }
    }

    fn questions(&self) -> MutexGuard<'_, HashMap<String, Question>> {
        parallel::lock(&self.questions)
    }

    /// The addresses of `host`. Whoever asks while the question is open waits for the same answer;
    /// a failure is forgotten with that.
    async fn addresses(self, host: String) -> io::Result<Vec<SocketAddr>> {
        let question = self.questions().entry(host.clone()).or_default().clone();
        let lookup = self.lookup;
        let asked = host.clone();
        let answer = question.get_or_init(|| async move {
            let found = tokio::task::spawn_blocking(move || lookup(&asked))
                .await
                .unwrap_or_else(|error| Err(io::Error::other(error)));
            found.map_err(|error| (error.kind(), error.to_string()))
        });
        answer.await.clone().map_err(|(kind, words)| {
            self.questions()
                .retain(|other, now| *other != host || !Arc::ptr_eq(now, &question));
            io::Error::new(kind, words)
        })
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.clone().addresses(name.as_str().to_string());
        Box::pin(async move { Ok(Box::new(addresses.await?.into_iter()) as Addrs) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    /// Fails the first time.
    fn lookup(host: &str) -> io::Result<Vec<SocketAddr>> {
        sleep(Duration::from_millis(20));
        match ASKED.fetch_add(1, Ordering::SeqCst) {
            0 => Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("no {host}"),
            )),
            _ => Ok(vec![([127, 0, 0, 1], 0).into()]),
        }
    }

    #[test]
    fn resolve_asks_once_for_many_and_retries_after_failure() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let names = Names::by(lookup);
        let ask = || {
            let waiting: Vec<_> = (0..50)
                .map(|_| runtime.spawn(names.resolve("example.org".parse().unwrap())))
                .collect();
            let answers = waiting
                .into_iter()
                .map(|answer| runtime.block_on(answer).unwrap());
            answers
                .map(|answer| {
                    answer
                        .map(Iterator::count)
                        .map_err(|error| error.to_string())
                })
                .collect::<Vec<_>>()
        };
        let failed: Result<usize, String> = Err("no example.org".into());
        assert_eq!(ask(), vec![failed; 50]);
        assert_eq!(ASKED.load(Ordering::SeqCst), 1);
        assert_eq!(ask(), vec![Ok(1); 50]);
        assert_eq!(ask(), vec![Ok(1); 50]);
        assert_eq!(ASKED.load(Ordering::SeqCst), 2);
    }
}
