//! Plain-text tables.

/// A table: a header, rows, and which columns hold numbers (right-aligned).
pub(crate) struct TextTable {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl TextTable {
    /// Headers; one that starts with `>` names a column of numbers.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self {
            right: header.iter().map(|name| name.starts_with('>')).collect(),
            header: header
                .iter()
                .map(|name| name.trim_start_matches('>').to_owned())
                .collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, without one at the end.
    pub(crate) fn render(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .chain(self.header.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let line = |cells: &[String]| {
            let mut text = String::from(" ");
            for ((cell, &width), &right) in cells.iter().zip(&widths).zip(&self.right) {
                text.push(' ');
                let padded = if right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                };
                text.push_str(&padded);
                text.push(' ');
            }
            text.trim_end().to_owned()
        };
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        std::iter::once(line(&self.header))
            .chain(std::iter::once(line(&rule)))
            .chain(self.rows.iter().map(|row| line(row)))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::TextTable;

    #[test]
    fn columns_are_aligned() {
        let mut table = TextTable::new(&["name", ">n"]);
        table.row(vec!["a".to_owned(), "10".to_owned()]);
        table.row(vec!["long".to_owned(), "5".to_owned()]);
        insta::assert_snapshot!(table.render(), @r"
          name   n
          ----  --
          a     10
          long   5
        ");
    }
}
