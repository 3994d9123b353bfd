//! Values as ranks: every question a tree can ask of a column becomes a comparison of two
//! whole numbers.
//!
//! A *plane* is one rank per row: how many of a column's borders a value has reached, or
//! whether a category is in a list. Missing values have the lowest or the highest rank, by
//! the side they take; a column whose splits disagree about that has a plane for each.

use std::cmp::Ordering;

use super::node::{set_contains, words_of};
use super::{Node, Test, TreeEnsemble, ZERO};

/// How ranks are kept: the narrower, the more of them the processor compares at once.
pub trait Rank: Copy + Ord {
    /// Most borders of one plane; a column with more has several.
    const MOST_BORDERS: usize;

    /// The rank of a value that has reached so many borders, at most [`Self::MOST_BORDERS`].
    fn of(n_reached: usize) -> Self;
}

impl Rank for i8 {
    const MOST_BORDERS: usize = 255;

    fn of(n_reached: usize) -> Self {
        // From -128 on: signed numbers are what every processor compares by the vector.
        u8::try_from(n_reached).map_or(Self::MAX, |rank| (rank ^ 0x80).cast_signed())
    }
}

impl Rank for i16 {
    const MOST_BORDERS: usize = 32_000;

    fn of(n_reached: usize) -> Self {
        Self::try_from(n_reached).unwrap_or(Self::MAX)
    }
}

/// A split as a comparison: the row goes right where the rank is at least `least`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask<R> {
    /// The plane, from 0.
    pub plane: u32,
    /// The rank.
    pub least: R,
}

/// All planes of an ensemble.
#[derive(Debug, Clone)]
pub struct Planes<R> {
    planes: Vec<Plane<R>>,
    n_features: usize,
}

#[derive(Debug, Clone)]
struct Plane<R> {
    column: u32,
    /// The rank of a missing value.
    missing: R,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    /// Increasing; the rank of a value is the number of borders it is not below.
    Borders {
        borders: Vec<f32>,
        zero_missing: bool,
    },
    /// Bits of the listed categories, whose rank is 1.
    Listed(Vec<u32>),
}

/// What splits that share a plane have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PlaneKey {
    Borders {
        column: u32,
        missing_left: bool,
        zero_missing: bool,
    },
    Listed {
        column: u32,
        missing_left: bool,
        codes: Vec<u32>,
    },
}

/// A plane and one of its borders.
type Asked<'a> = (&'a PlaneKey, f32);

impl PlaneKey {
    fn of(node: &Node) -> Option<(Self, f32)> {
        let Node::Split {
            feature,
            test,
            default_left,
            ..
        } = node
        else {
            return None;
        };
        let (column, missing_left) = (*feature, *default_left);
        let borders = |zero_missing| Self::Borders {
            column,
            missing_left,
            zero_missing,
        };
        Some(match test {
            Test::Less(border) => (borders(false), *border),
            Test::LessUnlessZero(border) => (borders(true), *border),
            Test::NotIn(codes) => {
                let mut codes = codes.clone();
                codes.sort_unstable();
                let listed = Self::Listed {
                    column,
                    missing_left,
                    codes,
                };
                (listed, 0.0)
            }
        })
    }
}

impl<R: Rank> Planes<R> {
    /// The planes of all trees, and by tree the comparison of every split, in the order of
    /// its nodes.
    #[must_use]
    pub fn new(ensemble: &TreeEnsemble) -> (Self, Vec<Vec<Ask<R>>>) {
        let trees: Vec<Vec<(PlaneKey, f32)>> = (0..ensemble.n_trees())
            .map(|tree| {
                ensemble
                    .tree(tree)
                    .iter()
                    .filter_map(PlaneKey::of)
                    .collect()
            })
            .collect();
        let mut asked: Vec<Asked<'_>> = trees
            .iter()
            .flatten()
            .map(|(key, border)| (key, *border))
            .collect();
        asked.sort_by(|one, other| one.0.cmp(other.0).then(one.1.total_cmp(&other.1)));
        // Both zeros are one border.
        asked.dedup_by(|one, other| {
            one.0 == other.0 && one.1.partial_cmp(&other.1) == Some(Ordering::Equal)
        });
        let mut planes = Self {
            planes: Vec::new(),
            n_features: ensemble.n_features(),
        };
        let mut firsts: Vec<(&PlaneKey, u32, &[Asked<'_>])> = Vec::new();
        for same in asked.chunk_by(|one, other| one.0 == other.0) {
            let first = u32::try_from(planes.planes.len()).unwrap_or(u32::MAX);
            firsts.push((same[0].0, first, same));
            for part in same.chunks(R::MOST_BORDERS) {
                planes.planes.push(Plane::new(part));
            }
        }
        let ask = |(key, border): &(PlaneKey, f32)| {
            let place = firsts.partition_point(|first| first.0 < key);
            let (_, first, same) = firsts[place];
            let rank = same.partition_point(|each| each.1 < *border);
            let (part, rank) = (rank / R::MOST_BORDERS, rank % R::MOST_BORDERS + 1);
            Ask {
                plane: first + u32::try_from(part).unwrap_or(u32::MAX),
                least: R::of(rank),
            }
        };
        let asks = trees.iter().map(|tree| tree.iter().map(ask).collect());
        let asks = asks.collect();
        (planes, asks)
    }

    /// The ranks of `n_rows` row-major rows, plane after plane, in place of what `ranks` held.
    pub fn ranks_into(&self, rows: &[f32], n_rows: usize, ranks: &mut Vec<R>) {
        ranks.clear();
        ranks.reserve(self.planes.len() * n_rows);
        for plane in &self.planes {
            let column = plane.column as usize;
            let values = rows
                .chunks_exact(self.n_features.max(1))
                .map(|row| row[column]);
            match &plane.source {
                Source::Borders {
                    borders,
                    zero_missing: false,
                } => match borders[..] {
                    [border] => ranks.extend(values.map(|value| {
                        if value.is_nan() {
                            plane.missing
                        } else {
                            R::of(usize::from(value >= border))
                        }
                    })),
                    _ => ranks.extend(values.map(|value| plane.rank(borders, value))),
                },
                Source::Borders { borders, .. } => ranks.extend(values.map(|value| {
                    if value.abs() <= ZERO {
                        plane.missing
                    } else {
                        plane.rank(borders, value)
                    }
                })),
                Source::Listed(words) => ranks.extend(values.map(|value| {
                    if value.is_nan() {
                        plane.missing
                    } else {
                        R::of(usize::from(set_contains(words, value)))
                    }
                })),
            }
        }
    }
}

impl<R: Rank> Plane<R> {
    fn new(asked: &[Asked<'_>]) -> Self {
        let (column, missing_left, source) = match asked[0].0 {
            PlaneKey::Borders {
                column,
                missing_left,
                zero_missing,
            } => {
                let source = Source::Borders {
                    borders: asked.iter().map(|each| each.1).collect(),
                    zero_missing: *zero_missing,
                };
                (*column, *missing_left, source)
            }
            PlaneKey::Listed {
                column,
                missing_left,
                codes,
            } => (*column, *missing_left, Source::Listed(words_of(codes))),
        };
        Self {
            column,
            missing: R::of(if missing_left { 0 } else { asked.len() }),
            source,
        }
    }

    fn rank(&self, borders: &[f32], value: f32) -> R {
        if value.is_nan() {
            return self.missing;
        }
        R::of(borders.partition_point(|&border| border <= value))
    }
}

#[cfg(test)]
mod tests {
    use super::{Planes, Rank};
    use crate::{Node, Test, TreeEnsemble};

    fn stump(test: Test, default_left: bool) -> Vec<Node> {
        let leaf = |value| Node::Leaf { value, cover: 1.0 };
        let split = Node::Split {
            feature: 0,
            test,
            default_left,
            left: 1,
            right: 2,
            cover: 2.0,
        };
        vec![split, leaf(0.0), leaf(1.0)]
    }

    #[test]
    fn a_comparison_of_ranks_answers_as_the_split_does() {
        check::<i8>();
        check::<i16>();
    }

    fn check<R: Rank>() {
        let mut trees = Vec::new();
        for default_left in [false, true] {
            for border in [0.0, -0.0, 1.5, f32::INFINITY, -2.0] {
                trees.push(stump(Test::Less(border), default_left));
                trees.push(stump(Test::LessUnlessZero(border), default_left));
            }
            trees.push(stump(Test::NotIn(vec![70, 0]), default_left));
            trees.push(stump(Test::NotIn(vec![3]), default_left));
        }
        let ensemble = TreeEnsemble::new(1, 0.0, &trees, vec![]).unwrap();
        let (planes, asks) = Planes::<R>::new(&ensemble);
        assert_eq!(
            planes.planes.len(),
            8,
            "two sides for two kinds of borders and two lists"
        );
        let values = [
            f32::NAN,
            f32::NEG_INFINITY,
            -2.0,
            -0.0,
            0.0,
            1e-36,
            1.5,
            3.9,
            70.0,
            f32::INFINITY,
        ];
        let mut ranks = Vec::new();
        planes.ranks_into(&values, values.len(), &mut ranks);
        for (tree, asks) in asks.iter().enumerate() {
            let ask = asks[0];
            for (row, &value) in values.iter().enumerate() {
                let rank = ranks[ask.plane as usize * values.len() + row];
                let goes_left = ensemble.goes_left(ensemble.root(tree), &[value]);
                assert_eq!(rank < ask.least, goes_left, "{:?}, {value}", trees[tree][0]);
            }
        }
    }

    #[test]
    fn borders_past_one_plane_go_on_in_the_next() {
        let n_borders = 600_u16;
        let trees: Vec<_> = (0..n_borders)
            .map(|border| stump(Test::Less(f32::from(border)), border % 2 == 0))
            .collect();
        let ensemble = TreeEnsemble::new(1, 0.0, &trees, vec![]).unwrap();
        let (planes, asks) = Planes::<i8>::new(&ensemble);
        assert_eq!(planes.planes.len(), 4, "300 borders of either side");
        let mut values: Vec<f32> = (0..2 * n_borders)
            .map(|half| f32::from(half) / 2.0)
            .collect();
        values.extend([f32::NAN, -1.0, 1e9]);
        let mut ranks = Vec::new();
        planes.ranks_into(&values, values.len(), &mut ranks);
        for (tree, asks) in asks.iter().enumerate() {
            for (row, &value) in values.iter().enumerate() {
                let rank = ranks[asks[0].plane as usize * values.len() + row];
                let goes_left = ensemble.goes_left(ensemble.root(tree), &[value]);
                assert_eq!(rank < asks[0].least, goes_left, "{tree}, {value}");
            }
        }
    }
}
