use std::fmt;

/// Letters and digits that nobody takes for another.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M',
    'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];
const LENGTH: usize = 12;

/// The number a member quotes, as `7K3M-9Q2X-VD4T`: sixty random bits, so that
/// knowing one is a proof and guessing one is hopeless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNumber(String);

impl OrderNumber {
    pub fn from_random(bytes: [u8; LENGTH]) -> Self {
        let letters: Vec<char> = bytes
            .iter()
            .map(|byte| ALPHABET[usize::from(byte & 31)])
            .collect();
        Self(
            letters
                .chunks(4)
                .map(|four| four.iter().collect::<String>())
                .collect::<Vec<_>>()
                .join("-"),
        )
    }

    /// Reads a number as a person types it; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            });
        let bytes: Option<Vec<u8>> = upper
            .map(|c| {
                ALPHABET
                    .iter()
                    .position(|a| *a == c)
                    .and_then(|at| u8::try_from(at).ok())
            })
            .collect();
        bytes?.try_into().ok().map(Self::from_random)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_however_it_is_typed(bytes in any::<[u8; LENGTH]>()) {
            let number = OrderNumber::from_random(bytes);
            prop_assert_eq!(number.as_str().len(), 14);
            for typed in [number.to_string(), number.as_str().to_lowercase(), number.as_str().replace('-', " ")] {
                prop_assert_eq!(OrderNumber::parse(&typed), Some(number.clone()));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,30}") {
            if let Some(number) = OrderNumber::parse(&text) {
                prop_assert_eq!(number.as_str().len(), 14);
            }
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_forgiven() {
        assert_eq!(
            OrderNumber::parse("OIL0-1111-0000"),
            OrderNumber::parse("0110-1111-0000")
        );
        assert_eq!(OrderNumber::parse("short"), None);
    }
}
