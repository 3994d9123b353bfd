//! What was worked out for earlier rows: a tree's values depend on its outcomes alone.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Values by outcomes, shared by all threads and kept from call to call.
///
/// It cannot change a result: values are a pure function of the outcomes. It only grows, up
/// to its bound; past it, values are worked out and not kept.
#[derive(Debug)]
pub(crate) struct Memo {
    entries: RwLock<HashMap<u64, Box<[f64]>>>,
    max_entries: usize,
}

impl Memo {
    /// An empty memo for values of `n_slots` columns that may take about `max_bytes`.
    pub(crate) fn new(n_slots: usize, max_bytes: usize) -> Self {
        // The key, the box and the map's own bytes come to about 48 beside the values.
        let entry_bytes = n_slots * size_of::<f64>() + 48;
        Self {
            entries: RwLock::new(HashMap::new()),
            max_entries: max_bytes / entry_bytes,
        }
    }

    /// Calls `found` with each known key's place and values; returns the places of the rest.
    fn look_up(&self, keys: &[u64], mut found: impl FnMut(usize, &[f64])) -> Vec<usize> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let mut missing = Vec::new();
        for (place, key) in keys.iter().enumerate() {
            match entries.get(key) {
                Some(values) => found(place, values),
                None => missing.push(place),
            }
        }
        missing
    }

    /// Calls `add` once per key with its values. `prepare` is called when some are not known;
    /// what it returns works out one key's values.
    pub(crate) fn add_all<F: FnMut(u64) -> Box<[f64]>>(
        &self,
        keys: &[u64],
        add: &mut impl FnMut(usize, &[f64]),
        prepare: impl FnOnce() -> F,
    ) {
        let missing = self.look_up(keys, &mut *add);
        if missing.is_empty() {
            return;
        }
        let mut work_out = prepare();
        let mut new: HashMap<u64, Box<[f64]>> = HashMap::new();
        for place in missing {
            let key = keys[place];
            add(place, new.entry(key).or_insert_with(|| work_out(key)));
        }
        self.keep(new);
    }

    /// Keeps new values while there is room.
    fn keep(&self, new: HashMap<u64, Box<[f64]>>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for (key, values) in new {
            if entries.len() >= self.max_entries {
                return;
            }
            entries.insert(key, values);
        }
    }
}
