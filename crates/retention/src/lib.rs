//! Offers, their value and who gets them.
