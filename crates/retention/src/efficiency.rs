//! How many offers a list wastes, against contacting everybody.

use serde::Serialize;

use crate::error::Error;

/// Wasted offers of a list and of contacting everybody.
///
/// An offer is wasted on a customer who would have stayed anyway, so the expected waste of a
/// contact is one minus the probability. A shorter list always wastes less; therefore
/// the share of leavers it reaches, and the comparison at equal reach, stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignEfficiency {
    /// Customers in the base.
    pub n_customers: u64,
    /// Customers on the list.
    pub n_contacts: u64,
    /// Expected leavers in the base.
    pub expected_leavers: f64,
    /// Expected leavers on the list.
    pub leavers_reached: f64,
    /// Expected wasted offers if everybody is contacted.
    pub wasted_if_everybody: f64,
    /// Expected wasted offers of the list.
    pub wasted_on_list: f64,
    /// `1 - wasted_on_list / wasted_if_everybody`; `None` if nothing would be wasted.
    pub share_of_waste_avoided: Option<f64>,
    /// `leavers_reached / expected_leavers`: what the saving is paid with; `None` without leavers.
    pub share_of_leavers_reached: Option<f64>,
    /// Waste avoided against contacting customers at random until as many leavers are reached;
    /// 0 for a list no better than chance. `None` if it can't be said.
    pub share_avoided_at_equal_reach: Option<f64>,
    /// The figures in words, with their inputs.
    pub statement: String,
}

/// Compares a list with contacting everybody.
///
/// `customers` gives each customer of the base: the calibrated probability of leaving and whether
/// they are on the list.
///
/// # Errors
/// [`Error::OutOfRange`] for a probability outside 0..=1.
pub fn compute_efficiency(
    customers: impl IntoIterator<Item = (f64, Contacted)>,
) -> Result<CampaignEfficiency, Error> {
    let mut tally = EfficiencyTally::default();
    for (probability, contacted) in customers {
        tally.add(probability, contacted)?;
    }
    Ok(tally.finish())
}

/// A comparison in the making; see [`crate::SavingTally`].
#[derive(Debug, Clone, Copy, Default)]
pub struct EfficiencyTally {
    n_customers: u64,
    n_contacts: u64,
    expected_leavers: f64,
    leavers_reached: f64,
    wasted_if_everybody: f64,
    wasted_on_list: f64,
}

impl EfficiencyTally {
    /// Takes up one customer.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a probability outside 0..=1.
    pub fn add(&mut self, probability: f64, contacted: Contacted) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::OutOfRange {
                what: "a customer's probability",
                expected: "from 0 to 1",
                found: probability,
            });
        }
        self.n_customers += 1;
        self.expected_leavers += probability;
        self.wasted_if_everybody += 1.0 - probability;
        if contacted == Contacted::Yes {
            self.n_contacts += 1;
            self.leavers_reached += probability;
            self.wasted_on_list += 1.0 - probability;
        }
        Ok(())
    }

    /// Takes up another part's tally. The order of parts decides the last bits of the sums.
    pub fn join(&mut self, part: &Self) {
        self.n_customers += part.n_customers;
        self.n_contacts += part.n_contacts;
        self.expected_leavers += part.expected_leavers;
        self.leavers_reached += part.leavers_reached;
        self.wasted_if_everybody += part.wasted_if_everybody;
        self.wasted_on_list += part.wasted_on_list;
    }

    /// The figures.
    #[must_use]
    pub fn finish(self) -> CampaignEfficiency {
        let share_of_leavers_reached = divide(self.leavers_reached, self.expected_leavers);
        let wasted_at_equal_reach =
            share_of_leavers_reached.map(|reach| reach * self.wasted_if_everybody);
        let mut efficiency = CampaignEfficiency {
            n_customers: self.n_customers,
            n_contacts: self.n_contacts,
            expected_leavers: self.expected_leavers,
            leavers_reached: self.leavers_reached,
            wasted_if_everybody: self.wasted_if_everybody,
            wasted_on_list: self.wasted_on_list,
            share_of_waste_avoided: divide(self.wasted_on_list, self.wasted_if_everybody)
                .map(|share| 1.0 - share),
            share_of_leavers_reached,
            share_avoided_at_equal_reach: wasted_at_equal_reach
                .and_then(|waste| divide(self.wasted_on_list, waste))
                .map(|share| 1.0 - share),
            statement: String::new(),
        };
        efficiency.statement = describe(&efficiency);
        efficiency
    }
}

/// Whether a customer is on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contacted {
    /// On the list.
    Yes,
    /// Left alone.
    No,
}

fn divide(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn describe(efficiency: &CampaignEfficiency) -> String {
    let percent = |share: Option<f64>| {
        share.map_or("unknown".to_owned(), |share| {
            format!("{:.1} %", share * 100.0)
        })
    };
    format!(
        "contacting {} of {} customers wastes {:.1} offers on people who would stay, contacting all wastes {:.1}: {} avoided while {} of the expected leavers are reached; {} avoided against random contacts that reach as many",
        efficiency.n_contacts,
        efficiency.n_customers,
        efficiency.wasted_on_list,
        efficiency.wasted_if_everybody,
        percent(efficiency.share_of_waste_avoided),
        percent(efficiency.share_of_leavers_reached),
        percent(efficiency.share_avoided_at_equal_reach)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waste_is_counted_against_everybody_and_at_equal_reach() {
        let base = [
            (0.9, Contacted::Yes),
            (0.7, Contacted::Yes),
            (0.2, Contacted::No),
            (0.2, Contacted::No),
        ];
        let efficiency = compute_efficiency(base).unwrap();
        assert!((efficiency.wasted_on_list - 0.4).abs() < 1e-12);
        assert!((efficiency.wasted_if_everybody - 2.0).abs() < 1e-12);
        assert!((efficiency.share_of_waste_avoided.unwrap() - 0.8).abs() < 1e-12);
        assert!((efficiency.share_of_leavers_reached.unwrap() - 0.8).abs() < 1e-12);
        // Random contacts that reach 80 % of the leavers waste 80 % of 2.0.
        assert!((efficiency.share_avoided_at_equal_reach.unwrap() - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_list_no_better_than_chance_avoids_nothing_at_equal_reach() {
        let base = [
            (0.3, Contacted::Yes),
            (0.3, Contacted::No),
            (0.3, Contacted::No),
        ];
        let efficiency = compute_efficiency(base).unwrap();
        assert!((efficiency.share_of_waste_avoided.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert!(efficiency.share_avoided_at_equal_reach.unwrap().abs() < 1e-12);
    }

    #[test]
    fn shares_without_a_base_are_absent_and_bad_probabilities_refused() {
        let efficiency = compute_efficiency([]).unwrap();
        assert_eq!(efficiency.share_of_waste_avoided, None);
        assert_eq!(efficiency.share_of_leavers_reached, None);
        assert!(compute_efficiency([(f64::NAN, Contacted::Yes)]).is_err());
    }
}
