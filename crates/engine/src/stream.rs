//! Working through a file of any size: chunks in parallel, results in order, in constant memory.

use churn_schema::Chunk;
use rayon::prelude::*;

use crate::Error;

/// Chunks worked on at once, per thread.
const CHUNKS_PER_THREAD: usize = 2;

/// Reads chunks ahead while a pool does `work` on those read before; `take` gets what came of each
/// in the order of the file, whatever the number of threads.
///
/// # Errors
/// The first fault in the order of the file.
pub(crate) fn stream<T: Send>(
    reader: &mut (impl Iterator<Item = Result<Chunk, churn_schema::Error>> + Send),
    work: impl Fn(&Chunk) -> Result<T, Error> + Sync,
    mut take: impl FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    let n_ahead = rayon::current_num_threads() * CHUNKS_PER_THREAD;
    let mut next = read_ahead(reader, n_ahead)?;
    while !next.is_empty() {
        let current = std::mem::take(&mut next);
        let (read, done) = rayon::join(
            || read_ahead(reader, n_ahead),
            || current.par_iter().map(&work).collect::<Vec<_>>(),
        );
        for done in done {
            take(done?)?;
        }
        next = read?;
    }
    Ok(())
}

fn read_ahead(
    reader: &mut impl Iterator<Item = Result<Chunk, churn_schema::Error>>,
    most: usize,
) -> Result<Vec<Chunk>, Error> {
    Ok(reader.take(most).collect::<Result<_, _>>()?)
}
