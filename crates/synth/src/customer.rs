//! One customer drawn from the tables: services first, then charges, then leaving.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::constants::*;

/// A customer of the snapshot; levels are indices into the tables of `constants`.
pub(crate) struct Customer {
    pub(crate) male: bool,
    pub(crate) senior: bool,
    pub(crate) partner: bool,
    pub(crate) dependents: bool,
    /// Months, 0..=72.
    pub(crate) tenure: u32,
    pub(crate) phone: bool,
    pub(crate) multiple_lines: bool,
    pub(crate) internet: usize,
    /// Security, backup, protection, support, TV, movies.
    pub(crate) services: [bool; 6],
    pub(crate) contract: usize,
    pub(crate) paperless: bool,
    pub(crate) payment: usize,
    /// Cents.
    pub(crate) monthly_cents: u64,
    /// Cents; `None` for a customer who has not been billed yet.
    pub(crate) total_cents: Option<u64>,
    pub(crate) leaves: bool,
}

impl Customer {
    /// Draws a customer; `noise` scales every spread, 1 is like the real file.
    pub(crate) fn draw(rng: &mut ChaCha8Rng, noise: f64) -> Self {
        let cell_idx = pick(rng, CELLS.iter().map(|cell| cell.weight));
        let (cell, contract, internet) = (&CELLS[cell_idx], cell_idx / 3, cell_idx % 3);
        let tenure = draw_tenure(rng, cell_idx);
        let months_beyond = f64::from(tenure) - MEAN_TENURE[cell_idx];
        let payment = pick(rng, cell.payments.iter().copied());
        let senior = happens(rng, cell.senior + SENIOR_SLOPE * months_beyond);
        let partner = happens(rng, cell.partner + PARTNER_SLOPE * months_beyond);
        let dependents = happens(rng, DEPENDENTS[usize::from(partner)][usize::from(senior)]);
        let phone = happens(rng, cell.phone);
        let several = happens(
            rng,
            cell.multiple_lines + MULTIPLE_LINES_SLOPE * months_beyond,
        );
        let mut customer = Self {
            male: happens(rng, MALE),
            senior,
            partner,
            dependents,
            tenure,
            phone,
            multiple_lines: phone && several,
            internet,
            services: draw_services(rng, cell, months_beyond),
            contract,
            paperless: happens(rng, cell.paperless + PAPERLESS_SLOPE * months_beyond),
            payment,
            monthly_cents: 0,
            total_cents: None,
            leaves: false,
        };
        customer.draw_charges(rng, noise);
        let logit = customer.leave_logit() + LEAVE_SPREAD * noise * bell(rng);
        customer.leaves = happens(rng, 1.0 / (1.0 + (-logit).exp()));
        customer
    }

    /// Whether the customer has internet, without which the six services do not apply.
    pub(crate) fn has_internet(&self) -> bool {
        self.internet != 2
    }

    fn draw_charges(&mut self, rng: &mut ChaCha8Rng, noise: f64) {
        let mut tariff = INTERNET_PRICES[self.internet];
        tariff += if self.phone { PHONE_PRICE } else { 0.0 };
        tariff += if self.multiple_lines {
            MULTIPLE_LINES_PRICE
        } else {
            0.0
        };
        tariff += sum_of(&self.services, &SERVICE_PRICES);
        let charge = tariff + CHARGE_SPREAD * noise * bell(rng);
        // Charges of the real file are multiples of five cents.
        self.monthly_cents = cents(20.0 * charge.clamp(CHARGE_RANGE.0, CHARGE_RANGE.1)) * 5;
        let monthly = self.monthly_cents as f64;
        let months = f64::from(self.tenure);
        let drift = TOTAL_SPREAD * noise * months.sqrt() * bell(rng);
        self.total_cents = match self.tenure {
            0 => None,
            1 => Some(self.monthly_cents),
            // Totals of the real file are multiples of five cents, too.
            _ => Some(cents((monthly * (months + drift).max(1.0)) / 5.0) * 5),
        };
    }

    /// Log-odds of leaving, as far as the columns tell.
    fn leave_logit(&self) -> f64 {
        let flags = [
            (self.payment == 0, LEAVE_ELECTRONIC_CHECK),
            (self.phone, LEAVE_PHONE),
            (self.multiple_lines, LEAVE_MULTIPLE_LINES),
            (self.senior, LEAVE_SENIOR),
            (self.dependents, LEAVE_DEPENDENTS),
            (self.paperless, LEAVE_PAPERLESS),
        ];
        let of_flags: f64 = flags
            .iter()
            .map(|&(set, effect)| if set { effect } else { 0.0 })
            .sum();
        LEAVE_OFFSETS[self.contract]
            + LEAVE_LOG_TENURE * f64::from(self.tenure).ln_1p()
            + LEAVE_INTERNETS[self.internet]
            + sum_of(&self.services, &LEAVE_SERVICES)
            + of_flags
    }
}

fn draw_tenure(rng: &mut ChaCha8Rng, cell_idx: usize) -> u32 {
    let (low, high) = TENURE_BINS[pick(rng, TENURES[cell_idx].iter().copied())];
    let months = high + 1 - low;
    low + (0..months)
        .nth(pick(rng, (0..months).map(|_| 1.0)))
        .unwrap_or(0)
}

fn draw_services(rng: &mut ChaCha8Rng, cell: &Cell, months_beyond: f64) -> [bool; 6] {
    let mut services = [false; 6];
    for (idx, share) in cell.services.iter().enumerate() {
        // The draw is made without internet, too, so that every row takes as many numbers.
        let mut chance = share + SERVICE_SLOPES[idx] * months_beyond;
        if idx == 5 {
            let tv = if services[4] { 1.0 } else { 0.0 };
            chance += MOVIES_GIVEN_TV * (tv - cell.services[4]);
        }
        let taken = happens(rng, chance);
        services[idx] = taken && *share > 0.0;
    }
    services
}

fn sum_of(flags: &[bool; 6], amounts: &[f64; 6]) -> f64 {
    flags
        .iter()
        .zip(amounts)
        .map(|(&set, amount)| if set { *amount } else { 0.0 })
        .sum()
}

fn happens(rng: &mut ChaCha8Rng, chance: f64) -> bool {
    rng.random::<f64>() < chance
}

/// An index drawn with chance proportional to its weight.
fn pick(rng: &mut ChaCha8Rng, weights: impl Iterator<Item = f64> + Clone) -> usize {
    let total: f64 = weights.clone().sum();
    let mut left = rng.random::<f64>() * total;
    let mut last = 0;
    for (idx, weight) in weights.enumerate() {
        if weight > 0.0 {
            last = idx;
            if left < weight {
                return idx;
            }
        }
        left -= weight;
    }
    last
}

/// A bell-shaped number with mean 0 and spread 1, within ±6: the sum of twelve uniforms.
///
/// Plain additions give the same bits on every platform, which logarithms do not promise.
fn bell(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// Rounds a non-negative amount to a whole number.
fn cents(amount: f64) -> u64 {
    amount.round() as u64
}
