//! Keys for tests and demonstrations.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::key::Entropy;
use crate::seed::{Draws, Seed};

/// Bytes that follow from a seed, for tests and demonstrations that give the same bytes each time.
/// Whoever knows the seed knows every key: never use it for people's data.
///
/// ```
/// use bespoke::key::Entropy;
/// use bespoke::seed::Seed;
/// use bespoke::testing::key::SeededEntropy;
///
/// let entropy = SeededEntropy::new(Seed::new(7));
/// let (mut first, mut second) = ([0; 32], [0; 32]);
/// entropy.fill(&mut first)?;
/// entropy.fill(&mut second)?;
/// assert_ne!(first, second);
/// # Ok::<(), bespoke::Error>(())
/// ```
pub struct SeededEntropy(Mutex<Draws>);

impl SeededEntropy {
    /// The bytes of this seed.
    pub fn new(seed: Seed) -> Self {
        Self(Mutex::new(seed.fork("entropy").draws()))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<()> {
        let mut draws = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            let drawn = draws.bits().to_be_bytes();
            chunk.iter_mut().zip(drawn).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededEntropy").finish_non_exhaustive()
    }
}
