//! The plan made of what was resolved.

use churn_schema::DatasetSpec;

use super::resolve::{Made, Resolved};
use super::{Adopted, ForeignColumn};
use crate::fit::{MISSING_LEVEL, declared, name_columns};
use crate::{Encoding, Error, FittedFeature, FittedPlan, PlanParams};

/// Puts the features in the order of the specification and finds the place of each column.
pub(super) fn build(
    spec: &DatasetSpec,
    foreign: &[ForeignColumn],
    resolved: Resolved,
) -> Result<Adopted, Error> {
    let Resolved { made, notes } = resolved;
    let (mut features, mut groups, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let mut places = vec![None; foreign.len()];
    let mut faults = Vec::new();
    for (source, group, ..) in declared(spec) {
        let users: Vec<(usize, &Made)> = made
            .iter()
            .enumerate()
            .filter_map(|(place, made)| Some((place, made.as_ref()?)))
            .filter(|(_, made)| made.source() == group.name)
            .collect();
        let encoding = match shared(&users) {
            Ok(Some(encoding)) => encoding,
            Ok(None) => continue,
            Err(fault) => {
                let named = users.iter().map(|(place, _)| &foreign[*place].name);
                let named: Vec<String> = named.map(|name| format!("'{name}'")).collect();
                faults.push(format!("{} {fault} '{}'", named.join(" and "), group.name));
                continue;
            }
        };
        let first = columns.len() as u32;
        for (place, made) in &users {
            places[*place] = Some(first + made.offset(&encoding));
        }
        columns.extend(name_columns(&group.name, groups.len() as u32, &encoding));
        groups.push(group);
        features.push(FittedFeature { source, encoding });
    }
    if !faults.is_empty() {
        return Err(Error::Foreign {
            n_columns: foreign.len(),
            faults,
        });
    }
    if features.is_empty() {
        return Err(Error::NoFeatures {
            spec: spec.name.clone(),
        });
    }
    let plan = FittedPlan {
        format: 1,
        spec_fingerprint: spec.fingerprint(),
        params: PlanParams::trees(),
        further_params: Vec::new(),
        features,
        groups,
        columns,
    };
    Ok(Adopted {
        plan,
        places,
        notes,
    })
}

/// The one encoding that serves all columns made of a source; `None` when there are none.
fn shared(users: &[(usize, &Made)]) -> Result<Option<Encoding>, &'static str> {
    let mut levels: Vec<String> = Vec::new();
    let mut whole: Option<&Encoding> = None;
    for (_, made) in users {
        match made {
            Made::Level(_, level) if levels.contains(level) => {
                return Err("are the same level of");
            }
            Made::Level(_, level) => levels.push(level.clone()),
            Made::Whole(_, encoding) if whole.is_none_or(|other| other == encoding) => {
                whole = Some(encoding);
            }
            Made::Whole(..) => return Err("take in different ways the values of"),
        }
    }
    match (whole, levels.is_empty()) {
        (None, true) => Ok(None),
        (Some(encoding), true) => Ok(Some(encoding.clone())),
        (None, false) => Ok(Some(Encoding::OneHot {
            missing: levels.iter().position(|level| level == MISSING_LEVEL),
            levels,
            pooled: Vec::new(),
        })),
        (Some(_), false) => Err("take both single levels and the whole of"),
    }
}

impl Made {
    fn source(&self) -> &str {
        match self {
            Self::Whole(source, _) | Self::Level(source, _) => source,
        }
    }

    /// Which of the source's matrix columns this is.
    fn offset(&self, encoding: &Encoding) -> u32 {
        match (self, encoding) {
            (Self::Level(_, level), Encoding::OneHot { levels, .. }) => {
                let place = levels.iter().position(|other| other == level);
                place.unwrap_or_default() as u32
            }
            _ => 0,
        }
    }
}
