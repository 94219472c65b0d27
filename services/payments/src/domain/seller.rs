//! Who collects: a legal entity as its proofs name it.

use std::fmt;

use serde::Deserialize;

/// The number of a legal entity at the registry (统一社会信用代码, GB 32100): 18
/// characters, the last of which proves the others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CreditCode(String);

const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

impl CreditCode {
    /// `None` when it is not one, or mistyped.
    pub fn parse(text: &str) -> Option<Self> {
        let values = text
            .bytes()
            .map(|byte| CHARACTERS.iter().position(|known| *known == byte))
            .collect::<Option<Vec<_>>>()?;
        let (proof, values) = values.split_last()?;
        if values.len() != WEIGHTS.len() {
            return None;
        }
        let sum: usize = values
            .iter()
            .zip(WEIGHTS)
            .map(|(value, weight)| value * weight)
            .sum();
        ((31 - sum % 31) % 31 == *proof).then(|| Self(text.to_owned()))
    }
}

impl TryFrom<String> for CreditCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("this is no unified social credit code (统一社会信用代码)")
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stands on the proofs of a legal entity beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seller {
    pub credit_code: CreditCode,
    /// Where a member turns to afterwards.
    pub after_sales: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::of_the_standard("91350100M000100Y43", true)]
    #[case::mistyped("91350100M000100Y42", false)]
    #[case::two_turned("93150100M000100Y43", false)]
    #[case::short("91350100M000100Y4", false)]
    #[case::long("91350100M000100Y433", false)]
    #[case::a_letter_that_is_none("91350100I000100Y43", false)]
    #[case::small("91350100m000100y43", false)]
    #[case::empty("", false)]
    fn the_last_character_proves_the_others(#[case] text: &str, #[case] good: bool) {
        assert_eq!(CreditCode::parse(text).is_some(), good);
    }
}
