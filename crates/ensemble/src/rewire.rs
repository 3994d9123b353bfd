//! The same model over a matrix whose columns stand elsewhere.

use crate::{
    Blend, BlendMember, Error, KeyPart, Linear, Node, Predictor, SymmetricColumn,
    SymmetricEnsemble, SymmetricParts, SymmetricSplit, Test, TreeEnsemble,
};

impl Predictor {
    /// For each matrix column whether the model looks at it at all.
    #[must_use]
    pub fn used_columns(&self) -> Vec<bool> {
        let mut used = vec![false; self.n_features()];
        match self {
            Self::Trees(trees) => {
                for column in trees.split_columns() {
                    used[column as usize] = true;
                }
            }
            Self::Symmetric(symmetric) => {
                for column in symmetric.named_columns() {
                    used[column as usize] = true;
                }
            }
            Self::Linear(linear) => {
                for (used, &coefficient) in used.iter_mut().zip(linear.coefficients()) {
                    *used = coefficient != 0.0;
                }
            }
            Self::Blend(blend) => {
                for member in blend.members() {
                    let own = member.columns.iter().zip(member.predictor.used_columns());
                    for (&column, is_used) in own {
                        used[column as usize] |= is_used;
                    }
                }
            }
        }
        used
    }

    /// The same model over a matrix of `n_columns` columns in which this model's column `c` is
    /// column `places[c]`; `None` for a column it does not look at. Every margin keeps its bits:
    /// sums run over trees, whose order stays.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is not one place per column, [`Error::Unsound`] when a column
    /// the model looks at has no place or one past the end, or two columns share one and are of
    /// different kinds.
    pub fn with_columns(&self, places: &[Option<u32>], n_columns: usize) -> Result<Self, Error> {
        let expected = self.n_features();
        if places.len() != expected {
            return Err(Error::Shape {
                what: "the places of the columns",
                expected,
                found: places.len(),
            });
        }
        let place = |column: u32| {
            let place = places[column as usize].filter(|&place| (place as usize) < n_columns);
            place.ok_or(Error::Unsound {
                part: "the order of the columns",
                fault: "a column the model looks at has no place in the matrix",
            })
        };
        Ok(match self {
            Self::Trees(trees) => Self::Trees(trees.moved(&place, n_columns)?),
            Self::Symmetric(symmetric) => Self::Symmetric(SymmetricEnsemble::new(moved_parts(
                symmetric.parts(),
                &place,
                places,
                n_columns,
            )?)?),
            Self::Linear(linear) => Self::Linear(moved_linear(linear, &place, n_columns)?),
            Self::Blend(blend) => Self::Blend(moved_blend(blend, &place, n_columns)?),
        })
    }
}

impl TreeEnsemble {
    /// The columns splits ask for, with repeats.
    fn split_columns(&self) -> impl Iterator<Item = u32> {
        let nodes = (0..self.n_trees()).flat_map(|tree| self.tree(tree));
        nodes.filter_map(|node| match node {
            Node::Split { feature, .. } => Some(feature),
            Node::Leaf { .. } => None,
        })
    }

    /// For each column whether a split asks for its category.
    pub(crate) fn category_columns(&self) -> Vec<bool> {
        let mut is_category = vec![false; self.n_features()];
        for node in (0..self.n_trees()).flat_map(|tree| self.tree(tree)) {
            if let Node::Split {
                feature,
                test: Test::NotIn(_),
                ..
            } = node
            {
                is_category[feature as usize] = true;
            }
        }
        is_category
    }

    fn moved(
        &self,
        place: &impl Fn(u32) -> Result<u32, Error>,
        n_columns: usize,
    ) -> Result<Self, Error> {
        let moved_node = |mut node: Node| {
            if let Node::Split { feature, .. } = &mut node {
                *feature = place(*feature)?;
            }
            Ok(node)
        };
        let trees: Vec<Vec<Node>> = (0..self.n_trees())
            .map(|tree| self.tree(tree).into_iter().map(moved_node).collect())
            .collect::<Result<_, Error>>()?;
        let mut weights: Vec<f32> = (0..self.n_trees()).map(|tree| self.weight(tree)).collect();
        if weights.iter().all(|weight| weight.total_cmp(&1.0).is_eq()) {
            weights.clear();
        }
        let values: Vec<Vec<f64>> = trees
            .iter()
            .enumerate()
            .map(|(tree, nodes)| {
                let root = self.root(tree);
                (root..root + nodes.len())
                    .map(|node| self.leaf_value(node))
                    .collect()
            })
            .collect();
        Self::with_leaf_values(n_columns, self.base_margin(), &trees, weights, &values)?
            .with_output(self.output())
    }
}

impl SymmetricEnsemble {
    /// The columns that splits and tables of statistics name, with repeats.
    fn named_columns(&self) -> Vec<u32> {
        let parts = self.parts();
        let splits = parts.trees.iter().flat_map(|tree| &tree.splits);
        let in_splits = splits.filter_map(|split| match split {
            SymmetricSplit::Above { column, .. } | SymmetricSplit::Is { column, .. } => {
                Some(*column)
            }
            SymmetricSplit::Statistic { .. } => None,
        });
        let keys = parts.tables.iter().flat_map(|table| &table.key);
        in_splits.chain(keys.map(KeyPart::column)).collect()
    }
}

/// The members stay as they are and read their columns from the new places. What a member does
/// not look at may come from anywhere.
fn moved_blend(
    blend: &Blend,
    place: &impl Fn(u32) -> Result<u32, Error>,
    n_columns: usize,
) -> Result<Blend, Error> {
    let moved = |member: &BlendMember| -> Result<BlendMember, Error> {
        let own = member.columns.iter().zip(member.predictor.used_columns());
        let columns = own
            .map(|(&column, is_used)| if is_used { place(column) } else { Ok(0) })
            .collect::<Result<_, _>>()?;
        Ok(BlendMember {
            weight: member.weight,
            columns,
            predictor: member.predictor.clone(),
        })
    };
    let members = blend.members().iter().map(moved);
    Blend::new(
        n_columns,
        blend.intercept(),
        members.collect::<Result<_, _>>()?,
    )
}

fn moved_linear(
    linear: &Linear,
    place: &impl Fn(u32) -> Result<u32, Error>,
    n_columns: usize,
) -> Result<Linear, Error> {
    let (mut coefficients, mut means) = (vec![0.0; n_columns], vec![0.0; n_columns]);
    let columns = linear.coefficients().iter().zip(linear.means());
    for (column, (&coefficient, &mean)) in (0..).zip(columns) {
        if coefficient != 0.0 {
            let place = place(column)? as usize;
            coefficients[place] = coefficient;
            means[place] = mean;
        }
    }
    Linear::new(linear.intercept(), coefficients, means)
}

fn moved_parts(
    mut parts: SymmetricParts,
    place: &impl Fn(u32) -> Result<u32, Error>,
    places: &[Option<u32>],
    n_columns: usize,
) -> Result<SymmetricParts, Error> {
    let nothing = SymmetricColumn::Numeric {
        missing_passes: false,
    };
    let mut columns = vec![None; n_columns];
    for (column, place) in parts.columns.iter().zip(places) {
        let Some(slot) = place.and_then(|place| columns.get_mut(place as usize)) else {
            continue;
        };
        if slot.as_ref().is_some_and(|other| other != column) {
            return Err(Error::Unsound {
                part: "the order of the columns",
                fault: "two columns of different kinds share a place in the matrix",
            });
        }
        *slot = Some(column.clone());
    }
    parts.columns = columns
        .into_iter()
        .map(|column| column.unwrap_or_else(|| nothing.clone()))
        .collect();
    for split in parts.trees.iter_mut().flat_map(|tree| &mut tree.splits) {
        match split {
            SymmetricSplit::Above { column, .. } | SymmetricSplit::Is { column, .. } => {
                *column = place(*column)?;
            }
            SymmetricSplit::Statistic { .. } => {}
        }
    }
    for part in parts.tables.iter_mut().flat_map(|table| &mut table.key) {
        match part {
            KeyPart::Category { column }
            | KeyPart::Above { column, .. }
            | KeyPart::Is { column, .. } => *column = place(*column)?,
        }
    }
    Ok(parts)
}
