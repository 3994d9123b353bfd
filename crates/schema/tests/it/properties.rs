//! Whatever is written by the rules of CSV is read back, and nothing else breaks the reader.

use std::sync::Arc;

use churn_schema::{ColumnKind, ColumnSpec, DatasetSpec, ReadOptions, Role};
use proptest::prelude::*;

use crate::support::{parse_all, small_spec};

/// Three text columns, the first of which is the key.
fn text_spec() -> Arc<DatasetSpec> {
    let mut spec = DatasetSpec::new("texts");
    for name in ["k", "a", "b"] {
        let mut column = ColumnSpec::new(name, ColumnKind::Text);
        column.roles = if name == "k" {
            vec![Role::Key]
        } else {
            vec![Role::Protected]
        };
        spec.columns.push(column);
    }
    Arc::new(spec)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn quoted_fields_read_back(
        rows in prop::collection::vec(prop::collection::vec("[a-z,\"\n\r;é]{0,12}", 2), 1..20),
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
        chunk_rows in 1_usize..10,
    ) {
        let mut text = format!("k,a,b{line_end}");
        for (idx, row) in rows.iter().enumerate() {
            text.push_str(&format!("{idx},{},{}{line_end}", quoted(&row[0]), quoted(&row[1])));
        }
        let options = ReadOptions { chunk_rows, ..ReadOptions::train() };
        let chunks = parse_all(text.as_bytes(), &text_spec(), &options);
        let mut read = Vec::new();
        for chunk in &chunks {
            prop_assert!(chunk.rejected.is_empty(), "{:?}", chunk.rejected);
            for row_idx in 0..chunk.table.n_rows() {
                read.push(["a", "b"].map(|name| chunk.table.value_text(name, row_idx)));
            }
        }
        let written: Vec<_> = rows
            .iter()
            .map(|row| {
                [0, 1].map(|idx| {
                    let trimmed = row[idx].trim_ascii();
                    (!trimmed.is_empty()).then(|| trimmed.to_owned())
                })
            })
            .collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn a_stray_quote_loses_one_line(
        n_before in 0_usize..5,
        n_after in 0_usize..100,
        position in 0_usize..4,
    ) {
        let fields = ["x", "Basic", "30", "No"];
        let bad: Vec<String> = (0..4)
            .map(|idx| if idx == position { format!("\"{}", fields[idx]) } else { fields[idx].to_owned() })
            .collect();
        let good = |idx: usize| format!("k{idx},Basic,30,No\n");
        let mut text = "id,plan,age,left\n".to_owned();
        (0..n_before).for_each(|idx| text.push_str(&good(idx)));
        text.push_str(&format!("{}\n", bad.join(",")));
        (0..n_after).for_each(|idx| text.push_str(&good(1000 + idx)));
        let chunks = parse_all(text.as_bytes(), &small_spec(), &ReadOptions::train());
        let n_good: usize = chunks.iter().map(|chunk| chunk.table.n_rows()).sum();
        let n_bad: usize = chunks.iter().map(|chunk| chunk.rejected.len()).sum();
        prop_assert_eq!((n_good, n_bad), (n_before + n_after, 1));
    }

    #[test]
    fn any_bytes_are_read_without_panic_and_every_row_is_accounted_for(
        body in prop::collection::vec(prop::sample::select(b"ab,\"\n\r\0\xFF19. ".to_vec()), 0..400),
        chunk_rows in 1_usize..6,
    ) {
        let mut text = b"id,plan,age,left\n".to_vec();
        text.extend_from_slice(&body);
        let options = ReadOptions { chunk_rows, ..ReadOptions::score() };
        let mut next_row = 1;
        for chunk in parse_all(&text, &small_spec(), &options) {
            let mut rows: Vec<u64> = chunk.rejected.iter().map(|rejected| rejected.row).collect();
            rows.extend((0..chunk.table.n_rows()).map(|row_idx| chunk.table.row_number(row_idx)));
            rows.sort_unstable();
            for row in rows {
                prop_assert_eq!(row, next_row);
                next_row += 1;
            }
        }
    }
}
