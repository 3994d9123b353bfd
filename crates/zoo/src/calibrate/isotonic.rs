//! The rising step curve nearest to what happened.

use churn_ensemble::Calibrator;

use super::Point;

struct Block {
    low: f64,
    high: f64,
    left: f64,
    rows: f64,
}

/// Pool-adjacent-violators over margins in ascending order. Probabilities are kept off 0 and 1 by
/// the rule of succession, so that one surprise costs a finite loss.
pub(super) fn fit(points: &[Point]) -> Calibrator {
    let (mut knots, mut probabilities) = (Vec::new(), Vec::new());
    for block in pool(blocks(points)) {
        let probability = (block.left + 0.5) / (block.rows + 1.0);
        // The small-sample shift may break the order between a tiny and a large block.
        let probability = probabilities
            .last()
            .map_or(probability, |&last: &f64| last.max(probability));
        knots.push(block.low);
        probabilities.push(probability);
        if block.high > block.low {
            knots.push(block.high);
            probabilities.push(probability);
        }
    }
    if knots.is_empty() {
        Calibrator::Identity
    } else {
        Calibrator::Isotonic {
            margins: knots,
            probabilities,
        }
    }
}

/// One block per distinct margin, ascending: rows of equal margin can't be told apart.
fn blocks(points: &[Point]) -> Vec<Block> {
    let mut order: Vec<&Point> = points.iter().filter(|point| point.rows > 0.0).collect();
    order.sort_by(|a, b| a.margin.total_cmp(&b.margin));
    let mut blocks: Vec<Block> = Vec::new();
    for point in order {
        match blocks.last_mut() {
            Some(last) if last.high >= point.margin => {
                last.left += point.left;
                last.rows += point.rows;
            }
            _ => blocks.push(Block {
                low: point.margin,
                high: point.margin,
                left: point.left,
                rows: point.rows,
            }),
        }
    }
    blocks
}

fn pool(blocks: Vec<Block>) -> Vec<Block> {
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., a, b] = pooled.as_mut_slice()
            && a.left * b.rows >= b.left * a.rows
        {
            (a.high, a.left, a.rows) = (b.high, a.left + b.left, a.rows + b.rows);
            pooled.pop();
        }
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::{Point, fit};

    #[test]
    fn violators_are_pooled() {
        let points = [(1.0, 0.0), (2.0, 1.0), (3.0, 0.0), (4.0, 1.0)];
        let points = points.map(|(margin, left)| Point {
            margin,
            left,
            rows: 1.0,
        });
        let calibrator = fit(&points);
        calibrator.check().unwrap();
        assert!((calibrator.apply(2.0) - 0.5).abs() < 1e-12);
        assert!((calibrator.apply(3.0) - 0.5).abs() < 1e-12);
        assert!(calibrator.apply(1.0) < 0.5 && calibrator.apply(9.0) > 0.5);
    }
}
