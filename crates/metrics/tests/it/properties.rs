//! Properties that hold for any rows, against quadratic or written-out versions.

use churn_metrics as m;
use proptest::prelude::*;

/// Labels with both classes and probabilities on a coarse grid, so that ties are common.
fn rows() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
    prop::collection::vec((any::<bool>(), 0u8..=40), 4..80)
        .prop_map(|rows| {
            rows.into_iter()
                .map(|(label, grid)| (label, f64::from(grid) / 40.0))
                .unzip()
        })
        .prop_filter("both classes", |(labels, _): &(Vec<bool>, Vec<f64>)| {
            labels.contains(&true) && labels.contains(&false)
        })
}

fn pair_count(labels: &[bool], scores: &[f64]) -> f64 {
    let (mut wins, mut pairs) = (0.0, 0.0);
    for (i, &positive) in labels.iter().enumerate() {
        for (j, &other) in labels.iter().enumerate() {
            if positive && !other {
                pairs += 1.0;
                wins += match scores[i].total_cmp(&scores[j]) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
    wins / pairs
}

proptest! {
    #[test]
    fn auc_is_the_share_of_pairs_won((labels, scores) in rows()) {
        let auc = m::roc_auc(&labels, &scores).unwrap();
        prop_assert!((auc - pair_count(&labels, &scores)).abs() < 1e-12);
    }

    #[test]
    fn an_increasing_map_of_scores_changes_no_ranking_figure((labels, scores) in rows()) {
        let margins: Vec<f64> = scores.iter().map(|s| (4.0 * s).exp() - 7.0).collect();
        prop_assert_eq!(m::roc_auc(&labels, &scores), m::roc_auc(&labels, &margins));
        prop_assert_eq!(m::pr_auc(&labels, &scores), m::pr_auc(&labels, &margins));
        prop_assert_eq!(m::ks_statistic(&labels, &scores), m::ks_statistic(&labels, &margins));
        prop_assert_eq!(m::lift_at(&labels, &scores, 0.2), m::lift_at(&labels, &margins, 0.2));
    }

    #[test]
    fn row_order_changes_no_ranking_figure((mut labels, mut scores) in rows()) {
        let before = (m::roc_auc(&labels, &scores), m::capture_at(&labels, &scores, 0.3));
        labels.reverse();
        scores.reverse();
        prop_assert_eq!(before, (m::roc_auc(&labels, &scores), m::capture_at(&labels, &scores, 0.3)));
    }

    #[test]
    fn negated_scores_give_the_opposite_auc((labels, scores) in rows()) {
        let negated: Vec<f64> = scores.iter().map(|s| -s).collect();
        let sum = m::roc_auc(&labels, &scores).unwrap() + m::roc_auc(&labels, &negated).unwrap();
        prop_assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn lift_stays_within_its_bounds((labels, scores) in rows(), fraction in 0.01f64..=1.0) {
        let base_rate = labels.iter().filter(|&&l| l).count() as f64 / labels.len() as f64;
        let lift = m::lift_at(&labels, &scores, fraction).unwrap();
        prop_assert!(lift >= 0.0 && lift <= 1.0 / base_rate + 1e-12);
        let whole = m::lift_at(&labels, &scores, 1.0).unwrap();
        prop_assert!((whole - 1.0).abs() < 1e-12);
    }

    #[test]
    fn gain_curve_rises_to_everything((labels, scores) in rows()) {
        let curve = m::gain_curve(&labels, &scores, 4).unwrap();
        prop_assert!(curve.windows(2).all(|pair| pair[1].capture >= pair[0].capture - 1e-12));
        prop_assert!((curve[3].capture - 1.0).abs() < 1e-12);
        let slices = m::lift_curve(&labels, &scores, 4).unwrap();
        let hits: f64 = slices.iter().map(|slice| slice.hits).sum();
        prop_assert!((hits - curve[3].hits).abs() < 1e-9);
        prop_assert_eq!(slices.iter().map(|slice| slice.n_rows).sum::<usize>(), labels.len());
    }

    #[test]
    fn best_f1_beats_every_threshold((labels, scores) in rows()) {
        let best = m::best_f1_threshold(&labels, &scores).unwrap();
        for &threshold in &scores {
            let f1 = m::Confusion::at(&labels, &scores, threshold).unwrap().f1();
            prop_assert!(f1 <= best.f1 + 1e-12);
        }
    }

    #[test]
    fn reliability_table_adds_up_to_the_calibration_error((labels, p) in rows()) {
        let table = m::reliability_table(&labels, &p, 7).unwrap();
        let gap: f64 = table
            .iter()
            .map(|bin| bin.n_rows as f64 * (bin.mean_probability - bin.observed_rate).abs())
            .sum();
        for bin in &table {
            prop_assert!(bin.rate_low <= bin.observed_rate && bin.observed_rate <= bin.rate_high);
            prop_assert!(0.0 <= bin.rate_low && bin.rate_high <= 1.0);
        }
        prop_assert_eq!(
            table.iter().map(|bin| bin.n_positive).sum::<usize>(),
            labels.iter().filter(|&&label| label).count()
        );
        let ece = m::expected_calibration_error(&labels, &p, 7).unwrap();
        prop_assert!((gap / labels.len() as f64 - ece).abs() < 1e-12);
    }

    #[test]
    fn profit_curve_equals_a_sum_per_threshold((labels, p) in rows(), save_rate in 0.0f64..=1.0) {
        let values: Vec<f64> = p.iter().map(|x| 50.0 + 10.0 * x).collect();
        let costs: Vec<f64> = p.iter().map(|x| 5.0 + x).collect();
        let curve = m::profit_curve(&labels, &p, &values, &costs, save_rate).unwrap();
        for point in &curve {
            let called = |row: &usize| point.threshold.is_some_and(|t| p[*row] >= t);
            let profit: f64 = (0..p.len())
                .filter(called)
                .map(|i| if labels[i] { save_rate * values[i] } else { 0.0 } - costs[i])
                .sum();
            prop_assert!((profit - point.profit).abs() < 1e-8);
            prop_assert_eq!((0..p.len()).filter(called).count(), point.n_contacted);
        }
        let best = m::best_profit_threshold(&labels, &p, &values, &costs, save_rate).unwrap();
        prop_assert!(best.profit >= 0.0);
        prop_assert!(curve.iter().all(|point| point.profit <= best.profit));
        let thin = m::thin_curve(&curve, 6);
        prop_assert!(thin.len() <= 6 && thin.contains(&best));
        prop_assert_eq!((thin.first(), thin.last()), (curve.first(), curve.last()));
    }
}
