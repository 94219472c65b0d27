//! Recomputes what is kept from the transfers alone, and says what differs.

use platform::Error;
use sqlx::PgConnection;
use uuid::Uuid;

/// Something that is kept and does not follow from the transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `account`, `statement`, `lot`, `purse` or `spend`.
    pub what: String,
    pub id: Uuid,
    pub kept_minor: i64,
    pub computed_minor: i64,
}

/// Every balance against its transfers, every statement line against the sum
/// up to it, every lot against its uses, every account against its lots, and
/// every spend against its transfers. Empty means that the books agree.
pub async fn differences(tx: &mut PgConnection) -> Result<Vec<Difference>, Error> {
    Ok(sqlx::query_as!(
        Difference,
        r#"
        with moved as (
            select credit_id as account_id, amount_minor as minor, lot_id, transfer_id from transfers
            union all
            select debit_id, -amount_minor, lot_id, transfer_id from transfers
        ), found as (
            select 'account' as what, a.account_id as id, a.balance_minor as kept, coalesce(sum(m.minor), 0)::bigint as computed
            from accounts a left join moved m using (account_id)
            where a.wallet_id is not null
            group by a.account_id
            union all
            select 'statement', s.transfer_id, s.balance_after_minor, s.computed
            from (
                select t.transfer_id, t.balance_after_minor,
                       (sum(m.minor) over (partition by m.account_id order by m.transfer_id))::bigint as computed
                from moved m
                join accounts a on a.account_id = m.account_id and a.wallet_id is not null
                join transfers t on t.transfer_id = m.transfer_id
            ) s
            union all
            select 'lot', l.lot_id, l.remaining_minor, coalesce(sum(m.minor), 0)::bigint
            from lots l left join moved m on m.lot_id = l.lot_id and m.account_id = l.account_id
            group by l.lot_id
            union all
            select 'purse', a.account_id, a.balance_minor, coalesce(sum(l.remaining_minor), 0)::bigint
            from accounts a left join lots l on l.account_id = a.account_id
            where a.wallet_id is not null
            group by a.account_id
            union all
            select 'spend', s.due_id, s.amount_minor - s.returned_minor,
                   (select coalesce(sum(case t.cause when 'spend' then t.amount_minor else -t.amount_minor end), 0)::bigint
                    from transfers t
                    where t.wallet_id = s.wallet_id
                      and (t.cause = 'spend' and t.cause_id = s.due_id
                           or t.cause = 'spend_returned'
                              and t.cause_id in (select r.leg_id from spend_returns r where r.due_id = s.due_id)))
            from spends s
        )
        select what as "what!", id as "id!", kept as "kept_minor!", computed as "computed_minor!"
        from found
        where kept is distinct from computed
        order by 1, 2
        "#
    )
    .fetch_all(tx)
    .await?)
}
