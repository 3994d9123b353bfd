//! One plan for several readers.

use crate::{Encoding, Error, FittedFeature, FittedPlan, MatrixColumn};

impl FittedPlan {
    /// A plan whose matrix holds the columns of all `plans`, and for each of them the column of
    /// that matrix behind each of its own. A form that several plans write alike is written once.
    ///
    /// For models that add up others ("blends"), whose members want their features in forms of
    /// their own. The plans must have been fitted under the same specification.
    ///
    /// # Errors
    /// [`Error::Union`] without plans, and for plans of different features.
    pub fn union(plans: &[&Self]) -> Result<(Self, Vec<Vec<u32>>), Error> {
        let [first, others @ ..] = plans else {
            return Err(Error::Union {
                fault: "there are no plans".to_owned(),
            });
        };
        for other in others {
            first.check_alike(other)?;
        }
        let mut union = Self {
            features: Vec::new(),
            columns: Vec::new(),
            ..(*first).clone()
        };
        for other in others {
            if other.params != union.params && !union.further_params.contains(&other.params) {
                union.further_params.push(other.params.clone());
            }
        }
        let mut places: Vec<Vec<u32>> = vec![Vec::new(); plans.len()];
        for index in 0..first.features.len() {
            union.join(index, plans, &mut places);
        }
        Ok((union, places))
    }

    /// Appends feature `index` in every form the plans have it in.
    fn join(&mut self, index: usize, plans: &[&Self], places: &mut [Vec<u32>]) {
        let mut forms: Vec<(&Encoding, u32)> = Vec::new();
        for (plan, places) in plans.iter().zip(places) {
            // Columns lie in the order of features, so the plan's next ones are this feature's.
            let from = places.len();
            let encoding = &plan.features[index].encoding;
            let n_columns = encoding.n_columns();
            let known = forms.iter().find(|(form, _)| *form == encoding);
            let start = known.map_or(self.columns.len() as u32, |&(_, start)| start);
            if known.is_none() {
                let number = forms.len() + 1;
                forms.push((encoding, start));
                let columns = plan.columns[from..from + n_columns].iter();
                self.columns.extend(columns.map(|column| MatrixColumn {
                    name: match number {
                        1 => column.name.clone(),
                        _ => format!("{} #{number}", column.name),
                    },
                    ..column.clone()
                }));
            }
            places.extend((start..).take(n_columns));
        }
        let source = plans[0].features[index].source.clone();
        let encoding = match forms.as_slice() {
            [(form, _)] => (*form).clone(),
            _ => Encoding::Several {
                forms: forms.iter().map(|(form, _)| (*form).clone()).collect(),
            },
        };
        self.features.push(FittedFeature { source, encoding });
    }

    fn check_alike(&self, other: &Self) -> Result<(), Error> {
        let sources = |plan: &Self| -> Vec<_> {
            let features = plan.features.iter();
            features.map(|feature| feature.source.clone()).collect()
        };
        let is_plain = |plan: &Self| {
            let mut features = plan.features.iter();
            plan.is_consistent()
                && features.all(|feature| !matches!(feature.encoding, Encoding::Several { .. }))
        };
        let alike = self.spec_fingerprint == other.spec_fingerprint
            && self.groups == other.groups
            && sources(self) == sources(other);
        if alike && is_plain(self) && is_plain(other) {
            return Ok(());
        }
        Err(Error::Union {
            fault: "the plans are of different specifications, or one is a union itself".to_owned(),
        })
    }
}
