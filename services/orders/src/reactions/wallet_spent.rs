use kernel::{Amount, DueId, Timestamp};
use platform::{Error, SystemTx};
use proto::studio::wallet::v1::WalletSpent;

use crate::domain::order::{Method, Money, News};
use crate::{App, store};

/// The wallet says that it paid a due: the same news as the answer of `Spend`,
/// in case that never came.
pub async fn react(app: &App, tx: &mut SystemTx, fact: &WalletSpent, at: Timestamp) -> Result<(), Error> {
    let due = DueId::parse("due_id", &fact.due_id)?;
    let Some(order) = store::order::of_due(tx, due).await? else {
        return Ok(());
    };
    let amount = Amount::parse("amount", fact.amount.as_ref())?;
    let money = Money {
        method: Method::Wallet,
        payment: None,
        amount,
        paid_at: at,
    };
    super::learn(app, tx, order, News::Arrived { due, money }).await
}
