//! Calibration constants: what the public Telco file looks like, as a few tables.
//!
//! Counts and shares were read off the file (7,043 customers); slopes are least squares within
//! a contract × internet cell; the coefficients of leaving are a logistic regression on the
//! file, strengthened a little to make up for what no column shows, with one offset per
//! contract so that the rates by contract come out right.

/// Contract levels, in the order of the tables below.
pub(crate) const CONTRACTS: [&str; 3] = ["Month-to-month", "One year", "Two year"];
/// Internet levels, in the order of the tables below.
pub(crate) const INTERNETS: [&str; 3] = ["DSL", "Fiber optic", "No"];
/// Payment levels, in the order of [`Cell::payments`]; the last two are automatic.
pub(crate) const PAYMENTS: [&str; 4] = [
    "Electronic check",
    "Mailed check",
    "Bank transfer (automatic)",
    "Credit card (automatic)",
];

/// One contract × internet cell; shares are 0..=1.
pub(crate) struct Cell {
    /// Customers in the cell.
    pub(crate) weight: f64,
    /// Customers per payment method.
    pub(crate) payments: [f64; 4],
    /// Share of senior citizens.
    pub(crate) senior: f64,
    /// Share with a partner.
    pub(crate) partner: f64,
    /// Share with paperless billing.
    pub(crate) paperless: f64,
    /// Share with phone service.
    pub(crate) phone: f64,
    /// Share with several lines among those with phone service.
    pub(crate) multiple_lines: f64,
    /// Share with security, backup, protection, support, TV, movies (0 without internet).
    pub(crate) services: [f64; 6],
}

macro_rules! cell {
    ($weight:literal, $payments:expr, $senior:literal, $partner:literal, $paperless:literal,
     $phone:literal, $multiple_lines:literal, $services:expr) => {
        Cell {
            weight: $weight,
            payments: $payments,
            senior: $senior,
            partner: $partner,
            paperless: $paperless,
            phone: $phone,
            multiple_lines: $multiple_lines,
            services: $services,
        }
    };
}

const NONE: [f64; 6] = [0.0; 6];

/// Cells by contract, then internet.
#[rustfmt::skip]
pub(crate) const CELLS: [Cell; 9] = [
    cell!(1223.0, [474.0, 367.0, 197.0, 185.0], 0.130, 0.329, 0.590, 0.693, 0.259, [0.299, 0.303, 0.229, 0.277, 0.244, 0.251]),
    cell!(2128.0, [1307.0, 201.0, 327.0, 293.0], 0.299, 0.395, 0.794, 1.0, 0.572, [0.166, 0.325, 0.32, 0.156, 0.470, 0.469]),
    cell!(524.0, [69.0, 325.0, 65.0, 65.0], 0.023, 0.263, 0.334, 1.0, 0.088, NONE),
    cell!(570.0, [116.0, 137.0, 145.0, 172.0], 0.088, 0.546, 0.528, 0.746, 0.428, [0.579, 0.489, 0.537, 0.572, 0.447, 0.454]),
    cell!(539.0, [196.0, 36.0, 157.0, 150.0], 0.230, 0.633, 0.742, 1.0, 0.686, [0.412, 0.636, 0.631, 0.419, 0.737, 0.748]),
    cell!(364.0, [35.0, 164.0, 89.0, 76.0], 0.044, 0.489, 0.272, 1.0, 0.176, NONE),
    cell!(628.0, [58.0, 109.0, 224.0, 237.0], 0.080, 0.725, 0.489, 0.744, 0.621, [0.771, 0.694, 0.763, 0.817, 0.643, 0.661]),
    cell!(429.0, [92.0, 21.0, 162.0, 154.0], 0.166, 0.734, 0.713, 1.0, 0.818, [0.613, 0.718, 0.793, 0.718, 0.823, 0.818]),
    cell!(638.0, [18.0, 252.0, 178.0, 190.0], 0.038, 0.661, 0.270, 1.0, 0.364, NONE),
];

/// Bins of tenure in months, both ends included; uniform inside a bin.
pub(crate) const TENURE_BINS: [(u32, u32); 20] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 6),
    (7, 9),
    (10, 12),
    (13, 18),
    (19, 24),
    (25, 30),
    (31, 36),
    (37, 42),
    (43, 48),
    (49, 54),
    (55, 60),
    (61, 66),
    (67, 70),
    (71, 71),
    (72, 72),
];

/// Customers per cell and tenure bin.
#[rustfmt::skip]
pub(crate) const TENURES: [[f64; 20]; 9] = [
    [0.0, 210.0, 81.0, 69.0, 61.0, 74.0, 109.0, 86.0, 132.0, 100.0, 86.0, 51.0, 52.0, 38.0, 33.0, 26.0, 9.0, 5.0, 1.0, 0.0],
    [0.0, 235.0, 109.0, 90.0, 76.0, 109.0, 166.0, 131.0, 238.0, 187.0, 155.0, 154.0, 114.0, 98.0, 90.0, 84.0, 63.0, 23.0, 4.0, 2.0],
    [0.0, 159.0, 40.0, 32.0, 28.0, 40.0, 44.0, 45.0, 48.0, 32.0, 23.0, 17.0, 11.0, 3.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
    [0.0, 2.0, 0.0, 1.0, 0.0, 2.0, 14.0, 23.0, 33.0, 46.0, 60.0, 59.0, 65.0, 57.0, 63.0, 59.0, 40.0, 37.0, 9.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 4.0, 9.0, 14.0, 30.0, 32.0, 39.0, 53.0, 82.0, 73.0, 103.0, 63.0, 18.0, 16.0],
    [1.0, 5.0, 7.0, 5.0, 6.0, 9.0, 18.0, 24.0, 48.0, 47.0, 37.0, 32.0, 28.0, 26.0, 29.0, 15.0, 16.0, 9.0, 1.0, 1.0],
    [5.0, 0.0, 1.0, 1.0, 0.0, 3.0, 5.0, 3.0, 11.0, 14.0, 8.0, 17.0, 16.0, 38.0, 46.0, 58.0, 102.0, 115.0, 52.0, 133.0],
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 3.0, 7.0, 10.0, 15.0, 23.0, 34.0, 58.0, 88.0, 45.0, 145.0],
    [5.0, 2.0, 0.0, 2.0, 4.0, 6.0, 15.0, 16.0, 29.0, 35.0, 29.0, 32.0, 44.0, 55.0, 54.0, 62.0, 71.0, 72.0, 40.0, 65.0],
];

/// Mean tenure per cell in months; slopes act on the distance from it.
pub(crate) const MEAN_TENURE: [f64; 9] =
    [15.73, 21.55, 9.13, 40.49, 52.10, 29.60, 59.14, 65.18, 48.68];

/// Change of a share per month of tenure beyond the cell's mean.
pub(crate) const PARTNER_SLOPE: f64 = 0.0059;
/// As [`PARTNER_SLOPE`], for senior citizens.
pub(crate) const SENIOR_SLOPE: f64 = 0.0017;
/// As [`PARTNER_SLOPE`], for paperless billing.
pub(crate) const PAPERLESS_SLOPE: f64 = 0.0016;
/// As [`PARTNER_SLOPE`], for several lines.
pub(crate) const MULTIPLE_LINES_SLOPE: f64 = 0.0063;
/// As [`PARTNER_SLOPE`], for the six services.
pub(crate) const SERVICE_SLOPES: [f64; 6] = [0.004, 0.0073, 0.0049, 0.0022, 0.0041, 0.0043];
/// How much more likely movies are with TV than without.
pub(crate) const MOVIES_GIVEN_TV: f64 = 0.3546;

/// Share with dependents by partner (no, yes) and senior citizen (no, yes).
pub(crate) const DEPENDENTS: [[f64; 2]; 2] = [[0.1149, 0.0141], [0.5889, 0.1449]];
/// Share of men.
pub(crate) const MALE: f64 = 0.5048;

/// Monthly price of phone service.
pub(crate) const PHONE_PRICE: f64 = 20.0;
/// Monthly price of several lines.
pub(crate) const MULTIPLE_LINES_PRICE: f64 = 5.0;
/// Monthly price per internet level.
pub(crate) const INTERNET_PRICES: [f64; 3] = [25.0, 50.0, 0.0];
/// Monthly price of the six services.
pub(crate) const SERVICE_PRICES: [f64; 6] = [5.0, 5.0, 5.0, 5.0, 10.0, 10.0];
/// Lowest and highest monthly charge.
pub(crate) const CHARGE_RANGE: (f64, f64) = (18.25, 118.75);
/// Spread of the monthly charge around the tariff, in currency units.
pub(crate) const CHARGE_SPREAD: f64 = 1.02;
/// Spread of the total around tenure × monthly charge, in monthly charges per root of tenure.
pub(crate) const TOTAL_SPREAD: f64 = 0.2017;

/// Log-odds of leaving: one offset per contract.
pub(crate) const LEAVE_OFFSETS: [f64; 3] = [0.91, 0.31, -0.67];
/// Log-odds of leaving per `ln(1 + tenure)`.
pub(crate) const LEAVE_LOG_TENURE: f64 = -0.78;
/// Log-odds of leaving per internet level.
pub(crate) const LEAVE_INTERNETS: [f64; 3] = [0.0, 1.0, -0.8];
/// Log-odds of leaving when paying by electronic check.
pub(crate) const LEAVE_ELECTRONIC_CHECK: f64 = 0.42;
/// Log-odds of leaving per service.
pub(crate) const LEAVE_SERVICES: [f64; 6] = [-0.315, -0.124, 0.025, -0.282, 0.31, 0.31];
/// Log-odds of leaving with phone service.
pub(crate) const LEAVE_PHONE: f64 = -0.541;
/// Log-odds of leaving with several lines.
pub(crate) const LEAVE_MULTIPLE_LINES: f64 = 0.37;
/// Log-odds of leaving for senior citizens.
pub(crate) const LEAVE_SENIOR: f64 = 0.227;
/// Log-odds of leaving with dependents.
pub(crate) const LEAVE_DEPENDENTS: f64 = -0.25;
/// Log-odds of leaving with paperless billing.
pub(crate) const LEAVE_PAPERLESS: f64 = 0.355;
/// Spread of what no column shows, in log-odds.
pub(crate) const LEAVE_SPREAD: f64 = 0.3;
