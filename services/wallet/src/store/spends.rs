//! Dues that were paid from wallets, and what came back of them.

use std::collections::HashSet;

use kernel::{
    Amount, Balance, DueId, JournalId, LegalEntityId, LotId, OrderId, PersonId, RefundCaseId, RefundLegId,
    StudioId, Timestamp, TransferId, WalletId,
};
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;
use uuid::Uuid;

use super::journal::{Act, Kept, Written};
use super::wallets::one_row;
use super::{journal, wallets};
use crate::domain::spend::{Back, SpentPart};
use crate::domain::{Refusal, Spend, Spent, Wallet};

/// Writes a spend that is claimed elsewhere as its transfers, and the wallets as
/// they are after it.
pub async fn write(
    tx: &mut PgConnection,
    spent: &Spent,
    changes: &[(&Wallet, &Wallet)],
    at: Timestamp,
) -> Result<(), Error> {
    journal::record(tx, &spent.origin, &spent.legs).await?;
    wallets::save_value(tx, changes, at).await
}

/// As [`write`], spends of which each is claimed by its first transfer.
pub async fn write_all(
    tx: &mut PgConnection,
    spent: &[(&Spent, Kept<'_>)],
    changes: &[(&Wallet, &Wallet)],
    at: Timestamp,
) -> Result<Written, Error> {
    let acts: Vec<_> = spent
        .iter()
        .map(|(spent, kept)| Act {
            origin: &spent.origin,
            legs: &spent.legs,
            kept: Some(*kept),
        })
        .collect();
    match journal::record_all(tx, &acts).await? {
        Written::All => wallets::save_value(tx, changes, at).await.map(|()| Written::All),
        Written::Twin => Ok(Written::Twin),
    }
}

/// Which of the dues were paid from a wallet.
pub async fn paid(tx: &mut PgConnection, dues: &[DueId]) -> Result<HashSet<DueId>, Error> {
    let journals: Vec<Uuid> = dues.iter().map(|due| Spend::journal(*due).0).collect();
    let found = sqlx::query_scalar!(
        r#"select cause_id as "due: DueId" from transfers where journal_id = any($1) and leg = 0"#,
        &journals
    )
    .fetch_all(tx)
    .await?;
    Ok(found.into_iter().collect())
}

/// Reads a spend and holds its row, so that two returns of one due happen one
/// after the other. The first return makes the row, of what the transfers say.
pub async fn lock(tx: &mut PgConnection, due: DueId) -> Result<Option<Spend>, Error> {
    count_from_now_on(tx, due).await?;
    let row = sqlx::query!(
        r#"
        select wallet_id as "wallet_id: WalletId", person_id as "person_id: PersonId", studio_id as "studio_id: StudioId",
               legal_entity_id as "legal_entity_id: LegalEntityId", order_id as "order_id: OrderId",
               acting_person_id as "acting_person_id: PersonId", amount_minor, returned_minor, spent_at
        from spends
        where due_id = $1
        for no key update
        "#,
        due as DueId,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Spend {
        due,
        wallet: row.wallet_id,
        person: row.person_id,
        studio: row.studio_id,
        seller: row.legal_entity_id,
        order: row.order_id,
        acting: row.acting_person_id,
        amount: amount(row.amount_minor, "spends")?,
        returned: balance(row.returned_minor, "spends")?,
        at: row.spent_at,
        parts: parts(tx, due).await?,
    }))
}

async fn count_from_now_on(tx: &mut PgConnection, due: DueId) -> Result<(), Error> {
    let journal = Spend::journal(due);
    let made = sqlx::query!(
        r#"
        insert into spends (due_id, wallet_id, person_id, studio_id, legal_entity_id, order_id, acting_person_id,
                            journal_id, amount_minor, spent_at)
        select t.cause_id, t.wallet_id, t.person_id, t.studio_id, s.legal_entity_id, t.order_id,
               coalesce(t.acting_person_id, t.person_id), t.journal_id, s.amount_minor, t.occurred_at
        from transfers t
        cross join lateral (
            select sum(l.amount_minor) filter (where l.wallet_id is not null) as amount_minor,
                   -- every way of a spend ends in the studio's revenue
                   (array_agg(c.legal_entity_id) filter (where c.kind = 'revenue'))[1] as legal_entity_id
            from transfers l join accounts c on c.account_id = l.credit_id
            where l.journal_id = t.journal_id
        ) s
        where t.journal_id = $1 and t.leg = 0
        on conflict do nothing
        "#,
        journal as JournalId,
    )
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        insert into spend_uses (due_id, use_no, lot_id, transfer_id, amount_minor)
        select cause_id, row_number() over (order by leg) - 1, lot_id, transfer_id, amount_minor
        from transfers
        where journal_id = $1 and wallet_id is not null
        "#,
        journal as JournalId,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn parts(tx: &mut PgConnection, due: DueId) -> Result<Vec<SpentPart>, Error> {
    let rows = sqlx::query!(
        r#"
        select use_no, lot_id as "lot_id: LotId", transfer_id as "transfer_id: TransferId", amount_minor, returned_minor
        from spend_uses
        where due_id = $1
        order by use_no
        "#,
        due as DueId,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(SpentPart {
                use_no: r.use_no,
                lot: r.lot_id,
                transfer: r.transfer_id,
                amount: amount(r.amount_minor, "spend_uses")?,
                returned: balance(r.returned_minor, "spend_uses")?,
            })
        })
        .collect()
}

/// Counts what came back. The condition and the CHECK hold the ceiling,
/// whatever was decided above.
pub async fn give_back(
    tx: &mut PgConnection,
    due: DueId,
    whole: Amount,
    backs: &[Back],
) -> Result<(), Error> {
    let counted = sqlx::query!(
        r#"
        update spends set returned_minor = returned_minor + $2
        where due_id = $1 and returned_minor + $2 <= amount_minor
        "#,
        due as DueId,
        whole.minor(),
    )
    .execute(&mut *tx)
    .await?;
    one_row(counted.rows_affected(), "spends")?;
    for back in backs {
        let counted = sqlx::query!(
            r#"
            update spend_uses set returned_minor = returned_minor + $3
            where due_id = $1 and use_no = $2 and returned_minor + $3 <= amount_minor
            "#,
            due as DueId,
            back.use_no,
            back.amount.minor(),
        )
        .execute(&mut *tx)
        .await?;
        one_row(counted.rows_affected(), "spend_uses")?;
    }
    Ok(())
}

/// A leg that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    pub leg: RefundLegId,
    pub due: DueId,
    pub case: Option<RefundCaseId>,
    pub journal: JournalId,
    pub amount: Amount,
    /// For the due, with this one.
    pub returned: Balance,
    /// Spendable afterwards.
    pub balance: Balance,
    pub at: Timestamp,
}

/// The leg, if it came back before.
pub async fn returned(tx: &mut PgConnection, leg: RefundLegId) -> Result<Option<Returned>, Error> {
    let row = sqlx::query!(
        r#"
        select due_id as "due_id: DueId", case_id as "case_id: RefundCaseId", journal_id as "journal_id: JournalId",
               amount_minor, returned_minor, balance_minor, returned_at
        from spend_returns
        where leg_id = $1
        "#,
        leg as RefundLegId,
    )
    .fetch_optional(tx)
    .await?;
    row.map(|r| {
        Ok(Returned {
            leg,
            due: r.due_id,
            case: r.case_id,
            journal: r.journal_id,
            amount: amount(r.amount_minor, "spend_returns")?,
            returned: balance(r.returned_minor, "spend_returns")?,
            balance: balance(r.balance_minor, "spend_returns")?,
            at: r.returned_at,
        })
    })
    .transpose()
}

/// Keeps that the leg came back, once for ever.
pub async fn insert_return(tx: &mut PgConnection, back: &Returned) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into spend_returns (leg_id, due_id, case_id, journal_id, amount_minor, returned_minor, balance_minor, returned_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        back.leg as RefundLegId,
        back.due as DueId,
        back.case as Option<RefundCaseId>,
        back.journal as JournalId,
        back.amount.minor(),
        back.returned.minor(),
        back.balance.minor(),
        back.at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "spend_returns_pkey", || Refusal::LegConflict)?;
    Ok(())
}

fn amount(minor: i64, table: &'static str) -> Result<Amount, Error> {
    Amount::from_minor(minor).ok_or_else(|| inconsistent(table, "amount_minor"))
}

fn balance(minor: i64, table: &'static str) -> Result<Balance, Error> {
    Balance::from_minor(minor).ok_or_else(|| inconsistent(table, "a sum below zero"))
}
