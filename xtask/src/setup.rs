//! `setup`: fetches what building and testing needs and the machine lacks.

use crate::{Outcome, moto, xgboost};

/// Fetches libxgboost and the S3 server; what is there and right is kept.
///
/// A C compiler is not asked for: without one this program could not have been linked.
pub(crate) fn run() -> Outcome {
    let library = xgboost::ensure()?;
    println!("libxgboost   {}", library.display());
    let server = moto::ensure()?;
    println!("moto_server  {}", server.display());
    Ok(())
}
