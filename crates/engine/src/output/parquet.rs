//! Scored customers as Parquet.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use churn_store::PendingFile;
use parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError,
    file::properties::WriterProperties,
};

use super::Layout;
use crate::{ScoredRow, ScoredTable};

pub(crate) fn writer(
    file: PendingFile,
    layout: &Layout,
) -> Result<ArrowWriter<PendingFile>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    ArrowWriter::try_new(file, schema(layout), Some(properties))
}

fn schema(layout: &Layout) -> SchemaRef {
    let text = |name: String| Field::new(name, DataType::Utf8, true);
    let number = |name: String| Field::new(name, DataType::Float64, true);
    let key = layout.key.clone().unwrap_or_else(|| "row".to_owned());
    let mut fields = vec![
        text(key),
        number("churn_probability".to_owned()),
        text("risk_level".to_owned()),
    ];
    fields.extend((1..=layout.n_reasons).map(|rank| text(format!("reason_{rank}"))));
    fields.extend((1..=layout.n_reasons).map(|rank| number(format!("impact_{rank}"))));
    if layout.with_offers {
        fields.push(text("offer_1".to_owned()));
        fields.push(number("expected_value_1".to_owned()));
    }
    fields.push(text("model_version".to_owned()));
    Arc::new(Schema::new(fields))
}

pub(crate) fn to_batch(layout: &Layout, scored: &ScoredTable) -> Result<RecordBatch, ArrowError> {
    let rows = &scored.rows;
    let texts = |of: &dyn Fn(&ScoredRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let numbers = |of: &dyn Fn(&ScoredRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<Float64Array>())
    };
    let mut columns = vec![
        texts(&|row| row.key.clone().or_else(|| Some(row.row.to_string()))),
        numbers(&|row| Some(row.churn_probability)),
        texts(&|row| Some(row.risk_level.to_string())),
    ];
    for rank in 0..layout.n_reasons {
        columns.push(texts(&|row| {
            row.reasons.get(rank).map(|reason| reason.text.clone())
        }));
    }
    for rank in 0..layout.n_reasons {
        columns.push(numbers(&|row| {
            row.reasons.get(rank).map(|reason| reason.impact)
        }));
    }
    if layout.with_offers {
        columns.push(texts(&|row| {
            let title = row.offers.first().map(|offer| offer.title.clone());
            Some(title.unwrap_or_else(|| "do nothing".to_owned()))
        }));
        columns.push(numbers(&|row| {
            row.offers
                .first()
                .map(|offer| offer.expected_value.to_major())
        }));
    }
    columns.push(texts(&|_| Some(layout.model_version.clone())));
    RecordBatch::try_new(schema(layout), columns)
}
