use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use proto::studio::payments::v1::{CardSlip, Pieces};

#[derive(Debug, Subcommand)]
pub enum Drawers {
    /// Opens a drawer with cash for change in it.
    Open {
        /// The studio's code.
        studio: String,
        /// What is in it, in yuan.
        opening: String,
    },
    /// Takes what an intent asks for, in cash or by a card.
    Take {
        drawer_id: String,
        intent_id: String,
        /// The cash that the payer gives, in yuan.
        #[arg(long, required_unless_present = "slip", conflicts_with = "slip")]
        cash: Option<String>,
        #[command(flatten)]
        card: Slip,
    },
    /// Puts cash into a drawer.
    In {
        drawer_id: String,
        yuan: String,
        #[arg(long)]
        reason: String,
    },
    /// Takes cash out of a drawer.
    Out {
        drawer_id: String,
        yuan: String,
        #[arg(long)]
        reason: String,
    },
    /// Gives a refund back, in cash or to a card.
    Refund {
        drawer_id: String,
        leg_id: String,
        #[command(flatten)]
        card: Slip,
    },
    /// Ends a drawer with what is in it.
    Count {
        drawer_id: String,
        /// How many of each note and coin, in yuan, as 100x3 or 0.5x12.
        pieces: Vec<Found>,
        /// Why it is not what should be there.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Confirms a studio's day of drawers, by somebody who held none of them.
    Confirm {
        /// The studio's code.
        studio: String,
        day: String,
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Shows a studio's day of drawers.
    Day {
        /// The studio's code.
        studio: String,
        day: String,
    },
    /// Writes what went through the drawers of a day, as CSV.
    Export {
        /// The studio's code.
        studio: String,
        day: String,
        /// Where to; the terminal without it.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

/// What a terminal printed.
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the field is what is typed")]
pub struct Slip {
    /// The reference number that the terminal printed.
    #[arg(long, requires = "terminal", requires = "last_four")]
    slip: Option<String>,
    /// The terminal's number.
    #[arg(long, default_value = "", requires = "slip")]
    terminal: String,
    /// The last four digits of the card.
    #[arg(long, default_value = "", requires = "slip")]
    last_four: String,
}

impl Slip {
    pub fn into_wire(self) -> Option<CardSlip> {
        self.slip.map(|slip| CardSlip {
            terminal: self.terminal,
            slip,
            last_four: self.last_four,
        })
    }
}

/// How many of one note or coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found(pub Pieces);

impl FromStr for Found {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "write notes and coins as 100x3 or 0.5x12".to_owned();
        let (yuan, pieces) = text.split_once('x').ok_or_else(wrong)?;
        let fen = kernel::fen_from_yuan(yuan).map_err(|_| wrong())?;
        Ok(Self(Pieces {
            denomination_minor: i32::try_from(fen).map_err(|_| wrong())?,
            pieces: pieces.parse().map_err(|_| wrong())?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_coins_are_typed_in_yuan() {
        let Found(found) = "0.5x12".parse().unwrap();
        assert_eq!((found.denomination_minor, found.pieces), (50, 12));
        for wrong in ["100", "100x", "x3", "100*3"] {
            assert!(wrong.parse::<Found>().is_err(), "{wrong}");
        }
    }
}
