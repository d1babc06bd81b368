//! How much a test does. Under miri a step takes some ten thousand times as long: there a test
//! does the same with less, and is left out nowhere.

use core::iter::StepBy;

/// What a test takes, and what it takes under miri.
pub(crate) const fn size(full: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { full }
}

/// All cases, or every so many-th of them under miri, from the first on.
pub(crate) fn thin<I: IntoIterator>(cases: I, step: usize) -> StepBy<I::IntoIter> {
    cases.into_iter().step_by(size(1, step))
}
