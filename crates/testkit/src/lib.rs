//! What tests share: where data lies, a database each, golden numbers.
