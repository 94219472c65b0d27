use chrono::Duration;
use kernel::Balance;

/// Why a call is refused, in the service's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the due has an intent with another {field}")]
    IntentDiffers { field: &'static str },
    #[error("no channel is set up for the legal entity")]
    NoMerchant,
    #[error("less than a minute is left")]
    ExpiresTooSoon,
    #[error("the intent is paid")]
    AlreadyPaid,
    #[error("the intent is {state}")]
    IntentClosed { state: &'static str },
    #[error("the attempt before is being closed at the channel")]
    AttemptClosing,
    #[error("more than what is left of the payment")]
    RefundExceedsPayment { refundable: Balance },
    #[error("the leg was used for another refund")]
    RefundDiffers,
    #[error("the channel refunds within a year of the payment only")]
    RefundTooLate,
    #[error("the channel takes no more refunds of this payment")]
    TooManyRefunds,
    #[error("a notice comes into force later than the one before, and not in the past")]
    NoticeBackDated,
    #[error("another notice of the studio was published at the same moment")]
    NoticeRaced,
    #[error("{method} does not collect for the studio's legal entity")]
    MethodNotSetUp { method: &'static str },
    #[error("maker and checker are one person")]
    SamePerson,
    #[error("the difference is {state}")]
    DifferenceState { state: &'static str },
    #[error("the day is {state}")]
    DayState { state: &'static str },
    #[error("nobody of finance signed the day")]
    DayNotSigned,
    #[error("{open} differences of the day are open")]
    DifferencesOpen { open: i64 },
    #[error("no bank account has this name")]
    NoBankAccount,
    #[error("an active credential of the legal entity has this account and name")]
    CredentialExists,
    #[error("the credential is retired")]
    CredentialRetired,
    #[error("a rotation of the credential waits for a second person")]
    RotationRecorded,
    #[error("the rotation was confirmed or declined")]
    RotationEnded,
    #[error("too much was started for one {subject} within {window_s} s")]
    LimitReached {
        subject: &'static str,
        window_s: i32,
        /// None when waiting does not help.
        retry_after: Option<Duration>,
    },
    #[error("a limit comes into force later than the one before, and not in the past")]
    LimitBackDated,
    #[error("the cashier takes no new payments: {reason}")]
    CashierClosed { reason: String },
    #[error("the cashier is {state}")]
    CashierState { state: &'static str },
    #[error("{channel} has not answered for a while")]
    ChannelDown {
        channel: &'static str,
        retry_after: std::time::Duration,
    },
    #[error("another limit for the same was set at the same moment")]
    LimitRaced,
    #[error("the case is {state}")]
    ExceptionState { state: &'static str },
    #[error("the case is taken by nobody, or by another person")]
    NotTakenByCaller,
    #[error("the case was answered too long ago")]
    ExceptionTooOld,
    #[error("the person holds an open drawer")]
    DrawerHeld,
    #[error("the drawer is another person's")]
    NotYourDrawer,
    #[error("the drawer is counted")]
    DrawerCounted,
    #[error("the drawer holds less than is to leave it")]
    DrawerShort,
    #[error("{missing_minor} fen are missing")]
    TenderedTooLittle { missing_minor: i64 },
    #[error("the slip was recorded before")]
    SlipUsed,
    #[error("what was counted is not what should be there, and no reason is given")]
    CountUnexplained,
    #[error("{open} drawers of the day are open")]
    DrawersOpen { open: i32 },
    #[error("it is another studio's than the drawer")]
    OtherStudio,
    #[error("the refund is none to be paid at a drawer")]
    RefundNotAtDrawer,
    #[error("the money is {state}")]
    SuspenseState { state: &'static str },
    #[error("it is another legal entity's than the account")]
    OtherLegalEntity,
    #[error("{missing_minor} fen less came than is owed")]
    TransferShort { missing_minor: i64 },
    #[error("{surplus_minor} fen more came by a code than is owed")]
    TransferOver { surplus_minor: i64 },
    #[error("the code stands on its counter no more")]
    CodeDown,
    #[error("the same code stands on another counter")]
    CodeStands,
    #[error("no transfer was asked for")]
    NoTransfer,
    #[error("the file is not of its type")]
    ProofUnreadable,
    #[error("no more files are kept of one intent")]
    TooManyProofs,
    #[error("the refund is none to be sent by transfer")]
    RefundNotByTransfer,
    #[error("the refund does not hang at its channel")]
    RefundNotHanging,
    #[error("a redirection of the refund waits for its end")]
    RedirectionOpen,
    #[error("the redirection is {state}")]
    RedirectionState { state: &'static str },
    #[error("the payment's channel sends nothing elsewhere")]
    RedirectionNotOffered,
    #[error("how the legal entity is named on its proofs is not configured")]
    NoSeller,
    #[error("the payment is {state} by the desk")]
    VerificationState { state: &'static str },
    #[error("the {field} that was seen is not the payment's")]
    VerificationDiffers { field: &'static str },
}
