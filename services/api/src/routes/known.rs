//! Customers of whom only the key is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::Data;
use churn_engine::{Served, find_known};
use churn_store::sha256_hex;
use serde_json::Value;

use super::block;
use crate::error::{ApiError, Code};
use crate::state::AppState;

/// The part of the cache that holds customers.
const CUSTOMERS: &str = "customers";

/// How long a customer's values are kept: so long a newer file may go unnoticed.
const KEEP: Duration = Duration::from_secs(10);

/// The values as they came, or, where only the key was sent, those the store knows.
pub(crate) async fn known_values(
    state: &Data<AppState>,
    served: &Served,
    values: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, ApiError> {
    let Some(key) = served.only_key(&values) else {
        return Ok(values);
    };
    let mut known = find(state, served.dataset(), &key)
        .await?
        .ok_or_else(unknown)?;
    // The key as it was asked for, under whatever name.
    known.extend(values);
    Ok(known)
}

/// The values of a customer, from the cache when they were asked for a moment ago.
async fn find(
    state: &Data<AppState>,
    dataset: &str,
    key: &str,
) -> Result<Option<BTreeMap<String, Value>>, ApiError> {
    let now = state.clock.now();
    // A key may be personal, so it is not one of the cache.
    let place = sha256_hex(format!("{dataset}\n{key}").as_bytes());
    let kept = state.cache.get(CUSTOMERS, &place, now).await;
    if let Some(known) = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(Some(known));
    }
    let (own, dataset, key) = (state.clone(), dataset.to_owned(), key.to_owned());
    let look = move || {
        let database = own.desk.registry().database();
        Ok(find_known(database, &dataset, &key)?)
    };
    let known = block(look).await?;
    if let Some(bytes) = known.as_ref().and_then(|it| serde_json::to_vec(it).ok()) {
        state.cache.put(CUSTOMERS, &place, &bytes, KEEP, now).await;
    }
    Ok(known)
}

fn unknown() -> ApiError {
    ApiError::new(
        Code::NotFound,
        "nothing is known of this customer",
        "send the customer's values, or have a file scored that holds the customer",
    )
}
