use std::collections::BTreeMap;

use kernel::{BadField, Balance};

/// The notes and coins of the renminbi, in fen.
const DENOMINATIONS: [i32; 11] = [10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 2, 1];

/// What was found in a drawer: how many of each note and coin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces(BTreeMap<i32, i32>);

impl Pieces {
    /// Reads denominations, in fen, with how many there are. Each is named once.
    pub fn parse(given: impl IntoIterator<Item = (i32, i32)>) -> Result<Self, BadField> {
        let mut pieces = BTreeMap::new();
        for (at, (denomination, count)) in given.into_iter().enumerate() {
            let bad = |what| Err(BadField::new(format!("pieces[{at}]"), what));
            if !DENOMINATIONS.contains(&denomination) {
                return bad("must be a note or coin that there is");
            }
            if !(0..=100_000).contains(&count) {
                return bad("must be 0 to 100000 pieces");
            }
            if pieces.insert(denomination, count).is_some() {
                return bad("must be named once");
            }
        }
        pieces.retain(|_, count| *count > 0);
        Ok(Self(pieces))
    }

    /// What they are worth together; at most 18.7 million yuan, so nothing overflows.
    pub fn sum(&self) -> Balance {
        let fen = self
            .iter()
            .map(|(denomination, count)| i64::from(denomination) * i64::from(count));
        Balance::from_minor(fen.sum()).unwrap_or_default()
    }

    /// Those that there are, the least first.
    pub fn iter(&self) -> impl Iterator<Item = (i32, i32)> {
        self.0.iter().map(|(denomination, count)| (*denomination, *count))
    }
}
