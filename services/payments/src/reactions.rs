//! What happens by itself: tasks and others' facts, one line each.

pub mod attempt;
pub mod callback;
pub mod exception;
mod intent;
mod isolated;
mod limit;
pub mod payer;
mod person;
pub mod reconciliation;
mod refund;
pub mod statement;
mod verification;

use platform::{BoxFuture, Delivery, Error, Subscription, SystemTx, TaskKind};
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact;

use crate::App;

/// The names of tasks, as they stand in the database.
pub mod kinds {
    pub const OPEN_ATTEMPT: &str = "open_attempt";
    pub const RESOLVE_ATTEMPT: &str = "resolve_attempt";
    pub const EXPIRE_INTENT: &str = "expire_intent";
    pub const SEND_REFUND: &str = "send_refund";
    pub const REDIRECT_REFUND: &str = "redirect_refund";
    pub const RETURN_ISOLATED: &str = "return_isolated";
    pub const MATCH_CALLBACK: &str = "match_callback";
    pub const PLAN_BILLS: &str = "plan_bills";
    pub const FETCH_BILL: &str = "fetch_bill";
    pub const MATCH_DAY: &str = "match_day";
    pub const JUDGE_DAY: &str = "judge_day";
    pub const APPLY_BILL: &str = "apply_bill";
    pub const SETTLE: &str = "settle";
    pub const FORGET_COUNTS: &str = "forget_counts";
    pub const FORGET_REFUSED: &str = "forget_refused";
    pub const WATCH_EXCEPTION: &str = "watch_exception";
    pub const NAME_PAYER: &str = "name_payer";
    pub const COUNT_VERIFICATIONS: &str = "count_verifications";
}

pub fn tasks() -> Vec<TaskKind<App>> {
    vec![
        TaskKind::new(kinds::OPEN_ATTEMPT, attempt::open::run),
        TaskKind::new(kinds::RESOLVE_ATTEMPT, attempt::resolve::run),
        TaskKind::new(kinds::EXPIRE_INTENT, intent::expire),
        TaskKind::new(kinds::SEND_REFUND, refund::send::run),
        TaskKind::new(kinds::REDIRECT_REFUND, refund::redirect::run),
        TaskKind::new(kinds::RETURN_ISOLATED, isolated::send_back),
        TaskKind::new(kinds::MATCH_CALLBACK, callback::match_again),
        TaskKind::new(kinds::PLAN_BILLS, statement::plan::run),
        TaskKind::new(kinds::FETCH_BILL, statement::fetch::run),
        TaskKind::new(kinds::MATCH_DAY, reconciliation::match_day::run),
        TaskKind::new(kinds::JUDGE_DAY, reconciliation::judge::run),
        TaskKind::new(kinds::APPLY_BILL, reconciliation::apply::run),
        TaskKind::new(kinds::SETTLE, reconciliation::settle::run),
        TaskKind::new(kinds::FORGET_COUNTS, limit::forget_counts),
        TaskKind::new(kinds::FORGET_REFUSED, callback::forget_refused),
        TaskKind::new(kinds::WATCH_EXCEPTION, exception::watch),
        TaskKind::new(kinds::NAME_PAYER, payer::name),
        TaskKind::new(kinds::COUNT_VERIFICATIONS, verification::count),
    ]
}

pub fn subscriptions() -> Vec<Subscription<App>> {
    vec![Subscription::to::<MembersEvent>("members", members)]
}

fn members<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<MembersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Fact::MemberErased(erased)) => person::erase(app, tx, erased).await,
            _ => Ok(()),
        }
    })
}
