//! `/api/v1/customers`: customers as they were scored last.

use std::sync::Arc;

use actix_web::web::{Bytes, Data, Json, Path, Query};
use apistos::{ApiComponent, api_operation};
use churn_engine::{Error as EngineError, quote_csv};
use churn_store::tables::customers::{self, Customer, CustomerFilter, CustomerOrder};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::file_answer::FileAnswer;
use super::page::{self, Page};
use super::{bad_parameter, block};
use crate::cursor;
use crate::error::{ApiError, Code};
use crate::extract::{Allowed, Read};
use crate::state::AppState;

/// Which customers are listed, and in which order.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct CustomersQuery {
    /// Only keys that begin so; upper and lower case are told apart.
    search: Option<String>,
    /// Only this level: `LOW`, `MEDIUM` or `HIGH`.
    risk_level: Option<String>,
    /// Only from this probability on, 0 to 1.
    min_probability: Option<f64>,
    /// Only up to this probability, 0 to 1.
    max_probability: Option<f64>,
    /// `most_likely` (the usual), `least_likely` or `key`.
    sort: Option<String>,
    /// Name of the data set; that of the model that answers without it.
    dataset: Option<String>,
    /// `next` of the part before, under the same filter and order.
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 without it.
    limit: Option<u32>,
}

/// A customer of a list.
#[derive(Debug, Serialize, JsonSchema, ApiComponent)]
pub(crate) struct CustomerBody {
    /// The customer's key.
    customer_id: String,
    /// Name of the data set.
    dataset: String,
    /// Calibrated probability of leaving, 0 to 1.
    churn_probability: f64,
    /// LOW, MEDIUM or HIGH.
    risk_level: String,
    /// The version that scored.
    model_version: String,
    /// When, ISO 8601 in UTC.
    scored_at: String,
    /// The values as they were given, by column.
    values: Value,
}

impl CustomerBody {
    fn new(customer: Customer) -> Self {
        Self {
            customer_id: customer.key,
            dataset: customer.dataset,
            churn_probability: customer.probability,
            risk_level: customer.risk_level,
            model_version: customer.model_version,
            scored_at: customer.scored_at.to_string(),
            values: super::stored_json(customer.record),
        }
    }
}

/// List customers as they were scored last
///
/// Customers come from files that were scored by a job.
#[api_operation(tag = "customers", operation_id = "list_customers")]
pub(crate) async fn list_customers(
    _may: Allowed<Read>,
    state: Data<AppState>,
    query: Query<CustomersQuery>,
) -> Result<Json<Page<CustomerBody>>, ApiError> {
    let asked = query.into_inner();
    let place = asked.cursor.as_deref().map(read_place).transpose()?;
    let limit = page::limit(asked.limit);
    let search = Search::new(&state, asked)?;
    let rows = block(move || search.rows(&state, place.as_ref(), limit + 1));
    let place = |last: &Customer| {
        // The bits, so that no digit is lost.
        let bits = last.probability.to_bits().to_string();
        cursor::write(&[&bits, &last.key])
    };
    let page = Page::cut(rows.await?, limit, place, CustomerBody::new);
    Ok(Json(page))
}

fn read_place(word: &str) -> Result<(f64, String), ApiError> {
    let [bits, key] = cursor::read(word)?;
    let bits = bits.parse().map_err(|_| cursor::bad_cursor())?;
    Ok((f64::from_bits(bits), key))
}

/// A search for customers, checked.
struct Search {
    asked: CustomersQuery,
    dataset: String,
    order: CustomerOrder,
}

impl Search {
    fn new(state: &AppState, asked: CustomersQuery) -> Result<Self, ApiError> {
        let order = match asked.sort.as_deref() {
            None | Some("most_likely") => CustomerOrder::MostLikely,
            Some("least_likely") => CustomerOrder::LeastLikely,
            Some("key") => CustomerOrder::Key,
            Some(_) => return Err(bad_parameter(&"sort is most_likely, least_likely or key")),
        };
        Ok(Self {
            dataset: dataset(state, asked.dataset.clone())?,
            asked,
            order,
        })
    }

    /// At most `limit` of the customers after this place. Blocks.
    fn rows(
        &self,
        state: &AppState,
        after: Option<&(f64, String)>,
        limit: u32,
    ) -> Result<Vec<Customer>, ApiError> {
        let filter = CustomerFilter {
            risk_level: self.asked.risk_level.as_deref(),
            min_probability: self.asked.min_probability,
            max_probability: self.asked.max_probability,
            key_prefix: self.asked.search.as_deref(),
            after: after.map(|(probability, key)| (*probability, key.as_str())),
        };
        let database = state.desk.registry().database();
        let list = |connection: &mut _| {
            customers::list(connection, &self.dataset, &filter, self.order, limit)
        };
        Ok(database.read(list).map_err(EngineError::from)?)
    }
}

/// Customers read at once for a file.
const PART_ROWS: u32 = 1000;

/// Download customers as they were scored last
///
/// All that the filter lets through, as CSV; `cursor` and `limit` say nothing here.
#[api_operation(tag = "customers", operation_id = "export_customers")]
pub(crate) async fn export_customers(
    _may: Allowed<Read>,
    state: Data<AppState>,
    query: Query<CustomersQuery>,
) -> Result<FileAnswer, ApiError> {
    let search = Arc::new(Search::new(&state, query.into_inner())?);
    let head = futures_util::stream::once(async { Ok(Bytes::from_static(HEAD)) });
    let parts = futures_util::stream::unfold(Some(None), move |place| {
        let (state, search) = (state.clone(), Arc::clone(&search));
        async move {
            let after: Option<(f64, String)> = place?;
            let rows = block(move || search.rows(&state, after.as_ref(), PART_ROWS)).await;
            match rows {
                Ok(rows) => {
                    let last = rows.last()?;
                    let place = (last.probability, last.key.clone());
                    Some((Ok(Bytes::from(lines(&rows))), Some(Some(place))))
                }
                // The client sees that the answer is cut short.
                Err(fault) => Some((Err(fault), None)),
            }
        }
    });
    Ok(FileAnswer::stream("customers.csv", head.chain(parts)))
}

const HEAD: &[u8] = b"customer_id,churn_probability,risk_level,model_version,scored_at\n";

/// Customers as lines; what a spreadsheet would run is made harmless.
fn lines(rows: &[Customer]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() * 80);
    for row in rows {
        quote_csv(&mut out, &row.key);
        let rest = format!(
            ",{:.6},{},{},{}\n",
            row.probability, row.risk_level, row.model_version, row.scored_at
        );
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

/// Where a customer is looked for.
#[derive(Debug, Deserialize, JsonSchema, ApiComponent)]
pub(crate) struct DatasetQuery {
    /// Name of the data set; that of the model that answers without it.
    dataset: Option<String>,
}

/// Show a customer as scored last
#[api_operation(tag = "customers", operation_id = "get_customer")]
pub(crate) async fn get_customer(
    _may: Allowed<Read>,
    state: Data<AppState>,
    id: Path<String>,
    query: Query<DatasetQuery>,
) -> Result<Json<CustomerBody>, ApiError> {
    let dataset = dataset(&state, query.into_inner().dataset)?;
    let found = block(move || {
        let database = state.desk.registry().database();
        let find = |connection: &mut _| customers::find(connection, &dataset, &id);
        Ok(database.read(find).map_err(EngineError::from)?)
    });
    let found = found.await?.ok_or_else(|| {
        ApiError::new(
            Code::NotFound,
            "there is no such customer",
            "GET /api/v1/customers lists them; they come from files that were scored by a job",
        )
    })?;
    Ok(Json(CustomerBody::new(found)))
}

/// The data set that was asked for, else that of the model that answers.
fn dataset(state: &AppState, asked: Option<String>) -> Result<String, ApiError> {
    match asked {
        Some(name) => Ok(name),
        None => Ok(state.served()?.dataset().to_owned()),
    }
}
