//! What several resolutions of one run want to know: found out once, by the first who asks, while
//! the others wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::metadata::Metadata;
use super::page::File;
use super::ranges::Tail;
use crate::Context;
use crate::parallel;
use crate::store::digest::Sha256;

/// What indexes have said in this run.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The files on the page at an address; None where the index has no such page. A page that is
    /// asked for anew is another one: with the time from [`crate::Context::revalidate_before`].
    pub pages: Shared<(String, u64), Option<Arc<Vec<File>>>>,
    /// By the wheel they are of.
    pub metadata: Shared<Sha256, Arc<Metadata>>,
    /// The end of a wheel, by its address; None where the server sends no parts.
    pub tails: Shared<String, Option<Arc<Tail>>>,
    /// The commands that it brings, by the wheel.
    pub commands: Shared<Sha256, Vec<String>>,
}

impl Answers {
    /// Those of the run that `ctx` is of.
    pub(crate) fn of_run(ctx: &Context) -> Arc<Answers> {
        ctx.state(|_| Answers::default())
    }
}

/// Answers by what was asked.
#[derive(Debug)]
pub(crate) struct Shared<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    changed: Condvar,
}

#[derive(Debug)]
enum Slot<V> {
    Asked,
    Answered(V),
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Shared {
            slots: Mutex::default(),
            changed: Condvar::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shared<K, V> {
    /// The answer to `key`: a known one, else what `find` finds.
    ///
    /// # Errors
    /// Those of `find`. A failure is nobody else's answer: who has waited for it asks for itself,
    /// at once with all others that have.
    pub(crate) fn get<E>(&self, key: K, find: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let mut slots = self.slots();
        let mut waited = false;
        loop {
            match slots.get(&key) {
                Some(Slot::Answered(answer)) => return Ok(answer.clone()),
                Some(Slot::Asked) => {
                    waited = true;
                    slots = parallel::wait(&self.changed, slots);
                }
                None if waited => {
                    drop(slots);
                    return find();
                }
                None => break,
            }
        }
        slots.insert(key.clone(), Slot::Asked);
        drop(slots);
        let mut question = Question {
            shared: self,
            key,
            answer: None,
        };
        let found = find()?;
        question.answer = Some(found.clone());
        Ok(found)
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<K, Slot<V>>> {
        parallel::lock(&self.slots)
    }
}

/// Wakes those who wait when it goes, with an answer or, after an error or a panic, without.
struct Question<'s, K: Eq + Hash + Clone, V: Clone> {
    shared: &'s Shared<K, V>,
    key: K,
    answer: Option<V>,
}

impl<K: Eq + Hash + Clone, V: Clone> Drop for Question<'_, K, V> {
    fn drop(&mut self) {
        let mut slots = self.shared.slots();
        match self.answer.take() {
            Some(answer) => slots.insert(self.key.clone(), Slot::Answered(answer)),
            None => slots.remove(&self.key),
        };
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn shared_gives_answer_of_first_to_all() {
        let (shared, asked): (Shared<&str, usize>, _) = (Shared::default(), AtomicUsize::new(0));
        let find = || Ok::<_, ()>(asked.fetch_add(1, Ordering::SeqCst));
        thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| shared.get("page", find)))
                .collect();
            assert!(all.into_iter().all(|one| one.join().unwrap() == Ok(0)));
        });
        assert_eq!(shared.get("other", find), Ok(1));
    }

    #[test]
    fn shared_does_not_keep_failures() {
        let (shared, asked): (Shared<&str, usize>, _) = (Shared::default(), AtomicUsize::new(0));
        let find = |limit: usize| match asked.fetch_add(1, Ordering::SeqCst) {
            number if number < limit => Err("gone"),
            number => Ok(number),
        };
        thread::scope(|scope| {
            let all: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| shared.get("page", || find(20))))
                .collect();
            assert!(
                all.into_iter()
                    .all(|one| one.join().unwrap() == Err("gone"))
            );
        });
        assert_eq!(shared.get("page", || find(20)), Ok(20));
        assert_eq!(shared.get("page", || find(20)), Ok(20));
    }
}
