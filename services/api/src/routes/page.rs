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
