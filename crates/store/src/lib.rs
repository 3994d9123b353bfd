//! All SQL, blobs, and what outlives the process.
