//! A good file of customers, to be spoilt.

/// Header and rows of `good.csv`, which holds neither quotes nor commas inside fields.
pub(crate) struct Customers {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Appended to every line.
    pub(crate) line_end: &'static str,
    pub(crate) delimiter: &'static str,
}

impl Customers {
    pub(crate) fn new(text: &str) -> Self {
        let split = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines();
        Self {
            header: split(lines.next().unwrap()),
            rows: lines.map(split).collect(),
            line_end: "\n",
            delimiter: ",",
        }
    }

    pub(crate) fn column(&self, name: &str) -> usize {
        self.header
            .iter()
            .position(|other| other == name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }

    /// Puts `value` into data row `row`, counted from 1 as the program counts.
    pub(crate) fn set(&mut self, row: usize, column: &str, value: &str) {
        let column = self.column(column);
        value.clone_into(&mut self.rows[row - 1][column]);
    }

    /// Puts `value` into every row.
    pub(crate) fn set_all(&mut self, column: &str, value: &str) {
        for row in 1..=self.rows.len() {
            self.set(row, column, value);
        }
    }

    /// Adds a column at the end.
    pub(crate) fn add_column(&mut self, name: &str, value: &str) {
        self.header.push(name.to_owned());
        for row in &mut self.rows {
            row.push(value.to_owned());
        }
    }

    /// Takes a column away.
    pub(crate) fn remove_column(&mut self, name: &str) {
        let column = self.column(name);
        self.header.remove(column);
        for row in &mut self.rows {
            row.remove(column);
        }
    }

    /// Gives a column another name.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let column = self.column(from);
        to.clone_into(&mut self.header[column]);
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for line in std::iter::once(&self.header).chain(&self.rows) {
            out.push_str(&line.join(self.delimiter));
            out.push_str(self.line_end);
        }
        out
    }
}
