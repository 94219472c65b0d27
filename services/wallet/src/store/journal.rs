//! Transfers: written once, read for ever.

use kernel::{
    AccountId, JournalId, LegalEntityId, LotId, PersonId, StudioId, Timestamp, TransferId, WalletId,
};
use platform::Error;
use platform::page::Page;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::House;
use crate::domain::journal::{Leg, Origin, Side};

/// Writes the legs of one business act, and the house accounts that it is the
/// first to use.
pub async fn record(tx: &mut PgConnection, origin: &Origin, legs: &[Leg]) -> Result<(), Error> {
    for leg in legs {
        for side in [leg.debit, leg.credit] {
            if let Side::House(house) = side {
                open_house(tx, house).await?;
            }
        }
    }
    for (at, leg) in (0i16..).zip(legs) {
        sqlx::query!(
            r#"
            insert into transfers (transfer_id, journal_id, leg, debit_id, credit_id, lot_id, amount_minor,
                                   balance_after_minor, wallet_id, person_id, studio_id, cause, cause_id, reverses_id,
                                   caller, request_id, occurred_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            "#,
            leg.id as TransferId,
            origin.journal as JournalId,
            at,
            leg.debit.id() as AccountId,
            leg.credit.id() as AccountId,
            leg.member.map(|m| m.lot) as Option<LotId>,
            leg.amount.minor(),
            leg.member.map(|m| m.balance_after.minor()),
            leg.member.map(|_| origin.wallet) as Option<WalletId>,
            leg.member.map(|_| origin.person) as Option<PersonId>,
            origin.studio as StudioId,
            origin.cause.name(),
            origin.cause_id,
            leg.reverses as Option<TransferId>,
            origin.caller,
            origin.request,
            origin.at,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// House accounts are rows for ever and hold nothing, so the first use opens
/// one and the others find it.
async fn open_house(tx: &mut PgConnection, house: House) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into accounts (account_id, kind, legal_entity_id, studio_id, counterparty_id)
        select $1, $2, $3, $4, $5
        where not exists (select from accounts where account_id = $1)
        on conflict do nothing
        "#,
        house.id() as AccountId,
        house.kind(),
        house.legal_entity() as LegalEntityId,
        house.studio() as Option<StudioId>,
        house.counterparty() as Option<LegalEntityId>,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A transfer with the kinds of its accounts, for a statement.
#[derive(Debug, Clone)]
pub struct Line {
    pub transfer: TransferId,
    pub journal: JournalId,
    pub leg: i16,
    pub debit: String,
    pub credit: String,
    pub lot: Option<LotId>,
    pub amount_minor: i64,
    pub balance_after_minor: Option<i64>,
    pub cause: String,
    pub cause_id: Uuid,
    pub studio: StudioId,
    pub reverses: Option<TransferId>,
    pub caller: String,
    pub request: Uuid,
    pub occurred_at: Timestamp,
}

/// A page of a wallet's movements, the newest first.
pub async fn statement(
    tx: &mut PgConnection,
    wallet: WalletId,
    page: &Page<TransferId>,
) -> Result<Vec<Line>, Error> {
    Ok(sqlx::query_as!(
        Line,
        r#"
        select t.transfer_id as "transfer: TransferId", t.journal_id as "journal: JournalId", t.leg, d.kind as debit,
               c.kind as credit, t.lot_id as "lot: LotId", t.amount_minor, t.balance_after_minor, t.cause, t.cause_id,
               t.studio_id as "studio: StudioId", t.reverses_id as "reverses: TransferId", t.caller,
               t.request_id as request, t.occurred_at
        from transfers t
        join accounts d on d.account_id = t.debit_id
        join accounts c on c.account_id = t.credit_id
        where t.wallet_id = $1 and ($2::uuid is null or t.transfer_id < $2)
        order by t.transfer_id desc
        limit $3
        "#,
        wallet as WalletId,
        page.after().copied() as Option<TransferId>,
        page.limit(),
    )
    .fetch_all(tx)
    .await?)
}
