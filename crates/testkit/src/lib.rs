//! What tests share: where data lies, a database each, golden numbers.

mod locate;

pub use locate::{data_dir, xgboost_library};
