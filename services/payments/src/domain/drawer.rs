//! Cash and cards that a person takes at a drawer, and the day that a second
//! person confirms.

mod entry;
mod pieces;

use chrono::NaiveDate;
use kernel::{Amount, Balance, DrawerId, PersonId, StudioId, Timestamp};
use uuid::Uuid;

pub use entry::{Entry, Kind, Slip, change};
pub use pieces::Pieces;

use super::Refusal;

/// One person's cash at a studio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawer {
    pub id: DrawerId,
    pub studio: StudioId,
    /// Where the studio is.
    pub day: NaiveDate,
    pub held_by: PersonId,
    pub opening: Balance,
    /// What should be in it.
    pub cash: Balance,
    pub state: State,
    pub opened_at: Timestamp,
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Open,
    Counted {
        counted: Balance,
        /// Why it is not what should be there; empty when it is.
        reason: String,
        at: Timestamp,
    },
}

impl State {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Counted { .. } => "counted",
        }
    }
}

impl Drawer {
    pub fn open(
        studio: StudioId,
        day: NaiveDate,
        held_by: PersonId,
        opening: Balance,
        now: Timestamp,
    ) -> Self {
        Self {
            id: DrawerId::fresh(),
            studio,
            day,
            held_by,
            opening,
            cash: opening,
            state: State::Open,
            opened_at: now,
            version: 1,
        }
    }

    /// Only its holder works a drawer, and only until it is counted.
    pub fn work(&self, by: PersonId) -> Result<(), Refusal> {
        if self.held_by != by {
            return Err(Refusal::NotYourDrawer);
        }
        match self.state {
            State::Open => Ok(()),
            State::Counted { .. } => Err(Refusal::DrawerCounted),
        }
    }

    /// The drawer after something went through it.
    pub fn after(&self, kind: Kind, amount: Amount) -> Result<Self, Refusal> {
        let cash = match kind {
            Kind::CashTaken | Kind::PaidIn => self.cash.plus(amount),
            Kind::PaidOut | Kind::CashRefunded => self.cash.minus(amount),
            Kind::CardTaken | Kind::CardRefunded => Some(self.cash),
        };
        Ok(Self {
            cash: cash.ok_or(Refusal::DrawerShort)?,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Ends it with what its holder found in it. A reason stands only where the
    /// two differ.
    pub fn count(&self, by: PersonId, pieces: &Pieces, reason: &str, at: Timestamp) -> Result<Self, Refusal> {
        self.work(by)?;
        let counted = pieces.sum();
        let reason = match (counted == self.cash, reason.trim()) {
            (true, _) => "",
            (false, "") => return Err(Refusal::CountUnexplained),
            (false, reason) => reason,
        };
        Ok(Self {
            state: State::Counted {
                counted,
                reason: reason.to_owned(),
                at,
            },
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// Money of another studio does not go through it.
    pub fn of_studio(&self, studio: StudioId) -> Result<(), Refusal> {
        if self.studio == studio {
            Ok(())
        } else {
            Err(Refusal::OtherStudio)
        }
    }
}

/// A studio's day of drawers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub id: Uuid,
    pub studio: StudioId,
    pub day: NaiveDate,
    pub open_drawers: i32,
    /// Who held one of them.
    pub holders: Vec<PersonId>,
    pub confirmed: Option<Confirmed>,
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    pub by: PersonId,
    pub at: Timestamp,
    pub note: String,
}

impl Day {
    /// A day of which there is nothing yet.
    pub fn new(studio: StudioId, day: NaiveDate) -> Self {
        Self {
            id: kernel::derived_uuid(studio.0, &format!("drawers {day}")),
            studio,
            day,
            open_drawers: 0,
            holders: Vec::new(),
            confirmed: None,
            version: 1,
        }
    }

    /// The day with one more drawer.
    pub fn opened(&self, by: PersonId) -> Result<Self, Refusal> {
        self.not_confirmed()?;
        let mut day = self.clone();
        day.open_drawers += 1;
        day.version += 1;
        if !day.holders.contains(&by) {
            day.holders.push(by);
        }
        Ok(day)
    }

    /// The day with one drawer fewer to count.
    #[must_use]
    pub fn counted(&self) -> Self {
        Self {
            open_drawers: self.open_drawers - 1,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// The day, closed by somebody who held none of its drawers.
    pub fn confirm(&self, by: PersonId, note: &str, at: Timestamp) -> Result<Self, Refusal> {
        self.not_confirmed()?;
        if self.holders.contains(&by) {
            return Err(Refusal::SamePerson);
        }
        if self.open_drawers > 0 {
            return Err(Refusal::DrawersOpen {
                open: self.open_drawers,
            });
        }
        Ok(Self {
            confirmed: Some(Confirmed {
                by,
                at,
                note: note.to_owned(),
            }),
            version: self.version + 1,
            ..self.clone()
        })
    }

    fn not_confirmed(&self) -> Result<(), Refusal> {
        match self.confirmed {
            Some(_) => Err(Refusal::DayState { state: "confirmed" }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
