//! A recharge from the application to the posting by finance.

mod ends;

use kernel::{
    Amount, Balance, DueId, IntentId, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId,
    Timestamp, WalletId,
};
use platform::vault::Sealed;
use uuid::Uuid;

use super::Refusal;
use crate::words::words;

pub use ends::WayBack;

words! {
    /// How the money comes.
    Method {
        WechatNative = "wechat_native",
        WechatCodepay = "wechat_codepay",
        WechatJsapi = "wechat_jsapi",
        AlipayQr = "alipay_qr",
        AlipayBarcode = "alipay_barcode",
        Cash = "cash",
        CardTerminal = "card_terminal",
        BankTransfer = "bank_transfer",
    }
    /// Why finance looks closer.
    Focus {
        LargeAmount = "large_amount",
        AmountDiffers = "amount_differs",
        Late = "late",
    }
    /// The cause of a refusal.
    RejectReason {
        WrongAmount = "wrong_amount",
        ChannelFault = "channel_fault",
        Incomplete = "incomplete",
        Duplicate = "duplicate",
        Suspicious = "suspicious",
        Other = "other",
    }
    /// What the member is advised to do.
    Advice {
        ApplyAgain = "apply_again",
        OtherMethod = "other_method",
        AskStudio = "ask_studio",
    }
}

/// A person and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub by: PersonId,
    pub at: Timestamp,
}

/// The record that the system makes of the money that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub payment: PaymentId,
    pub channel_transaction: String,
    pub amount: Amount,
    pub at: Timestamp,
    /// Empty for an ordinary review.
    pub focus: Vec<Focus>,
}

/// A no with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub reason: RejectReason,
    pub advice: Advice,
    /// In the decider's words, sealed for the member.
    pub explanation: Sealed,
}

/// Money on its way back to the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    pub received: Received,
    pub audit: Mark,
    pub rejection: Rejection,
    /// From 1.
    pub attempt: i32,
    /// What payments knows this try by.
    pub leg: Uuid,
}

/// Where a recharge stands, with exactly what is known there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Applied,
    Accepted,
    Received(Received),
    Posted {
        received: Received,
        audit: Mark,
        consultation: Option<Sealed>,
        lot: LotId,
    },
    Rejected(Rejection),
    Returning(Return),
    Returned(Return),
    ReturnStuck {
        sent: Return,
        why: String,
    },
    Cancelled,
    Expired,
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Accepted => "accepted",
            Self::Received(_) => "received",
            Self::Posted { .. } => "posted",
            Self::Rejected(_) => "rejected",
            Self::Returning(_) => "returning",
            Self::Returned(_) => "returned",
            Self::ReturnStuck { .. } => "return_stuck",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// The money that came, if any did.
    pub const fn received(&self) -> Option<&Received> {
        match self {
            Self::Received(received) | Self::Posted { received, .. } => Some(received),
            Self::Returning(sent) | Self::Returned(sent) | Self::ReturnStuck { sent, .. } => {
                Some(&sent.received)
            }
            _ => None,
        }
    }
}

/// Money on its way into a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recharge {
    pub id: RechargeId,
    pub number: String,
    pub wallet: WalletId,
    pub person: PersonId,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub amount: Amount,
    pub method: Method,
    pub due: DueId,
    pub intent: Option<IntentId>,
    pub applied: Mark,
    /// The first check, once it passed.
    pub accepted: Option<Mark>,
    /// Who said no at the first check, also once money came all the same.
    pub declined_by: Option<PersonId>,
    pub expire_at: Timestamp,
    pub state: State,
    pub version: i64,
}

/// A number for people: the day, and what cannot be guessed.
pub fn number(id: RechargeId, day: kernel::BusinessDay) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = &id.0.as_bytes()[8..16];
    let letters: String = random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte & 31)]))
        .collect();
    format!("R-{}-{letters}", day.format("%Y%m%d"))
}

impl Recharge {
    /// The first check's yes. The member cannot check an own application.
    pub fn accept(self, by: PersonId, at: Timestamp) -> Result<Self, Refusal> {
        if by == self.person {
            return Err(Refusal::SamePerson);
        }
        match self.state {
            State::Applied => Ok(Self {
                accepted: Some(Mark { by, at }),
                ..self.to(State::Accepted)
            }),
            _ => Err(self.wrong_state()),
        }
    }

    /// The intent that collects it, made once; asking again is harmless.
    pub fn pay(self, intent: IntentId) -> Result<Self, Refusal> {
        match self.state {
            State::Accepted => Ok(Self {
                intent: Some(intent),
                ..self.to(State::Accepted)
            }),
            _ => Err(self.wrong_state()),
        }
    }

    /// The money came. It is held beside the application, and never turned
    /// away: also when the recharge was given up, finance decides about it.
    pub fn receive(
        self,
        payment: PaymentId,
        channel_transaction: String,
        amount: Amount,
        at: Timestamp,
        large: Amount,
    ) -> Result<Self, Refusal> {
        let late = match self.state {
            State::Accepted => false,
            State::Rejected(_) | State::Cancelled | State::Expired => true,
            _ => return Err(self.wrong_state()),
        };
        let mut focus = Vec::new();
        if amount >= large {
            focus.push(Focus::LargeAmount);
        }
        if amount != self.amount {
            focus.push(Focus::AmountDiffers);
        }
        if late {
            focus.push(Focus::Late);
        }
        Ok(self.to(State::Received(Received {
            payment,
            channel_transaction,
            amount,
            at,
            focus,
        })))
    }

    /// The audit's yes. The auditor names the amount that was seen in the
    /// direction of funds; a focus review needs the business side's word.
    pub fn post(
        self,
        audit: Mark,
        seen: Amount,
        consultation: Option<Sealed>,
        lot: LotId,
    ) -> Result<Self, Refusal> {
        self.audited_by_another(audit.by)?;
        match self.state.clone() {
            State::Received(received) if received.amount != seen => Err(Refusal::AmountNotAsReceived {
                received: received.amount,
            }),
            State::Received(received) if !received.focus.is_empty() && consultation.is_none() => {
                Err(Refusal::ConsultationRequired)
            }
            State::Received(received) => Ok(self.to(State::Posted {
                received,
                audit,
                consultation,
                lot,
            })),
            _ => Err(self.wrong_state()),
        }
    }

    /// The first check's no, before any money came.
    pub fn reject(self, by: PersonId, rejection: Rejection) -> Result<Self, Refusal> {
        if by == self.person {
            return Err(Refusal::SamePerson);
        }
        match self.state {
            State::Applied | State::Accepted => Ok(Self {
                declined_by: Some(by),
                ..self.to(State::Rejected(rejection))
            }),
            _ => Err(self.wrong_state()),
        }
    }

    /// The audit's no: the money goes back to the payer.
    pub fn send_back(self, audit: Mark, rejection: Rejection) -> Result<Self, Refusal> {
        self.audited_by_another(audit.by)?;
        match self.state.clone() {
            State::Received(received) => {
                let leg = kernel::derived_uuid(self.id.0, "return 1");
                Ok(self.to(State::Returning(Return {
                    received,
                    audit,
                    rejection,
                    attempt: 1,
                    leg,
                })))
            }
            _ => Err(self.wrong_state()),
        }
    }

    /// The payer has the money back.
    pub fn returned(self) -> Result<Self, Refusal> {
        match self.state.clone() {
            State::Returning(sent) | State::ReturnStuck { sent, .. } => Ok(self.to(State::Returned(sent))),
            _ => Err(self.wrong_state()),
        }
    }

    /// The money could not be sent back.
    pub fn stuck(self, why: String) -> Result<Self, Refusal> {
        match self.state.clone() {
            State::Returning(sent) => Ok(self.to(State::ReturnStuck { sent, why })),
            _ => Err(self.wrong_state()),
        }
    }

    /// A named person has the money sent back once more.
    pub fn resume(self) -> Result<Self, Refusal> {
        match self.state.clone() {
            State::ReturnStuck { sent, .. } => {
                let attempt = sent.attempt + 1;
                let leg = kernel::derived_uuid(self.id.0, &format!("return {attempt}"));
                Ok(self.to(State::Returning(Return { attempt, leg, ..sent })))
            }
            _ => Err(self.wrong_state()),
        }
    }

    pub fn cancel(self) -> Result<Self, Refusal> {
        match self.state {
            State::Applied | State::Accepted => Ok(self.to(State::Cancelled)),
            _ => Err(self.wrong_state()),
        }
    }

    pub fn expire(self) -> Result<Self, Refusal> {
        match self.state {
            State::Applied | State::Accepted => Ok(self.to(State::Expired)),
            _ => Err(self.wrong_state()),
        }
    }

    /// Whether it can still be given up, refused or left to expire without
    /// money being involved.
    pub const fn unpaid(&self) -> bool {
        matches!(self.state, State::Applied | State::Accepted)
    }

    /// What has been received and waits for finance.
    pub fn pending(&self) -> Balance {
        match &self.state {
            State::Received(received) => received.amount.into(),
            _ => Balance::ZERO,
        }
    }

    pub fn wrong_state(&self) -> Refusal {
        Refusal::WrongState {
            what: "recharge",
            state: self.state.name(),
        }
    }

    fn audited_by_another(&self, auditor: PersonId) -> Result<(), Refusal> {
        let checkers = [self.accepted.map(|mark| mark.by), self.declined_by];
        if auditor == self.person || auditor == self.applied.by || checkers.contains(&Some(auditor)) {
            return Err(Refusal::SamePerson);
        }
        Ok(())
    }

    fn to(self, state: State) -> Self {
        Self {
            state,
            version: self.version + 1,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
