use std::ops::{Deref, DerefMut};

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Postgres, Transaction};

use crate::limits::Place;

/// A transaction and, of a call, its place among those that use the database,
/// which is left when the transaction is over.
pub(crate) struct Open {
    tx: Transaction<'static, Postgres>,
    _place: Option<Box<Place>>,
}

/// BEGIN and scope in one round trip. Both settings are made of UUIDs or the
/// word "all" by `Caller`, never of text from outside.
pub(super) fn begin(studios: &str, own: &str, read_only: bool) -> String {
    let begin = if read_only { "begin read only" } else { "begin" };
    format!(
        "{begin}; select set_config('app.studios', '{studios}', true), set_config('app.own', '{own}', true)"
    )
}

/// As [`begin`] in operator scope, for statements that find every row by an
/// index and are prepared once for many executions. Left to itself the planner
/// reads a table whole that is small when the plan is made, and goes on doing
/// so while it grows.
pub(super) fn begin_by_index() -> String {
    format!(
        "{}, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
         set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)",
        begin("all", "", false)
    )
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

    /// Commits what was written and goes on reading in another scope, in one
    /// round trip.
    pub(super) async fn commit_and_read(&mut self, studios: &str, own: &str) -> Result<(), sqlx::Error> {
        let next = format!("commit; {}", begin(studios, own, true));
        self.tx.execute(AssertSqlSafe(next)).await.map(drop)
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
