//! Solving a symmetric positive definite system in place.

/// Solves `A x = b` for symmetric positive definite `A` (lower triangle, row-major, `n × n`,
/// overwritten) and leaves `x` in `b`. `None` when `A` is not positive definite.
pub(crate) fn solve(a: &mut [f64], b: &mut [f64]) -> Option<()> {
    let n = b.len();
    for row in 0..n {
        for column in 0..=row {
            let (head, tail) = a.split_at(row * n);
            let own = &tail[..n];
            let dot = if column == row {
                own[..column].iter().map(|x| x * x).sum::<f64>()
            } else {
                let other = &head[column * n..column * n + column];
                own[..column]
                    .iter()
                    .zip(other)
                    .map(|(x, y)| x * y)
                    .sum::<f64>()
            };
            let rest = a[row * n + column] - dot;
            if column == row {
                if rest <= 0.0 || !rest.is_finite() {
                    return None;
                }
                a[row * n + row] = rest.sqrt();
            } else {
                a[row * n + column] = rest / a[column * n + column];
            }
        }
    }
    for row in 0..n {
        let dot: f64 = a[row * n..row * n + row]
            .iter()
            .zip(&*b)
            .map(|(x, y)| x * y)
            .sum();
        b[row] = (b[row] - dot) / a[row * n + row];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n)
            .map(|below| a[below * n + row] * b[below])
            .sum();
        b[row] = (b[row] - dot) / a[row * n + row];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_small_system_is_solved() {
        let mut a = [4.0, 0.0, 2.0, 3.0]; // upper entry unused
        let mut b = [10.0, 8.0];
        super::solve(&mut a, &mut b).unwrap();
        assert!(
            (b[0] - 1.75).abs() < 1e-12 && (b[1] - 1.5).abs() < 1e-12,
            "{b:?}"
        );
        assert!(super::solve(&mut [1.0, 0.0, 2.0, 1.0], &mut [1.0, 1.0]).is_none());
    }
}
