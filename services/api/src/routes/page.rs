//! The one shape of lists.

use apistos::ApiComponent;
use schemars::JsonSchema;
use serde::Serialize;

/// Part of a list.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct Page<T: JsonSchema> {
    /// The things, in order.
    pub(crate) items: Vec<T>,
    /// What to send as `cursor` for the next part; null at the end.
    pub(crate) next: Option<String>,
}

/// Things of a part when nothing is said.
const USUAL: u32 = 100;

/// Most things of a part.
const MOST: u32 = 1000;

/// How many things a part has.
pub(crate) fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(USUAL).clamp(1, MOST)
}

impl<T: JsonSchema> Page<T> {
    /// The first `limit` of `rows`, which holds one more when the list goes on; `cursor` says where
    /// the next part begins, from the last row of this one.
    pub(crate) fn cut<R>(
        mut rows: Vec<R>,
        limit: u32,
        cursor: impl FnOnce(&R) -> String,
        body: impl Fn(R) -> T,
    ) -> Self {
        let goes_on = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| goes_on).map(cursor);
        Self {
            items: rows.into_iter().map(body).collect(),
            next,
        }
    }
}
