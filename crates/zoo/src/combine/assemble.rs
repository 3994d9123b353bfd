//! From weights and the members' final models to one model.

use churn_ensemble::{Blend, BlendMember, Predictor};
use churn_features::FittedPlan;

use super::Weights;
use crate::Error;

/// A family's final model, ready to be a member.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its features.
    pub plan: &'a FittedPlan,
    /// Its margin.
    pub predictor: &'a Predictor,
}

/// One plan and one predictor out of the members with a weight. Members without are left out;
/// when none has one the first stays, with weight 0.
///
/// # Errors
/// [`Error::Features`] when the plans can't be joined, [`Error::Ensemble`] when a weight is not
/// sound, [`Error::Combination`] when there are not as many members as weights.
pub fn assemble(
    weights: &Weights,
    members: &[Member<'_>],
) -> Result<(FittedPlan, Predictor), Error> {
    if members.len() != weights.weights.len() {
        let fault = format!(
            "{} members for {} weights; expected as many",
            members.len(),
            weights.weights.len()
        );
        return Err(Error::Combination { fault });
    }
    let mut kept: Vec<(f64, &Member<'_>)> = weights.weights.iter().copied().zip(members).collect();
    if kept.iter().any(|&(weight, _)| weight > 0.0) {
        kept.retain(|&(weight, _)| weight > 0.0);
    } else {
        kept.truncate(1);
    }
    let plans: Vec<&FittedPlan> = kept.iter().map(|(_, member)| member.plan).collect();
    let (plan, places) = FittedPlan::union(&plans)?;
    let members = kept.into_iter().zip(places);
    let members = members.map(|((weight, member), columns)| BlendMember {
        weight,
        columns,
        predictor: member.predictor.clone(),
    });
    let blend = Blend::new(plan.n_columns(), weights.intercept, members.collect())?;
    Ok((plan, Predictor::Blend(blend)))
}
