//! Offers, their value and who gets what.
//!
//! A [`Playbook`] is a YAML file of offers: what each costs, whom it fits (a CEL expression over the
//! customer's original columns), and which share of would-be leavers it keeps. Given a scored
//! [`Customer`] it answers with the offers that bring more than they cost, best first, each with its
//! arithmetic; an empty answer means "do nothing". [`compute_saving`] and [`compute_efficiency`] sum
//! a list up, with the inputs beside every figure.
//!
//! ```
//! use churn_retention::{Customer, Playbook, Value};
//! use churn_schema::{ColumnKind, ColumnSpec, Currency, DatasetSpec, Role, ValueSpec};
//!
//! let mut spec = DatasetSpec::new("shop");
//! let mut fee = ColumnSpec::new("fee", ColumnKind::Number);
//! fee.roles = vec![Role::Feature, Role::Revenue];
//! spec.columns = vec![ColumnSpec::new("months", ColumnKind::Integer), fee];
//! spec.currency = Some(Currency::USD);
//! spec.value = Some(ValueSpec { margin: 0.3, horizon_months: 12.0 });
//!
//! let playbook = Playbook::from_yaml(
//!     "
//! offers:
//!   - id: welcome-call
//!     title: Call within the first year
//!     kind: call
//!     cost: {fixed: 15}
//!     eligible: months < 12
//!     save_rate: {value: 0.2, source: assumption}
//! ",
//!     "playbook.yaml",
//!     &spec,
//! )?;
//! let customer = Customer {
//!     values: &[("months", Value::Number(3.0))],
//!     probability: 0.78,
//!     monthly_revenue: Some(70.35),
//!     reasons: &["months"],
//! };
//! let best = &playbook.recommend(&customer)[0];
//! assert_eq!(best.arithmetic, "0.78 x 0.20 x 253.26 - 15.00 = 24.51 USD");
//! # Ok::<(), churn_retention::Error>(())
//! ```
//!
//! What it does not do: it learns nothing (save rates are stated inputs until a campaign has
//! measured them), keeps no record of what was offered, sends nothing, and spreads no budget.
//! It reads no file, no clock and no environment.
//!
//! Layer 1: it builds on `churn-schema` (specification, money) and is used by `churn-engine`.

mod adviser;
mod binding;
mod change;
mod columns;
mod customer;
mod document;
mod efficiency;
mod error;
mod expression;
mod faults;
mod load;
mod nearest;
mod offer;
mod playbook;
mod recommend;
mod risk;
mod saving;
mod section;
mod segment;
mod typing;
mod worth;

pub use adviser::{Adviser, Choices};
pub use change::{Change, ChangeTo};
pub use customer::{Customer, CustomerValues, Value};
pub use efficiency::{CampaignEfficiency, Contacted, EfficiencyTally, compute_efficiency};
pub use error::{Error, PlaybookFault};
pub use faults::{EvaluationFault, FaultCount, FaultPart, FaultTally};
pub use offer::{MonthlyCost, Offer, OfferCost, SaveRate};
pub use playbook::{Assumptions, OfferAssumption, Playbook};
pub use recommend::{Advice, Choice, Recommendation};
pub use risk::{RiskCutoffs, RiskLevel};
pub use saving::{
    OfferSaving, PlannedContact, RoughSaving, Saving, SavingTally, compute_rough_saving,
    compute_saving,
};
pub use segment::Segment;
pub use worth::{MarginAndHorizon, ValueInputs};
