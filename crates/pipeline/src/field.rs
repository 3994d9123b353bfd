//! The candidates of a contest: families first, then what is combined out of them.

use churn_zoo::Algorithm;

use crate::{
    Error, TrainRequest,
    candidate::{self, Candidate, Parts, Recipe},
    card::CardFacts,
    combine,
    progress::Progress,
};

/// Who took part.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) candidates: Vec<Candidate>,
    /// Families that could not be trained on these data.
    pub(crate) failed: Vec<(Algorithm, Error)>,
}

/// What every candidate is trained and judged with.
pub(crate) struct Judge<'a> {
    pub(crate) request: &'a TrainRequest,
    pub(crate) parts: &'a Parts<'a>,
    pub(crate) facts: &'a CardFacts<'a>,
}

impl Judge<'_> {
    /// Trains the families. A fault of one leaves it out, unless nothing else was trained.
    pub(crate) fn families(
        &self,
        recipes: Vec<Recipe>,
        progress: &dyn Progress,
    ) -> Result<Field, Error> {
        let policy = &self.request.policy;
        let replicates = self.request.config.bootstrap_replicates;
        let mut field = Field::default();
        for recipe in recipes {
            let algorithm = recipe.trainer.algorithm();
            match candidate::build(recipe, self.parts, policy, self.facts, replicates, progress) {
                Ok(candidate) => field.candidates.push(candidate),
                Err(fault) if fault.is_of_one_family() => field.failed.push((algorithm, fault)),
                Err(fault) => return Err(fault),
            }
        }
        match field.failed.pop() {
            Some((_, fault)) if field.candidates.is_empty() => Err(fault),
            last => {
                field.failed.extend(last);
                Ok(field)
            }
        }
    }

    /// Adds the blend and the stack of the families, as far as they are asked for.
    pub(crate) fn combinations(&self, field: &mut Field) -> Result<(), Error> {
        let config = &self.request.config;
        let (members, labels) = (config.members(), self.parts.labels);
        let wanted = config
            .algorithms
            .iter()
            .filter_map(|algorithm| Some((*algorithm, algorithm.combination()?)));
        for (algorithm, combination) in wanted {
            let trained =
                combine::train(algorithm, combination, &members, &field.candidates, labels);
            match trained {
                Ok(trained) => {
                    let (policy, replicates) = (&self.request.policy, config.bootstrap_replicates);
                    let candidate =
                        candidate::finish(trained, self.parts, policy, self.facts, replicates)?;
                    field.candidates.push(candidate);
                }
                // Its members failed, as is told beside.
                Err(fault @ Error::Zoo(churn_zoo::Error::Combination { .. })) => {
                    field.failed.push((algorithm, fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}
