//! Normal and Student t probabilities, to about 1e-12 relative.
//!
//! Both come from the regularised incomplete gamma and beta functions by series and continued
//! fraction (Press et al., *Numerical Recipes*, 3rd edition, sections 6.1, 6.2 and 6.4).

/// Enough terms for every argument used here; the loops stop at machine precision.
const MAX_TERMS: usize = 1000;

/// Chance that a standard normal lies further from 0 than `z`, 0..=1.
pub(crate) fn normal_two_sided(z: f64) -> f64 {
    upper_gamma_half(0.5 * z * z)
}

/// The value a standard normal stays below with chance `share`, 0 < share < 1.
pub(crate) fn normal_quantile(share: f64) -> f64 {
    quantile_of(share, normal_two_sided)
}

/// Chance that a Student t with `degrees` of freedom lies further from 0 than `t`, 0..=1.
pub(crate) fn student_t_two_sided(t: f64, degrees: f64) -> f64 {
    incomplete_beta(degrees / (degrees + t * t), 0.5 * degrees, 0.5)
}

/// The value a Student t with `degrees` of freedom stays below with chance `share`.
pub(crate) fn student_t_quantile(share: f64, degrees: f64) -> f64 {
    quantile_of(share, |t| student_t_two_sided(t, degrees))
}

/// Inverts a symmetric distribution given its two-sided tail, by bisection.
fn quantile_of(share: f64, two_sided: impl Fn(f64) -> f64) -> f64 {
    let tail = 2.0 * share.min(1.0 - share);
    let mut high = 1.0;
    while two_sided(high) > tail && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Two hundred halvings reach neighbouring floating-point numbers from any start.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if two_sided(middle) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    let distance = 0.5 * (low + high);
    if share < 0.5 { -distance } else { distance }
}

/// Regularised upper incomplete gamma function Q(1/2, x), which is erfc(sqrt(x)).
fn upper_gamma_half(x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (-x).exp() * (x / std::f64::consts::PI).sqrt();
    if x < 1.5 {
        let mut term = 2.0;
        let mut sum = term;
        for index in 1..MAX_TERMS {
            term *= x / (0.5 + index as f64);
            sum += term;
            if term < sum * f64::EPSILON {
                break;
            }
        }
        1.0 - front * sum
    } else {
        front * continued_fraction_gamma(x)
    }
}

/// Lentz continued fraction of Q(1/2, x) without its front factor.
fn continued_fraction_gamma(x: f64) -> f64 {
    let mut b = x + 0.5;
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / b;
    let mut value = d;
    for index in 1..MAX_TERMS {
        let index = index as f64;
        let a = -index * (index - 0.5);
        b += 2.0;
        d = 1.0 / away_from_zero(a * d + b);
        c = away_from_zero(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// Regularised incomplete beta function I_x(a, b).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front =
        (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction_beta(x, a, b) / a
    } else {
        1.0 - front * continued_fraction_beta(1.0 - x, b, a) / b
    }
}

/// Lentz continued fraction of the incomplete beta function.
fn continued_fraction_beta(x: f64, a: f64, b: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for index in 1..MAX_TERMS {
        let m = index as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < f64::MIN_POSITIVE {
        f64::MIN_POSITIVE
    } else {
        value
    }
}

/// Logarithm of the gamma function for positive arguments: shift up, then Stirling's series.
fn ln_gamma(x: f64) -> f64 {
    let mut shifted = x;
    let mut product = 1.0;
    while shifted < 15.0 {
        product *= shifted;
        shifted += 1.0;
    }
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0))));
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
        - product.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(name: &str) -> Vec<Vec<f64>> {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../testdata/golden.json")).unwrap();
        serde_json::from_value(golden["distributions"][name].clone()).unwrap()
    }

    #[track_caller]
    fn check(name: &str, function: impl Fn(&[f64]) -> f64) {
        for row in reference(name) {
            let (expected, arguments) = row.split_last().unwrap();
            let gap = (function(arguments) - expected).abs();
            assert!(
                gap <= 1e-10 * expected.abs() + 1e-15,
                "{name}{arguments:?}: gap {gap:e}"
            );
        }
    }

    #[test]
    fn probabilities_and_quantiles_equal_the_reference() {
        check("normal_two_sided", |a| normal_two_sided(a[0]));
        check("normal_quantile", |a| normal_quantile(a[0]));
        check("t_two_sided", |a| student_t_two_sided(a[0], a[1]));
        check("t_quantile", |a| student_t_quantile(a[0], a[1]));
    }
}
