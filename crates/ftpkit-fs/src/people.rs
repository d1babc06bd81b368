//! The names of the system's users and groups. To ask for one may take a file or a whole directory
//! service, so answers are kept for a while, and asking is done where it holds up nobody.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use ftpkit_storage::{Names, Result};

use crate::{directory::blocking, sys};

/// How long an answer counts.
const KEPT: Duration = Duration::from_secs(300);
/// How many answers are kept of users, and how many of groups.
const MOST_KEPT: usize = 4_096;
/// How many users, and how many groups, one call asks the system for; the others have no name
/// until they are asked for again. A listing has a handful.
const MOST_ASKED: usize = 512;

#[derive(Debug, Default)]
struct Known {
    users: Table,
    groups: Table,
}

/// One for the process, as the users are the system's.
fn known() -> MutexGuard<'static, Known> {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The names of these.
pub(crate) async fn names(users: &[u32], groups: &[u32]) -> Result<Names> {
    let now = Instant::now();
    let (new_users, new_groups) = {
        let known = known();
        let users = known.users.missing(users, now);
        (users, known.groups.missing(groups, now))
    };
    let mut found = (Found::new(), Found::new());
    if !new_users.is_empty() || !new_groups.is_empty() {
        found = blocking(move || ask(new_users, new_groups)).await?;
    }
    let known = known();
    Ok(Names::new(
        known.users.answer(users, &found.0),
        known.groups.answer(groups, &found.1),
    ))
}

fn ask(users: Vec<u32>, groups: Vec<u32>) -> (Found, Found) {
    let users: Found = users.into_iter().map(|id| (id, sys::user(id))).collect();
    let groups: Found = groups.into_iter().map(|id| (id, sys::group(id))).collect();
    let now = Instant::now();
    let mut known = known();
    known.users.keep(&users, now);
    known.groups.keep(&groups, now);
    (users, groups)
}

type Found = HashMap<u32, Option<Bytes>>;

/// Names by number, and when they were asked for.
#[derive(Debug, Default)]
struct Table(HashMap<u32, (Option<Bytes>, Instant)>);

impl Table {
    /// Those of which nothing is known any more, each once.
    fn missing(&self, ids: &[u32], now: Instant) -> Vec<u32> {
        let old = |id: &u32| match self.0.get(id) {
            Some((_, asked)) => now.saturating_duration_since(*asked) >= KEPT,
            None => true,
        };
        let mut missing = Vec::new();
        let mut seen = HashSet::new();
        for &id in ids.iter().filter(|id| old(id)) {
            if missing.len() < MOST_ASKED && seen.insert(id) {
                missing.push(id);
            }
        }
        missing
    }

    fn keep(&mut self, found: &Found, now: Instant) {
        for (&id, name) in found {
            let full = self.0.len() >= MOST_KEPT;
            match self.0.entry(id) {
                Entry::Occupied(mut there) => {
                    there.insert((name.clone(), now));
                }
                Entry::Vacant(free) if !full => {
                    free.insert((name.clone(), now));
                }
                Entry::Vacant(_) => {
                    // Who asks for so many is looking for users, not at files.
                    self.0.clear();
                    self.0.insert(id, (name.clone(), now));
                }
            }
        }
    }

    fn answer(&self, ids: &[u32], found: &Found) -> Vec<Option<Bytes>> {
        let name = |id| match found.get(id) {
            Some(name) => name.clone(),
            None => self.0.get(id).and_then(|(name, _)| name.clone()),
        };
        ids.iter().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(name: &str) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(name.as_bytes()))
    }

    #[test]
    fn an_answer_counts_for_a_while_and_is_asked_for_once() {
        let mut table = Table::default();
        let start = Instant::now();
        assert_eq!(table.missing(&[1, 2, 1], start), [1, 2]);
        table.keep(&Found::from([(1, some("ann")), (2, None)]), start);
        assert!(table.missing(&[1, 2, 1], start).is_empty());
        let nothing = Found::new();
        assert_eq!(
            table.answer(&[2, 1, 3], &nothing),
            [None, some("ann"), None]
        );
        assert!(table.missing(&[1], start + KEPT / 2).is_empty());
        assert_eq!(table.missing(&[1], start + KEPT), [1]);
        table.keep(&Found::from([(1, some("bob"))]), start + KEPT);
        assert_eq!(table.answer(&[1], &nothing), [some("bob")]);
        // What was just found goes before what was kept.
        let found = Found::from([(1, some("new"))]);
        assert_eq!(table.answer(&[1], &found), [some("new")]);
    }

    #[test]
    fn neither_a_call_nor_what_is_kept_grows_without_bound() {
        let mut table = Table::default();
        let now = Instant::now();
        let all: Vec<u32> = (0..10 * MOST_KEPT as u32).collect();
        assert_eq!(table.missing(&all, now).len(), MOST_ASKED);
        for ids in all.chunks(100) {
            let found: Found = ids.iter().map(|&id| (id, some("x"))).collect();
            table.keep(&found, now);
            assert!(table.0.len() <= MOST_KEPT);
        }
    }
}
