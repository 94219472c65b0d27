//! Writes that come by a door beside gRPC, as the channels' callbacks do.

use std::ops::{Deref, DerefMut};

use crate::audit::{Entry, audit};
use crate::transaction::SystemTx;
use crate::{Error, Platform, crash_point};

/// A write of a door beside gRPC. Dropping it undoes it.
pub struct BesideTx {
    tx: SystemTx,
    door: &'static str,
    actor: String,
}

impl Platform {
    /// Opens a write for a door beside gRPC, in operator scope: whoever knocks
    /// there has no token and proves itself otherwise before, as a channel by
    /// its signature. The audit names both.
    pub async fn begin_beside(&self, door: &'static str, actor: &str) -> Result<BesideTx, Error> {
        Ok(BesideTx {
            tx: self.begin_system().await?,
            door,
            actor: actor.to_owned(),
        })
    }
}

impl BesideTx {
    /// Writes the audit row and makes it durable: only then may whoever knocked
    /// be told so.
    pub async fn commit(mut self) -> Result<(), Error> {
        let at = self.tx.now();
        audit(
            &mut self.tx,
            at,
            &[Entry::now(&self.actor, self.door, "done", "")],
        )
        .await?;
        crash_point!("beside.before_commit");
        self.tx.commit().await?;
        crash_point!("beside.after_commit");
        Ok(())
    }
}

impl Deref for BesideTx {
    type Target = SystemTx;

    fn deref(&self) -> &SystemTx {
        &self.tx
    }
}

impl DerefMut for BesideTx {
    fn deref_mut(&mut self) -> &mut SystemTx {
        &mut self.tx
    }
}
