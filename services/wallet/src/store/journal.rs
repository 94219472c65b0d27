//! Transfers: written once, read for ever.

use std::collections::BTreeMap;

use kernel::{AccountId, Balance, JournalId, LotId, StudioId, Timestamp, TransferId, WalletId};
use platform::page::Page;
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::journal::{Cause, Leg, Origin, Side};
use crate::domain::{House, Refusal, Wallet};

/// A business act: its legs, and what its first one keeps when it came by a call
/// that claims nothing else.
#[derive(Clone, Copy)]
pub struct Act<'a> {
    pub origin: &'a Origin,
    pub legs: &'a [Leg],
    pub kept: Option<Kept<'a>>,
}

/// What makes a leg the claim, the audit entry and the fact of its act.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    pub fingerprint: &'a [u8],
    pub traceparent: &'a str,
    /// Of the wallet, with this act.
    pub version: i64,
    /// Of the wallet, afterwards.
    pub spendable: Balance,
}

impl<'a> Act<'a> {
    /// One that is claimed and told of elsewhere.
    pub fn plain(origin: &'a Origin, legs: &'a [Leg]) -> Self {
        let kept = None;
        Self { origin, legs, kept }
    }
}

/// What came of writing acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    All,
    /// Somebody else did one of them since it was looked up; nothing is written,
    /// and nothing can be in this transaction.
    Twin,
}

/// Writes the legs of one act that is claimed elsewhere.
pub async fn record(tx: &mut PgConnection, origin: &Origin, legs: &[Leg]) -> Result<(), Error> {
    match record_all(tx, &[Act::plain(origin, legs)]).await? {
        Written::All => Ok(()),
        Written::Twin => Err(inconsistent("transfers", "a claimed request was done before")),
    }
}

/// Writes the legs of business acts, and the house accounts that they are the
/// first to use.
pub async fn record_all(tx: &mut PgConnection, acts: &[Act<'_>]) -> Result<Written, Error> {
    open_houses(tx, acts).await?;
    let rows: Vec<Row<'_>> = acts
        .iter()
        .flat_map(|act| (0i16..).zip(act.legs).map(move |(at, leg)| (act, at, leg)))
        .collect();
    let ids = |of: fn(&Row<'_>) -> Uuid| -> Vec<Uuid> { rows.iter().map(of).collect() };
    let some = |of: fn(&Row<'_>) -> Option<Uuid>| -> Vec<Option<Uuid>> { rows.iter().map(of).collect() };
    let minors = |of: fn(&Row<'_>) -> Option<i64>| -> Vec<Option<i64>> { rows.iter().map(of).collect() };
    let places: Vec<i16> = rows.iter().map(|(_, at, _)| *at).collect();
    let causes: Vec<&str> = rows.iter().map(|(act, ..)| act.origin.cause.name()).collect();
    let callers: Vec<&str> = rows.iter().map(|(act, ..)| act.origin.caller.as_str()).collect();
    let times: Vec<Timestamp> = rows.iter().map(|(act, ..)| act.origin.at).collect();
    let fingerprints: Vec<Option<&[u8]>> = rows
        .iter()
        .map(|row| kept(row).map(|kept| kept.fingerprint))
        .collect();
    let traces: Vec<Option<&str>> = rows
        .iter()
        .map(|row| kept(row).map(|kept| kept.traceparent))
        .collect();
    let versions: Vec<Option<i64>> = rows
        .iter()
        .map(|row| kept(row).map(|kept| kept.version))
        .collect();
    let spendable: Vec<Option<i64>> = rows
        .iter()
        .map(|row| kept(row).map(|kept| kept.spendable.minor()))
        .collect();
    let spends = acts.iter().any(|act| act.origin.cause == Cause::Spend);
    let inserted = sqlx::query!(
        r#"
        insert into transfers (transfer_id, journal_id, leg, debit_id, credit_id, lot_id, amount_minor,
                               balance_after_minor, wallet_id, person_id, studio_id, cause, cause_id, reverses_id,
                               caller, request_id, occurred_at, order_id, acting_person_id, fingerprint, traceparent,
                               version, spendable_minor, recorded_at, chain_id)
        select t.*, case when t.fingerprint is not null then clock_timestamp() end, nextval('outbox_id_seq') as chain_id
        from unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[],
                    $8::bigint[], $9::uuid[], $10::uuid[], $11::uuid[], $12::text[], $13::uuid[], $14::uuid[],
                    $15::text[], $16::uuid[], $17::timestamptz[], $18::uuid[], $19::uuid[], $20::bytea[], $21::text[],
                    $22::bigint[], $23::bigint[])
            t (transfer_id, journal_id, leg, debit_id, credit_id, lot_id, amount_minor, balance_after_minor, wallet_id,
               person_id, studio_id, cause, cause_id, reverses_id, caller, request_id, occurred_at, order_id,
               acting_person_id, fingerprint, traceparent, version, spendable_minor)
        -- sorted before the first is written, so that all ids are drawn at once and are a run
        order by chain_id
        "#,
        &ids(|(_, _, leg)| leg.id.0),
        &ids(|(act, ..)| act.origin.journal.0),
        &places,
        &ids(|(_, _, leg)| leg.debit.id().0),
        &ids(|(_, _, leg)| leg.credit.id().0),
        &some(|(_, _, leg)| leg.member.map(|m| m.lot.0)) as &[Option<Uuid>],
        &minors(|(_, _, leg)| Some(leg.amount.minor())) as &[Option<i64>],
        &minors(|(_, _, leg)| leg.member.map(|m| m.balance_after.minor())) as &[Option<i64>],
        &some(|(act, _, leg)| leg.member.map(|_| act.origin.wallet.0)) as &[Option<Uuid>],
        &some(|(act, _, leg)| leg.member.map(|_| act.origin.person.0)) as &[Option<Uuid>],
        &ids(|(act, ..)| act.origin.studio.0),
        &causes as &[&str],
        &ids(|(act, ..)| act.origin.cause_id),
        &some(|(_, _, leg)| leg.reverses.map(|id| id.0)) as &[Option<Uuid>],
        &callers as &[&str],
        &ids(|(act, ..)| act.origin.request),
        &times as &[Timestamp],
        &some(|(act, ..)| act.origin.order.map(|id| id.0)) as &[Option<Uuid>],
        &some(|(act, ..)| act.origin.acting.map(|id| id.0)) as &[Option<Uuid>],
        &fingerprints as &[Option<&[u8]>],
        &traces as &[Option<&str>],
        &versions as &[Option<i64>],
        &spendable as &[Option<i64>],
    )
    .execute(&mut *tx)
    .await;
    match inserted {
        Ok(_) => Ok(Written::All),
        Err(error) => match error.as_database_error().and_then(|e| e.constraint()) {
            Some("transfers_request_key") => Ok(Written::Twin),
            // The journal of a spend is its due's.
            Some("transfers_journal_key") if spends => Err(Refusal::DueAlreadyPaid.into()),
            _ => Err(error.into()),
        },
    }
}

/// One leg, and its place in its journal.
type Row<'a> = (&'a Act<'a>, i16, &'a Leg);

/// The first leg keeps it for all.
fn kept<'a>((act, at, _): &Row<'a>) -> Option<Kept<'a>> {
    if *at == 0 { act.kept } else { None }
}

/// House accounts are rows for ever and hold nothing, so the first use opens
/// one and the others find it.
async fn open_houses(tx: &mut PgConnection, acts: &[Act<'_>]) -> Result<(), Error> {
    let sides = acts
        .iter()
        .flat_map(|act| act.legs.iter().flat_map(|leg| [leg.debit, leg.credit]));
    // In one order, so that two who open the same wait for each other once.
    let houses: BTreeMap<AccountId, House> = sides
        .filter_map(|side| match side {
            Side::House(house) => Some((house.id(), house)),
            Side::Member(_) => None,
        })
        .collect();
    let ids: Vec<Uuid> = houses.keys().map(|id| id.0).collect();
    let kinds: Vec<&str> = houses.values().map(|house| house.kind()).collect();
    let owners: Vec<Uuid> = houses.values().map(|house| house.legal_entity().0).collect();
    let studios: Vec<Option<Uuid>> = houses
        .values()
        .map(|house| house.studio().map(|id| id.0))
        .collect();
    let others: Vec<Option<Uuid>> = houses
        .values()
        .map(|house| house.counterparty().map(|id| id.0))
        .collect();
    sqlx::query!(
        r#"
        insert into accounts (account_id, kind, legal_entity_id, studio_id, counterparty_id)
        select h.*
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[])
            h (account_id, kind, legal_entity_id, studio_id, counterparty_id)
        where not exists (select from accounts a where a.account_id = h.account_id)
        on conflict do nothing
        "#,
        &ids,
        &kinds as &[&str],
        &owners,
        &studios as &[Option<Uuid>],
        &others as &[Option<Uuid>],
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

/// What a wallet held at a time, by the movements until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    pub principal: Balance,
    pub gift: Balance,
    pub transfers: i64,
}

/// Adds a wallet's movements up.
pub async fn balance_at(tx: &mut PgConnection, wallet: &Wallet, at: Timestamp) -> Result<Past, Error> {
    let row = sqlx::query!(
        r#"
        select coalesce(sum(case when credit_id = $2 then amount_minor when debit_id = $2 then -amount_minor end), 0)::bigint
                   as "principal!",
               coalesce(sum(case when credit_id = $3 then amount_minor when debit_id = $3 then -amount_minor end), 0)::bigint
                   as "gift!",
               count(*) as "transfers!"
        from transfers
        where wallet_id = $1 and occurred_at <= $4
        "#,
        wallet.id as WalletId,
        wallet.principal.id as AccountId,
        wallet.gift.id as AccountId,
        at,
    )
    .fetch_one(tx)
    .await?;
    let read =
        |minor| Balance::from_minor(minor).ok_or_else(|| inconsistent("transfers", "a sum below zero"));
    Ok(Past {
        principal: read(row.principal)?,
        gift: read(row.gift)?,
        transfers: row.transfers,
    })
}
