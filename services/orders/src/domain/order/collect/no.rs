/// What a definite no of payments or wallet means for a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// The money was faster; a fact brings it.
    PaidAlready,
    /// Ask again: what stands in the way passes, as a channel that is down.
    NotYet,
    /// No QR of it can be paid any more, or ever could.
    Over,
    /// It is refused for good.
    Refused,
}

impl No {
    /// Payments shows no QR.
    pub fn to_qr(reason: &str) -> Self {
        match reason {
            "ALREADY_PAID" => Self::PaidAlready,
            "ATTEMPT_CLOSING" | "CHANNEL_DOWN" => Self::NotYet,
            "INTENT_CLOSED" => Self::Over,
            _ => Self::Refused,
        }
    }

    /// Payments does not take a QR back.
    pub fn to_take_back(reason: &str) -> Self {
        match reason {
            "ALREADY_PAID" => Self::PaidAlready,
            // Nothing was ever collected for it, and nothing can be.
            "EXPIRES_TOO_SOON" | "NO_MERCHANT" | "NOT_FOUND" => Self::Over,
            _ => Self::NotYet,
        }
    }

    /// The wallet does not pay.
    pub fn to_spend(reason: &str) -> Self {
        match reason {
            // Only we spend for this due, and never for another amount.
            "DUE_ALREADY_PAID" => Self::PaidAlready,
            // The wallet may learn of a new studio a moment later than we do.
            "STUDIO_UNKNOWN" => Self::NotYet,
            _ => Self::Refused,
        }
    }
}
