//! Several models of the same customers, added up.

use serde::{Deserialize, Serialize};

use crate::{Error, Predictor, Scratch};

/// Rows that go through one member before the next is touched. It cannot change a result:
/// every row sums its members in order.
const BLOCK_ROWS: usize = 512;

/// `intercept + Σ weight × member margin`, in log-odds.
///
/// Each member gives its margin on its own scale ([`Predictor::output`]): a forest's share
/// enters as a share. The sum is linear in the members' margins, so its SHAP values are the
/// members' values added up with the same weights. With weights fitted by logistic regression
/// this is stacking (Wolpert 1992; non-negative weights after Breiman 1996).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BlendParts", into = "BlendParts")]
pub struct Blend {
    n_features: usize,
    intercept: f64,
    members: Vec<BlendMember>,
}

/// One model of a blend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlendMember {
    /// Log-odds per unit of the member's own margin; finite, at least 0.
    pub weight: f64,
    /// The column of the blend's matrix behind each column of the member's.
    pub columns: Vec<u32>,
    /// The model.
    pub predictor: Predictor,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlendParts {
    n_features: usize,
    intercept: f64,
    members: Vec<BlendMember>,
}

impl BlendMember {
    /// Takes the member's columns out of row-major `rows` of `n_features` values each. Columns
    /// past the end of a short last row are missing (NaN).
    pub fn gather(&self, rows: &[f32], n_features: usize, out: &mut Vec<f32>) {
        out.clear();
        for row in rows.chunks(n_features.max(1)) {
            let value = |&column: &u32| row.get(column as usize).copied().unwrap_or(f32::NAN);
            out.extend(self.columns.iter().map(value));
        }
    }
}

impl Blend {
    /// A blend of `members` that reads a matrix of `n_features` columns.
    ///
    /// # Errors
    /// [`Error::Unsound`] without members, for a number that is not finite, a negative weight, a
    /// column out of range or a member that is a blend itself; [`Error::Shape`] when a member's
    /// columns are not as many as it reads; what is wrong with a member.
    pub fn new(
        n_features: usize,
        intercept: f64,
        members: Vec<BlendMember>,
    ) -> Result<Self, Error> {
        let blend = Self {
            n_features,
            intercept,
            members,
        };
        blend.check()?;
        Ok(blend)
    }

    /// Number of columns of the matrix it reads.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Log-odds before any member.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The members, at least one.
    #[must_use]
    pub fn members(&self) -> &[BlendMember] {
        &self.members
    }

    /// The margin of one row, in log-odds. Columns past the end of `row` count as missing.
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        self.margin_with(row, &mut Scratch::default())
    }

    /// As [`Self::margin`], in memory that is used again.
    pub(crate) fn margin_with(&self, row: &[f32], scratch: &mut Scratch) -> f64 {
        let mut own = std::mem::take(&mut scratch.rows);
        let margin = self.members.iter().fold(self.intercept, |sum, member| {
            own.clear();
            let value = |&column: &u32| row.get(column as usize).copied().unwrap_or(f32::NAN);
            own.extend(member.columns.iter().map(value));
            sum + member.weight * member.predictor.margin_with(&own, scratch)
        });
        scratch.rows = own;
        margin
    }

    /// The margins of many rows, row-major; the lengths were checked by the caller.
    pub(crate) fn margins_with(
        &self,
        rows: &[f32],
        out: &mut [f64],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        out.fill(self.intercept);
        let mut own = std::mem::take(&mut scratch.rows);
        let mut margins = std::mem::take(&mut scratch.margins);
        for (block_idx, block) in out.chunks_mut(BLOCK_ROWS).enumerate() {
            let first = block_idx * BLOCK_ROWS * self.n_features;
            let rows = &rows[first..first + block.len() * self.n_features];
            for member in &self.members {
                member.gather(rows, self.n_features, &mut own);
                // A blend that reads no column has rows too.
                margins.resize(block.len(), 0.0);
                let predictor = &member.predictor;
                predictor.margins_with(&own, &mut margins, scratch)?;
                for (sum, margin) in block.iter_mut().zip(&margins) {
                    *sum += member.weight * margin;
                }
            }
        }
        (scratch.rows, scratch.margins) = (own, margins);
        Ok(())
    }

    /// Checks everything the constructor checks.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn check(&self) -> Result<(), Error> {
        let unsound = |fault| {
            Err(Error::Unsound {
                part: "the blend",
                fault,
            })
        };
        if self.members.is_empty() {
            return unsound("it has no members");
        }
        if !self.intercept.is_finite() {
            return unsound("its intercept is not finite");
        }
        for member in &self.members {
            if !(member.weight.is_finite() && member.weight >= 0.0) {
                return unsound("a weight is not a number of at least 0");
            }
            if matches!(member.predictor, Predictor::Blend(_)) {
                return unsound("a member is a blend itself");
            }
            if member.columns.len() != member.predictor.n_features() {
                return Err(Error::Shape {
                    what: "a list of a member's columns",
                    expected: member.predictor.n_features(),
                    found: member.columns.len(),
                });
            }
            let is_off = |&column: &u32| column as usize >= self.n_features;
            if member.columns.iter().any(is_off) {
                return unsound("a member reads a column the matrix does not have");
            }
            member.predictor.check()?;
        }
        Ok(())
    }

    /// Memory the members and their columns take, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let of_member = |member: &BlendMember| {
            size_of_val(member.columns.as_slice()) + member.predictor.size_bytes()
        };
        size_of::<Self>() + self.members.iter().map(of_member).sum::<usize>()
    }
}

impl TryFrom<BlendParts> for Blend {
    type Error = Error;

    fn try_from(parts: BlendParts) -> Result<Self, Error> {
        Self::new(parts.n_features, parts.intercept, parts.members)
    }
}

impl From<Blend> for BlendParts {
    fn from(blend: Blend) -> Self {
        Self {
            n_features: blend.n_features,
            intercept: blend.intercept,
            members: blend.members,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Blend, BlendMember};
    use crate::{Linear, Node, Output, Predictor, Test, TreeEnsemble};

    fn stump() -> Predictor {
        let leaf = |value| Node::Leaf { value, cover: 1.0 };
        let split = Node::Split {
            feature: 0,
            test: Test::Less(0.5),
            default_left: true,
            left: 1,
            right: 2,
            cover: 2.0,
        };
        let trees = [vec![split, leaf(0.2), leaf(0.8)]];
        let shares = TreeEnsemble::new(1, 0.0, &trees, Vec::new())
            .and_then(|trees| trees.with_output(Output::Share));
        Predictor::Trees(shares.unwrap())
    }

    fn member(weight: f64, columns: &[u32], predictor: Predictor) -> BlendMember {
        BlendMember {
            weight,
            columns: columns.to_vec(),
            predictor,
        }
    }

    fn sample() -> Predictor {
        let linear = Linear::new(-1.0, vec![2.0, 0.5], vec![0.0, 3.0]).unwrap();
        let members = vec![
            member(0.5, &[2, 1], Predictor::Linear(linear)),
            member(3.0, &[0], stump()),
        ];
        Predictor::Blend(Blend::new(3, -0.25, members).unwrap())
    }

    #[test]
    fn members_add_up_on_their_own_scales() {
        let blend = sample();
        assert_eq!((blend.n_features(), blend.output()), (3, Output::LogOdds));
        let expected = -0.25 + 0.5 * (-1.0 + 2.0 * 4.0 + 0.5 * 6.0) + 3.0 * 0.8_f64;
        let margin = blend.margin(&[1.0, 6.0, 4.0]);
        assert!((margin - expected).abs() < 1e-7, "{margin} {expected}");
        // Columns past the end are missing: the linear member takes its mean for column 2.
        let short = blend.margin(&[1.0, 6.0]);
        assert!((short - (expected - 4.0)).abs() < 1e-7, "{short}");
    }

    #[test]
    fn a_block_gives_the_bits_of_single_rows_and_a_file_those_of_the_original() {
        let blend = sample();
        let rows: Vec<f32> = (0..900_u16)
            .map(|i| f32::from(i * 37 % 101) / 50.0)
            .collect();
        let mut margins = vec![0.0; 300];
        blend.margins_into(&rows, &mut margins).unwrap();
        let json = serde_json::to_string(&blend).unwrap();
        let read: Predictor = serde_json::from_str(&json).unwrap();
        assert_eq!(read, blend);
        for (row, margin) in rows.chunks(3).zip(&margins) {
            assert_eq!(margin.to_bits(), read.margin(row).to_bits());
        }
    }

    #[test]
    fn unsound_blends_are_refused() {
        let fault = |members| Blend::new(3, 0.0, members).unwrap_err().to_string();
        for (members, expected) in [
            (vec![], "no members"),
            (vec![member(-0.1, &[0], stump())], "weight"),
            (vec![member(f64::NAN, &[0], stump())], "weight"),
            (vec![member(1.0, &[3], stump())], "column"),
            (vec![member(1.0, &[0, 1], stump())], "expected 1"),
            (vec![member(1.0, &[0, 1, 2], sample())], "blend itself"),
        ] {
            let fault = fault(members);
            assert!(fault.contains(expected), "{fault}");
        }
        let json = serde_json::to_string(&sample()).unwrap();
        let bad = json.replace("\"weight\":0.5", "\"weight\":-0.5");
        assert_ne!(bad, json);
        assert!(serde_json::from_str::<Predictor>(&bad).is_err());
    }
}
