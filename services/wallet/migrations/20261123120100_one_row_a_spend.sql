-- A wallet's row has what is decided on, so that a movement changes one row and
-- its lots'. accounts keeps who is on either side of a transfer.
alter table wallets
    add column principal_id         uuid,
    add column principal_minor      bigint not null default 0,
    add column principal_held_minor bigint not null default 0 check (principal_held_minor >= 0),
    add column gift_id              uuid,
    add column gift_minor           bigint not null default 0,
    add column gift_held_minor      bigint not null default 0 check (gift_held_minor >= 0);
select set_config('app.studios', 'all', true), set_config('app.own', '', true);
alter table wallets disable trigger transitions;
update wallets w
set principal_id = p.account_id, principal_minor = p.balance_minor, principal_held_minor = p.held_minor,
    gift_id = g.account_id, gift_minor = g.balance_minor, gift_held_minor = g.held_minor
from accounts p, accounts g
where p.wallet_id = w.wallet_id and p.kind = 'member_principal' and g.wallet_id = w.wallet_id and g.kind = 'member_gift';
alter table wallets enable trigger transitions;
alter table wallets
    alter column principal_id set not null,
    alter column gift_id set not null,
    add constraint wallets_never_overdrawn
        check (principal_minor >= principal_held_minor and gift_minor >= gift_held_minor);
alter table accounts drop column balance_minor, drop column held_minor;
-- Many rows of a page change in one batch, and each needs room beside it.
alter table wallets set (fillfactor = 50);
alter table lots set (fillfactor = 50);

-- What members' accounts hold.
create view purses with (security_invoker = true) as
select principal_id as account_id, wallet_id, 'member_principal' as kind, principal_minor as balance_minor,
       principal_held_minor as held_minor
from wallets
union all
select gift_id, wallet_id, 'member_gift', gift_minor, gift_held_minor
from wallets;

-- The first leg of a spend that came by Spend is its claim, its audit entry and
-- its fact too; of every spend it says for which order, and who acted if it was
-- not the member.
alter table transfers
    add column order_id         uuid,
    add column acting_person_id uuid,
    add column fingerprint      bytea,
    add column version          bigint check (version > 0),             -- of the wallet, with this spend
    add column spendable_minor  bigint check (spendable_minor >= 0),    -- of the wallet, afterwards
    add column traceparent      text,
    add column recorded_at      timestamptz,
    add check ((fingerprint is null) = (version is null)),
    add check ((fingerprint is null) = (spendable_minor is null)),
    add check ((fingerprint is null) = (traceparent is null)),
    add check ((fingerprint is null) = (recorded_at is null)),
    add check (fingerprint is null or leg = 0 and wallet_id is not null);
select chained('transfers');
-- Facts are told in the order of ids, so these rows take theirs where facts do.
alter table transfers alter column chain_id drop identity;
select setval('outbox_id_seq', greatest(o.top, t.top))
from (select max(id) as top from outbox) o, (select max(chain_id) as top from transfers) t
where greatest(o.top, t.top) is not null;
alter table transfers alter column chain_id set default nextval('outbox_id_seq');

create view spent_by_one_row with (security_invoker = true) as
select t.chain_id, t.transfer_id, t.wallet_id, t.version, t.occurred_at, t.recorded_at, t.traceparent, t.caller,
       t.request_id, t.fingerprint, t.xmin as written_by,
       jsonb_build_object(
           'wallet_id', t.wallet_id, 'person_id', t.person_id, 'due_id', t.cause_id, 'order_id', t.order_id,
           'studio_id', t.studio_id, 'journal_id', t.journal_id, 'spendable_minor', t.spendable_minor,
           'spent_at', t.occurred_at,
           'amount_minor', (select sum(l.amount_minor)::bigint from transfers l
                            where l.journal_id = t.journal_id and l.wallet_id is not null)) as body
from transfers t
where t.fingerprint is not null;

create or replace view facts with (security_invoker = true) as
select id, event_id, type, aggregate, version, occurred_at, recorded_at, traceparent, payload, null::jsonb as body,
       false as own, xmin as written_by
from outbox
union all
select chain_id, transfer_id, 'wallet_spent', wallet_id, version, occurred_at, recorded_at, traceparent, null::bytea, body,
       true, written_by
from spent_by_one_row;

create or replace view own_acts with (security_invoker = true) as
select caller as actor, request_id, '/studio.wallet.v1.WalletService/Spend'::text as rpc, fingerprint, body
from spent_by_one_row;

-- Parts of spends are counted from the first return on, which reads them from
-- the transfers.
comment on table spends is 'Dues that were paid from a wallet and of which something came back, or that were paid before a spend was one row.';
