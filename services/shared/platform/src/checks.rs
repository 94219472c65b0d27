//! The invariants, from inside one service: checks that a row may break, and
//! lists that another service must agree with. Each is one SQL text over the
//! service's own tables; none shows personal data.

mod acts;
mod common;
mod daily;
mod digest;
mod door;

use std::time::Duration;

use kernel::BadField;
use proto::studio::operations::v1 as pb;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::page::Page;
use crate::{Error, Platform, Service};

pub use pb::Invariant;

pub(crate) use daily::{KIND, measure, run as run_daily};
pub(crate) use door::Checks;

/// Most rows that a check names; the count tells of the others.
const NAMED: i64 = 20;
/// Checks read whole tables, which takes longer than any call's statement may.
const LONGEST: &str = "set local statement_timeout = '25s'";

/// Something that no row of this service may break.
///
/// The SQL is part of a larger query: it selects `key` (text), `what` (text)
/// and `minor` (bigint, by how much money, or 0) of every row that breaks it.
/// It may read `terms`: `now` and `overdue` in business time, `overdue_real`
/// in real time, and `argument`. Unlike other SQL it is not checked when it is
/// compiled, so a test breaks each check once.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    pub invariant: Invariant,
    /// Unique within the service, as `balances`.
    pub name: &'static str,
    sql: &'static str,
    argument: &'static str,
}

impl Check {
    pub const fn new(invariant: Invariant, name: &'static str, sql: &'static str) -> Self {
        Self {
            invariant,
            name,
            sql,
            argument: "",
        }
    }

    /// That the facts of every aggregate followed each other as `table` allows,
    /// written like the table of `guard_transitions`: which may come next. Facts
    /// that it does not name may come at any time; those that something may
    /// begin with stand under the empty name.
    pub const fn path(name: &'static str, table: &'static str) -> Self {
        Self {
            invariant: Invariant::StatesLegal,
            name,
            sql: common::PATH,
            argument: table,
        }
    }
}

/// A list that another service must agree with.
///
/// The SQL selects `key`, `other` (text), `amount_minor` (bigint) and `state`
/// (text); the key tells lines apart.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    /// As `paid_dues`.
    pub kind: &'static str,
    sql: &'static str,
    /// The key is a UUID, and pages go on by its index.
    by_id: bool,
}

impl Tally {
    /// The key is a UUID.
    pub const fn by_id(kind: &'static str, sql: &'static str) -> Self {
        Self {
            kind,
            sql,
            by_id: true,
        }
    }

    /// The key is a text, as a number at a channel.
    pub const fn by_number(kind: &'static str, sql: &'static str) -> Self {
        Self {
            kind,
            sql,
            by_id: false,
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub violations: i64,
    pub off_minor: i64,
    /// The first of them, as (key, what).
    pub named: Vec<(String, String)>,
}

impl Platform {
    /// Runs one check. What stood still for longer than `patience` is stuck.
    pub async fn run_check(&self, check: &Check, patience: Duration) -> Result<Found, Error> {
        let patience = chrono::Duration::from_std(patience).unwrap_or(chrono::Duration::days(365));
        let now = self.clock.now();
        let query = format!(
            r"
            with terms as (
                select $1::timestamptz as now, $2::timestamptz as overdue, $3::timestamptz as overdue_real,
                       $4::text as argument
            )
            select key, what, count(*) over (), (sum(abs(minor)) over ())::bigint
            from ({}) found
            order by key
            limit $5
            ",
            check.sql
        );
        let mut tx = self.begin_system().await?;
        sqlx::query(LONGEST).execute(&mut *tx).await?;
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(AssertSqlSafe(query))
            .bind(now)
            .bind(now - patience)
            .bind(kernel::Clock::real() - patience)
            .bind(check.argument)
            .bind(NAMED)
            .fetch_all(&mut *tx)
            .await?;
        Ok(Found {
            violations: rows.first().map_or(0, |row| row.2),
            off_minor: rows.first().map_or(0, |row| row.3),
            named: rows.into_iter().map(|row| (row.0, row.1)).collect(),
        })
    }

    /// Reads one page of a list.
    async fn read_tally(&self, tally: &Tally, page: &Page<String>) -> Result<Vec<pb::Tally>, Error> {
        let after = if tally.by_id {
            let known = page.after().is_none_or(|key| key.parse::<Uuid>().is_ok());
            if !known {
                return Err(
                    BadField::new("page_token", "must be the next_page_token of an earlier reply").into(),
                );
            }
            "coalesce($1::text, '00000000-0000-0000-0000-000000000000')::uuid"
        } else {
            "coalesce($1::text, '')"
        };
        let query = format!(
            r"
            select key::text, other, amount_minor, state
            from ({}) lines
            where lines.key > {}
            order by lines.key
            limit $2
            ",
            tally.sql, after
        );
        let mut tx = self.begin_system().await?;
        sqlx::query(LONGEST).execute(&mut *tx).await?;
        let rows: Vec<(String, String, i64, String)> = sqlx::query_as(AssertSqlSafe(query))
            .bind(page.after())
            .bind(page.limit())
            .fetch_all(&mut *tx)
            .await?;
        let show = |(key, other, amount_minor, state)| pb::Tally {
            key,
            other,
            amount_minor,
            state,
        };
        Ok(rows.into_iter().map(show).collect())
    }
}

/// Every check of a service: those that all have, and its own.
pub fn all<S: Service>() -> Vec<Check> {
    common::checks().into_iter().chain(S::checks()).collect()
}

/// `I1` to `I9`.
pub fn code(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::Unspecified => "",
        Invariant::BooksBalance => "I1",
        Invariant::PaidIsGranted => "I2",
        Invariant::RefundsWithinPaid => "I3",
        Invariant::NothingStuck => "I4",
        Invariant::FactsOnce => "I5",
        Invariant::ChannelAgrees => "I6",
        Invariant::RepliesHold => "I7",
        Invariant::StatesLegal => "I8",
        Invariant::WritesAudited => "I9",
    }
}
