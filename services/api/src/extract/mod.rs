//! What handlers take from a request, checked before they run.

mod body;
mod customer;
mod guard;

pub(crate) use body::{JsonBody, OptionalJson, collect, read_json, state_of};
pub(crate) use customer::Customer;
pub(crate) use guard::{
    Administer, Allowed, Follow, Judge, Models, Own, Read, SESSION_COOKIE, Score, Steer, Train,
    proofs,
};
