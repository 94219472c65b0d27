use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres, Transaction};

use crate::limits::Place;

/// A transaction and, of a call, its place among those that use the database,
/// which is left when the transaction is over.
pub(crate) struct Open {
    tx: Transaction<'static, Postgres>,
    _place: Option<Box<Place>>,
}

impl Open {
    pub(super) fn new(tx: Transaction<'static, Postgres>, place: Option<Place>) -> Self {
        Self {
            tx,
            _place: place.map(Box::new),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await
    }
}

impl Deref for Open {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for Open {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}
