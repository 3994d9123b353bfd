//! The rising step curve nearest to what happened.

use churn_ensemble::Calibrator;

use super::Point;

struct Block {
    low: f64,
    high: f64,
    left: f64,
    rows: f64,
}

impl Block {
    /// The share that left, unsmoothed.
    fn share(&self) -> f64 {
        self.left / self.rows
    }

    /// The share kept off 0 and 1, so that one surprise costs a finite loss: half a row of either
    /// kind is added (Krichevsky and Trofimov 1981).
    fn smoothed(&self) -> f64 {
        (self.left + 0.5) / (self.rows + 1.0)
    }
}

/// Pool-adjacent-violators over margins in ascending order, once by the shares and once more by the
/// smoothed ones: smoothing lifts a tiny block above a large one, and such blocks are one.
pub(super) fn fit(points: &[Point]) -> Calibrator {
    let (mut knots, mut probabilities) = (Vec::new(), Vec::new());
    for block in pool(pool(blocks(points), Block::share), Block::smoothed) {
        let probability = block.smoothed();
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

/// Joins neighbours until `height` rises from block to block.
fn pool(blocks: Vec<Block>, height: fn(&Block) -> f64) -> Vec<Block> {
    let mut pooled: Vec<Block> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., a, b] = pooled.as_mut_slice()
            && height(a) >= height(b)
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
    #[test]
    fn a_tiny_block_does_not_lift_the_one_above_it() {
        let points = [(-3.0, 0.0, 1.0), (-2.0, 1.0, 100.0), (2.0, 60.0, 100.0)];
        let points = points.map(|(margin, left, rows)| Point { margin, left, rows });
        let calibrator = fit(&points);
        calibrator.check().unwrap();
        let low = 1.5 / 102.0;
        assert!((calibrator.apply(-3.0) - low).abs() < 1e-12);
        assert!((calibrator.apply(-2.0) - low).abs() < 1e-12);
        assert!((calibrator.apply(2.0) - 60.5 / 101.0).abs() < 1e-12);
    }
}
