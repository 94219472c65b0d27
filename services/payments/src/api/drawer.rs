pub mod confirm_day;
pub mod count;
pub mod day;
pub mod export_day;
pub mod move_cash;
pub mod open;
pub mod pay_refund;
pub mod take;

use kernel::{DrawerId, PersonId};
use platform::{Error, WriteTx};

use crate::domain::drawer::{Drawer, Entry};
use crate::store;

/// The drawer that its holder works, with its row held.
async fn work(tx: &mut WriteTx, id: DrawerId, by: PersonId) -> Result<Drawer, Error> {
    let drawer = store::drawer::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("drawer"))?;
    drawer.work(by)?;
    Ok(drawer)
}

/// Puts an entry through a drawer, and answers the drawer after it.
async fn pass(tx: &mut WriteTx, drawer: &Drawer, entry: &Entry) -> Result<Drawer, Error> {
    let after = drawer.after(entry.kind, entry.amount)?;
    store::drawer::enter(tx, entry).await?;
    store::drawer::save(tx, &after).await?;
    Ok(after)
}
