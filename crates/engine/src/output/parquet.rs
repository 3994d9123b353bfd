//! Scored customers as Parquet, and what every Parquet file of ours has in common.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, builder::StringBuilder};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use churn_store::PendingFile;
use parquet::{
    arrow::ArrowWriter, basic::Compression, errors::ParquetError,
    file::properties::WriterProperties,
};

use super::Layout;
use crate::scores::Scores;

/// Rows the writer holds in memory before they go to the file.
const ROW_GROUP: usize = 1 << 17;

pub(crate) fn writer(
    file: PendingFile,
    schema: SchemaRef,
) -> Result<ArrowWriter<PendingFile>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .build();
    ArrowWriter::try_new(file, schema, Some(properties))
}

pub(crate) fn schema(layout: &Layout) -> SchemaRef {
    let text = |name: String| Field::new(name, DataType::Utf8, true);
    let number = |name: String| Field::new(name, DataType::Float64, true);
    let key = layout.key.clone().unwrap_or_else(|| "row".to_owned());
    let mut fields = vec![text(key), number("churn_probability".to_owned())];
    if layout.with_intervals {
        fields.push(number("probability_low".to_owned()));
        fields.push(number("probability_high".to_owned()));
    }
    fields.push(text("risk_level".to_owned()));
    fields.extend((1..=layout.n_reasons).map(|rank| text(format!("reason_{rank}"))));
    fields.extend((1..=layout.n_reasons).map(|rank| number(format!("impact_{rank}"))));
    if layout.with_offers {
        fields.push(text("offer_1".to_owned()));
        fields.push(number("expected_value_1".to_owned()));
    }
    fields.push(text("model_version".to_owned()));
    Arc::new(Schema::new(fields))
}

pub(crate) fn to_batch(layout: &Layout, scores: &Scores<'_>) -> Result<RecordBatch, ArrowError> {
    // Appends a text for a row; false for none.
    let texts = |write: &dyn Fn(usize, &mut String) -> bool| -> ArrayRef {
        let (mut builder, mut text) = (StringBuilder::new(), String::new());
        for row in 0..scores.n_rows() {
            text.clear();
            if write(row, &mut text) {
                builder.append_value(&text);
            } else {
                builder.append_null();
            }
        }
        Arc::new(builder.finish())
    };
    let numbers = |of: &dyn Fn(usize) -> Option<f64>| -> ArrayRef {
        Arc::new((0..scores.n_rows()).map(of).collect::<Float64Array>())
    };
    let some = |out: &mut String, text: &str| {
        out.push_str(text);
        true
    };
    let mut columns = vec![
        texts(&|row, out| match scores.key(row) {
            Some(key) => some(out, key),
            None => some(out, &scores.table.row_number(row).to_string()),
        }),
        numbers(&|row| Some(scores.probabilities[row])),
    ];
    if layout.with_intervals {
        columns.push(numbers(&|row| scores.interval(row).map(|(low, _)| low)));
        columns.push(numbers(&|row| scores.interval(row).map(|(_, high)| high)));
    }
    columns.push(texts(&|row, out| some(out, scores.risk_level(row).name())));
    for rank in 0..layout.n_reasons {
        columns.push(texts(&|row, out| scores.write_reason(row, rank, out)));
    }
    for rank in 0..layout.n_reasons {
        columns.push(numbers(&|row| {
            let impact = scores.reasons.row(row).get(rank);
            impact.map(|impact| impact.points)
        }));
    }
    if layout.with_offers {
        columns.push(texts(&|row, out| {
            let best = scores.best_offer(row);
            some(out, best.map_or("do nothing", |choice| &choice.offer.title))
        }));
        columns.push(numbers(&|row| {
            let best = scores.best_offer(row);
            best.map(|choice| choice.expected_value.to_major())
        }));
    }
    columns.push(texts(&|_, out| some(out, &layout.model_version)));
    RecordBatch::try_new(schema(layout), columns)
}
