//! Wallets with their accounts and lots.

use kernel::{
    AccountId, Amount, Balance, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId, Timestamp,
    WalletId,
};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use crate::domain::Wallet;
use crate::domain::wallet::{Account, Lot, Origin, Purse, State};

/// Opens the wallet unless the person has one. False when there was one.
pub async fn open(tx: &mut PgConnection, wallet: &Wallet, at: Timestamp) -> Result<bool, Error> {
    let opened = sqlx::query!(
        r#"
        insert into wallets (wallet_id, person_id, home_studio_id, opened_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        "#,
        wallet.id as WalletId,
        wallet.person as PersonId,
        wallet.home_studio as StudioId,
        at,
    )
    .execute(&mut *tx)
    .await?;
    if opened.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        r#"
        insert into accounts (account_id, kind, wallet_id, person_id, home_studio_id, balance_minor, held_minor)
        values ($1, 'member_principal', $3, $4, $5, 0, 0), ($2, 'member_gift', $3, $4, $5, 0, 0)
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
    let held = sqlx::query_scalar!(
        "select person_id from wallets where person_id = $1 for no key update",
        person as PersonId
    )
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    read(tx, person, also).await
}

/// Reads a person's wallet as it is.
pub async fn find(tx: &mut PgConnection, person: PersonId) -> Result<Option<Wallet>, Error> {
    read(tx, person, &[]).await
}

async fn read(tx: &mut PgConnection, person: PersonId, also: &[LotId]) -> Result<Option<Wallet>, Error> {
    let row = sqlx::query!(
        r#"
        select w.wallet_id as "wallet_id: WalletId", w.person_id as "person_id: PersonId",
               w.home_studio_id as "home_studio_id: StudioId", w.state, w.frozen_by as "frozen_by: PersonId", w.frozen_at,
               w.frozen_why as "frozen_why: Sealed", w.version, p.account_id as "principal_id: AccountId", p.balance_minor as principal_minor,
               p.held_minor as principal_held, g.account_id as "gift_id: AccountId", g.balance_minor as gift_minor,
               g.held_minor as gift_held
        from wallets w
        join accounts p on p.wallet_id = w.wallet_id and p.kind = 'member_principal'
        join accounts g on g.wallet_id = w.wallet_id and g.kind = 'member_gift'
        where w.person_id = $1
        "#,
        person as PersonId,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let state = match (row.state.as_str(), row.frozen_by, row.frozen_at, row.frozen_why) {
        ("open", None, None, None) => State::Open,
        ("frozen", Some(by), Some(since), Some(why)) => State::Frozen { by, since, why },
        _ => return Err(inconsistent("wallets", "state")),
    };
    Ok(Some(Wallet {
        id: row.wallet_id,
        person: row.person_id,
        home_studio: row.home_studio_id,
        state,
        principal: account(row.principal_id, row.principal_minor, row.principal_held)?,
        gift: account(row.gift_id, row.gift_minor, row.gift_held)?,
        lots: lots(tx, row.wallet_id, also).await?,
        version: row.version,
    }))
}

fn account(id: AccountId, balance: Option<i64>, held: Option<i64>) -> Result<Account, Error> {
    let read = |minor: Option<i64>| minor.and_then(Balance::from_minor);
    match (read(balance), read(held)) {
        (Some(balance), Some(held)) => Ok(Account { id, balance, held }),
        _ => Err(inconsistent("accounts", "balance_minor")),
    }
}

/// In order of use.
async fn lots(tx: &mut PgConnection, wallet: WalletId, also: &[LotId]) -> Result<Vec<Lot>, Error> {
    let also: Vec<uuid::Uuid> = also.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"
        select l.lot_id as "lot_id: LotId", a.kind, l.origin, l.recharge_id as "recharge_id: RechargeId",
               l.payment_id as "payment_id: PaymentId", l.legal_entity_id as "legal_entity_id: LegalEntityId",
               l.amount_minor, l.remaining_minor, l.opened_at
        from lots l
        join accounts a on a.account_id = l.account_id
        where l.wallet_id = $1 and (l.used_up_at is null or l.lot_id = any($2))
        order by l.opened_at, l.lot_id
        "#,
        wallet as WalletId,
        &also,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            let origin = match (r.origin.as_str(), r.recharge_id, r.payment_id) {
                ("recharge", Some(recharge), Some(payment)) => Origin::Recharge { recharge, payment },
                ("gift", None, None) => Origin::Gift,
                _ => return Err(inconsistent("lots", "origin")),
            };
            Ok(Lot {
                id: r.lot_id,
                purse: if r.kind == "member_gift" {
                    Purse::Gift
                } else {
                    Purse::Principal
                },
                origin,
                legal_entity: r.legal_entity_id,
                amount: Amount::from_minor(r.amount_minor)
                    .ok_or_else(|| inconsistent("lots", "amount_minor"))?,
                remaining: Balance::from_minor(r.remaining_minor)
                    .ok_or_else(|| inconsistent("lots", "remaining_minor"))?,
                opened_at: r.opened_at,
            })
        })
        .collect()
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

/// Writes balances and what is left in the lots, as decided from the wallet
/// `before`. Each row is written on the condition that it still is as decided
/// on, so that not even a forgotten lock can lose a movement.
pub async fn save_value(
    tx: &mut PgConnection,
    before: &Wallet,
    after: &Wallet,
    at: Timestamp,
) -> Result<(), Error> {
    save_version(tx, before, after).await?;
    for (was, is) in [(&before.principal, &after.principal), (&before.gift, &after.gift)] {
        if was == is {
            continue;
        }
        let moved = sqlx::query!(
            "update accounts set balance_minor = $3 where account_id = $1 and balance_minor = $2",
            was.id as AccountId,
            was.balance.minor(),
            is.balance.minor(),
        )
        .execute(&mut *tx)
        .await?;
        one_row(moved.rows_affected(), "accounts")?;
    }
    for lot in &after.lots {
        if let Some(was) = before
            .lots
            .iter()
            .find(|l| l.id == lot.id && l.remaining != lot.remaining)
        {
            save_remaining(tx, was, lot, at).await?;
        }
    }
    Ok(())
}

async fn save_remaining(tx: &mut PgConnection, was: &Lot, lot: &Lot, at: Timestamp) -> Result<(), Error> {
    let moved = sqlx::query!(
        r#"
        update lots
        set remaining_minor = $3::bigint, used_up_at = case when $3::bigint = 0 then $4::timestamptz end
        where lot_id = $1 and remaining_minor = $2
        "#,
        lot.id as LotId,
        was.remaining.minor(),
        lot.remaining.minor(),
        at,
    )
    .execute(tx)
    .await?;
    one_row(moved.rows_affected(), "lots")
}

async fn save_version(tx: &mut PgConnection, before: &Wallet, after: &Wallet) -> Result<(), Error> {
    let moved = sqlx::query!(
        "update wallets set version = $3 where wallet_id = $1 and version = $2",
        before.id as WalletId,
        before.version,
        after.version,
    )
    .execute(tx)
    .await?;
    one_row(moved.rows_affected(), "wallets")
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

/// A locked row that is no longer as it was read.
pub fn one_row(rows: u64, table: &'static str) -> Result<(), Error> {
    if rows == 1 {
        Ok(())
    } else {
        Err(inconsistent(table, "a row changed under its lock"))
    }
}
