//! Wallets with their accounts and lots.

use std::collections::HashMap;

use kernel::{
    AccountId, Amount, Balance, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId, Timestamp,
    WalletId,
};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::Wallet;
use crate::domain::wallet::{Account, Lot, Origin, Purse, State};

/// Opens the wallet unless the person has one. False when there was one.
pub async fn open(tx: &mut PgConnection, wallet: &Wallet, at: Timestamp) -> Result<bool, Error> {
    let opened = sqlx::query!(
        r#"
        insert into wallets (wallet_id, person_id, home_studio_id, opened_at, principal_id, gift_id)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        "#,
        wallet.id as WalletId,
        wallet.person as PersonId,
        wallet.home_studio as StudioId,
        at,
        wallet.principal.id as AccountId,
        wallet.gift.id as AccountId,
    )
    .execute(&mut *tx)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        r#"
        insert into accounts (account_id, kind, wallet_id, person_id, home_studio_id)
        values ($1, 'member_principal', $3, $4, $5), ($2, 'member_gift', $3, $4, $5)
        "#,
        wallet.principal.id as AccountId,
        wallet.gift.id as AccountId,
        wallet.id as WalletId,
        wallet.person as PersonId,
        wallet.home_studio as StudioId,
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Reads a person's wallet and holds its row until the transaction ends, so
/// that two movements of one wallet happen one after the other. Its lots are
/// those with something left, and those named.
pub async fn lock(tx: &mut PgConnection, person: PersonId, also: &[LotId]) -> Result<Option<Wallet>, Error> {
    Ok(lock_all(tx, &[person], also).await?.pop())
}

/// As [`lock`], the wallets of all who have one. Everybody locks in one order,
/// so that nobody waits for somebody who waits for them.
pub async fn lock_all(
    tx: &mut PgConnection,
    people: &[PersonId],
    also: &[LotId],
) -> Result<Vec<Wallet>, Error> {
    let people: Vec<Uuid> = people.iter().map(|person| person.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select wallet_id as "wallet_id: WalletId", person_id as "person_id: PersonId",
               home_studio_id as "home_studio_id: StudioId", state, frozen_by as "frozen_by: PersonId", frozen_at,
               frozen_why as "frozen_why: Sealed", version, principal_id as "principal_id: AccountId", principal_minor,
               principal_held_minor, gift_id as "gift_id: AccountId", gift_minor, gift_held_minor
        from wallets
        where person_id = any($1)
        order by wallet_id
        for no key update
        "#,
        &people,
    )
    .fetch_all(&mut *tx)
    .await?;
    with_lots(tx, rows, also).await
}

/// Reads a person's wallet as it is.
pub async fn find(tx: &mut PgConnection, person: PersonId) -> Result<Option<Wallet>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select wallet_id as "wallet_id: WalletId", person_id as "person_id: PersonId",
               home_studio_id as "home_studio_id: StudioId", state, frozen_by as "frozen_by: PersonId", frozen_at,
               frozen_why as "frozen_why: Sealed", version, principal_id as "principal_id: AccountId", principal_minor,
               principal_held_minor, gift_id as "gift_id: AccountId", gift_minor, gift_held_minor
        from wallets
        where person_id = $1
        "#,
        person as PersonId,
    )
    .fetch_optional(&mut *tx)
    .await?;
    Ok(with_lots(tx, row.into_iter().collect(), &[]).await?.pop())
}

struct Row {
    wallet_id: WalletId,
    person_id: PersonId,
    home_studio_id: StudioId,
    state: String,
    frozen_by: Option<PersonId>,
    frozen_at: Option<Timestamp>,
    frozen_why: Option<Sealed>,
    version: i64,
    principal_id: AccountId,
    principal_minor: i64,
    principal_held_minor: i64,
    gift_id: AccountId,
    gift_minor: i64,
    gift_held_minor: i64,
}

async fn with_lots(tx: &mut PgConnection, rows: Vec<Row>, also: &[LotId]) -> Result<Vec<Wallet>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.wallet_id.0).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut lots = lots(tx, &ids, also).await?;
    rows.into_iter()
        .map(|row| {
            let lots = lots.remove(&row.wallet_id).unwrap_or_default();
            row.read(lots)
        })
        .collect()
}

impl Row {
    fn read(self, lots: Vec<Lot>) -> Result<Wallet, Error> {
        let state = match (
            self.state.as_str(),
            self.frozen_by,
            self.frozen_at,
            self.frozen_why,
        ) {
            ("open", None, None, None) => State::Open,
            ("frozen", Some(by), Some(since), Some(why)) => State::Frozen { by, since, why },
            _ => return Err(inconsistent("wallets", "state")),
        };
        Ok(Wallet {
            id: self.wallet_id,
            person: self.person_id,
            home_studio: self.home_studio_id,
            state,
            principal: account(self.principal_id, self.principal_minor, self.principal_held_minor)?,
            gift: account(self.gift_id, self.gift_minor, self.gift_held_minor)?,
            lots,
            version: self.version,
        })
    }
}

fn account(id: AccountId, balance: i64, held: i64) -> Result<Account, Error> {
    match (Balance::from_minor(balance), Balance::from_minor(held)) {
        (Some(balance), Some(held)) => Ok(Account { id, balance, held }),
        _ => Err(inconsistent("wallets", "a sum below zero")),
    }
}

/// By wallet, in order of use.
async fn lots(
    tx: &mut PgConnection,
    wallets: &[Uuid],
    also: &[LotId],
) -> Result<HashMap<WalletId, Vec<Lot>>, Error> {
    let also: Vec<Uuid> = also.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"
        select l.wallet_id as "wallet_id: WalletId", l.lot_id as "lot_id: LotId", a.kind, l.origin,
               l.recharge_id as "recharge_id: RechargeId", l.payment_id as "payment_id: PaymentId",
               l.legal_entity_id as "legal_entity_id: LegalEntityId", l.amount_minor, l.remaining_minor, l.opened_at
        from lots l
        join accounts a on a.account_id = l.account_id
        where l.wallet_id = any($1) and (l.used_up_at is null or l.lot_id = any($2))
        order by l.opened_at, l.lot_id
        "#,
        wallets,
        &also,
    )
    .fetch_all(tx)
    .await?;
    let mut lots: HashMap<WalletId, Vec<Lot>> = HashMap::new();
    for r in rows {
        let origin = match (r.origin.as_str(), r.recharge_id, r.payment_id) {
            ("recharge", Some(recharge), Some(payment)) => Origin::Recharge { recharge, payment },
            ("gift", None, None) => Origin::Gift,
            _ => return Err(inconsistent("lots", "origin")),
        };
        lots.entry(r.wallet_id).or_default().push(Lot {
            id: r.lot_id,
            purse: if r.kind == "member_gift" {
                Purse::Gift
            } else {
                Purse::Principal
            },
            origin,
            legal_entity: r.legal_entity_id,
            amount: Amount::from_minor(r.amount_minor).ok_or_else(|| inconsistent("lots", "amount_minor"))?,
            remaining: Balance::from_minor(r.remaining_minor)
                .ok_or_else(|| inconsistent("lots", "remaining_minor"))?,
            opened_at: r.opened_at,
        });
    }
    Ok(lots)
}

/// Adds a lot; it counts once [`save_value`] has moved the balance.
pub async fn add_lot(tx: &mut PgConnection, wallet: &Wallet, lot: &Lot) -> Result<(), Error> {
    let (origin, recharge, payment) = match lot.origin {
        Origin::Recharge { recharge, payment } => ("recharge", Some(recharge), Some(payment)),
        Origin::Gift => ("gift", None, None),
    };
    sqlx::query!(
        r#"
        insert into lots (lot_id, account_id, wallet_id, person_id, home_studio_id, legal_entity_id, origin, recharge_id,
                          payment_id, amount_minor, remaining_minor, opened_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
        "#,
        lot.id as LotId,
        wallet.purse(lot.purse).id as AccountId,
        wallet.id as WalletId,
        wallet.person as PersonId,
        wallet.home_studio as StudioId,
        lot.legal_entity as LegalEntityId,
        origin,
        recharge as Option<RechargeId>,
        payment as Option<PaymentId>,
        lot.amount.minor(),
        lot.opened_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes balances and what is left in the lots, as decided from how each wallet
/// was before. Each row is written on the condition that it still is as decided
/// on, so that not even a forgotten lock can lose a movement.
pub async fn save_value(
    tx: &mut PgConnection,
    changes: &[(&Wallet, &Wallet)],
    at: Timestamp,
) -> Result<(), Error> {
    save_balances(tx, changes).await?;
    let lots = changes.iter().flat_map(|(was, is)| {
        let before = |lot: &Lot| was.lots.iter().find(|l| l.id == lot.id);
        is.lots
            .iter()
            .filter_map(move |lot| Some((before(lot)?, lot)))
            .filter(|(was, is)| was.remaining != is.remaining)
            .map(|(was, is)| (is.id.0, was.remaining.minor(), is.remaining.minor()))
    });
    save_remaining(tx, &lots.collect::<Vec<_>>(), at).await
}

/// A lot, what was left of it when it was decided, and what is left now.
type Change = (Uuid, i64, i64);

async fn save_balances(tx: &mut PgConnection, changes: &[(&Wallet, &Wallet)]) -> Result<(), Error> {
    let of = |read: fn(&Wallet) -> i64| -> Vec<i64> { changes.iter().map(|(_, is)| read(is)).collect() };
    let ids: Vec<Uuid> = changes.iter().map(|(was, _)| was.id.0).collect();
    let was: Vec<i64> = changes.iter().map(|(was, _)| was.version).collect();
    let moved = sqlx::query!(
        r#"
        update wallets w
        set version = c.version, principal_minor = c.principal, principal_held_minor = c.principal_held,
            gift_minor = c.gift, gift_held_minor = c.gift_held
        from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
            c (id, was, version, principal, principal_held, gift, gift_held)
        where w.wallet_id = c.id and w.version = c.was
        "#,
        &ids,
        &was,
        &of(|is| is.version),
        &of(|is| is.principal.balance.minor()),
        &of(|is| is.principal.held.minor()),
        &of(|is| is.gift.balance.minor()),
        &of(|is| is.gift.held.minor()),
    )
    .execute(tx)
    .await?;
    all_rows(moved.rows_affected(), changes.len(), "wallets")
}

async fn save_remaining(tx: &mut PgConnection, changes: &[Change], at: Timestamp) -> Result<(), Error> {
    let ids: Vec<Uuid> = changes.iter().map(|(id, ..)| *id).collect();
    let was: Vec<i64> = changes.iter().map(|(_, was, _)| *was).collect();
    let is: Vec<i64> = changes.iter().map(|(.., is)| *is).collect();
    let moved = sqlx::query!(
        r#"
        update lots l set remaining_minor = c.is, used_up_at = case when c.is = 0 then $4::timestamptz end
        from unnest($1::uuid[], $2::bigint[], $3::bigint[]) c (id, was, "is")
        where l.lot_id = c.id and l.remaining_minor = c.was
        "#,
        &ids,
        &was,
        &is,
        at,
    )
    .execute(tx)
    .await?;
    all_rows(moved.rows_affected(), changes.len(), "lots")
}

/// Writes whether value may leave.
pub async fn save_state(tx: &mut PgConnection, before: &Wallet, after: &Wallet) -> Result<(), Error> {
    let (by, since, why) = match &after.state {
        State::Open => (None, None, None),
        State::Frozen { by, since, why } => (Some(*by), Some(*since), Some(why.bytes.as_slice())),
    };
    let moved = sqlx::query!(
        r#"
        update wallets
        set state = $3, frozen_by = $4, frozen_at = $5, frozen_why = $6, version = $7
        where wallet_id = $1 and version = $2
        "#,
        before.id as WalletId,
        before.version,
        after.state.name(),
        by as Option<PersonId>,
        since,
        why,
        after.version,
    )
    .execute(tx)
    .await?;
    one_row(moved.rows_affected(), "wallets")
}

fn all_rows(rows: u64, changes: usize, table: &'static str) -> Result<(), Error> {
    if usize::try_from(rows) == Ok(changes) {
        Ok(())
    } else {
        Err(inconsistent(table, "a row changed under its lock"))
    }
}

/// A locked row that is no longer as it was read.
pub fn one_row(rows: u64, table: &'static str) -> Result<(), Error> {
    if rows == 1 {
        Ok(())
    } else {
        Err(inconsistent(table, "a row changed under its lock"))
    }
}
