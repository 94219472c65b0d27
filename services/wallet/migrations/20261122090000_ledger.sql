-- Stored value. A person has one wallet; it belongs where the person does.
create table wallets (
    wallet_id      uuid        primary key,
    person_id      uuid        not null unique,
    home_studio_id uuid        not null,
    state          text        not null default 'open' check (state in ('open', 'frozen')),
    frozen_by      uuid,
    frozen_at      timestamptz,
    frozen_why     text,
    opened_at      timestamptz not null,
    version        bigint      not null default 1 check (version > 0),
    check ((state = 'frozen') = (frozen_by is not null)),
    check ((state = 'frozen') = (frozen_at is not null)),
    check ((state = 'frozen') = (frozen_why is not null))
) with (fillfactor = 70);
create index wallets_by_studio on wallets (home_studio_id, wallet_id);
select enforce_scope('wallets', 'home_studio_id', 'person_id');
select guard_transitions('wallets', 'state', '{"open": ["frozen"], "frozen": ["open"]}');

-- Both sides of every transfer. Members' accounts keep their balance, since
-- spending is decided on it. House accounts keep none: every movement would
-- wait for their one row, so they are summed from transfers.
create table accounts (
    account_id      uuid   primary key,
    kind            text   not null check (kind in ('member_principal', 'member_gift', 'custody', 'suspense',
                                                    'channel_clearing', 'revenue', 'inter_company')),
    wallet_id       uuid   references wallets,
    person_id       uuid,
    home_studio_id  uuid,
    balance_minor   bigint,
    held_minor      bigint check (held_minor >= 0),
    legal_entity_id uuid,
    studio_id       uuid,   -- whose revenue
    counterparty_id uuid,   -- the legal entity on the other side
    constraint accounts_never_overdrawn check (balance_minor - held_minor >= 0),
    check ((kind in ('member_principal', 'member_gift')) = (wallet_id is not null)),
    check ((wallet_id is null) = (legal_entity_id is not null)),
    check ((wallet_id is null) = (balance_minor is null)),
    check ((wallet_id is null) = (held_minor is null)),
    check ((wallet_id is null) = (person_id is null)),
    check ((wallet_id is null) = (home_studio_id is null)),
    check ((kind = 'revenue') = (studio_id is not null)),
    check ((kind = 'inter_company') = (counterparty_id is not null)),
    check (counterparty_id <> legal_entity_id)
) with (fillfactor = 70);
create unique index accounts_one_of_a_kind on accounts (wallet_id, kind) where wallet_id is not null;
create unique index accounts_house on accounts (kind, legal_entity_id, studio_id, counterparty_id)
    nulls not distinct where wallet_id is null;

-- As enforce_scope, but a house account, which holds no balance and belongs to
-- nobody, is seen from everywhere.
alter table accounts enable row level security;
alter table accounts force row level security;
create policy scope on accounts using (
    wallet_id is null
    or (select current_setting('app.studios')) = 'all'
    or home_studio_id = any((select nullif(current_setting('app.studios'), 'all')::uuid[])::uuid[])
    or person_id = (select nullif(current_setting('app.own'), '')::uuid)
);

-- Value that came in at one time from one origin, and what is left of it.
create table lots (
    lot_id          uuid        primary key,
    account_id      uuid        not null references accounts,
    wallet_id       uuid        not null references wallets,
    person_id       uuid        not null,
    home_studio_id  uuid        not null,
    legal_entity_id uuid        not null,  -- who holds the money
    origin          text        not null check (origin in ('recharge', 'gift')),
    recharge_id     uuid        unique,
    payment_id      uuid        unique,
    amount_minor    bigint      not null check (amount_minor > 0),
    remaining_minor bigint      not null,
    opened_at       timestamptz not null,
    used_up_at      timestamptz,
    constraint lots_within_bounds check (remaining_minor between 0 and amount_minor),
    check ((remaining_minor = 0) = (used_up_at is not null)),
    check ((origin = 'recharge') = (recharge_id is not null)),
    check ((origin = 'recharge') = (payment_id is not null))
) with (fillfactor = 70);
-- used_up_at instead of remaining_minor, which changes with every use.
create index lots_in_order_of_use on lots (wallet_id, opened_at, lot_id) where used_up_at is null;
select enforce_scope('lots', 'home_studio_id', 'person_id');

-- Every movement of value, for ever: rows are added, never changed. An amount
-- is always positive and moves from one account to another, so a row cannot
-- be out of balance. A use of n lots is n rows.
create table transfers (
    transfer_id         uuid        primary key,
    journal_id          uuid        not null,  -- the legs of one business act
    leg                 smallint    not null check (leg >= 0),
    debit_id            uuid        not null references accounts,
    credit_id           uuid        not null references accounts,
    lot_id              uuid        references lots,
    amount_minor        bigint      not null check (amount_minor > 0),
    balance_after_minor bigint      check (balance_after_minor >= 0),  -- of the member's account in it
    wallet_id           uuid        references wallets,
    person_id           uuid,
    studio_id           uuid        not null,  -- where it happened
    cause               text        not null check (cause in ('recharge_received', 'recharge_posted',
                                                              'recharge_returned', 'spend', 'spend_returned')),
    cause_id            uuid        not null,  -- the due, recharge or refund leg
    reverses_id         uuid        references transfers,
    caller              text        not null,
    request_id          uuid        not null,
    occurred_at         timestamptz not null,
    check (debit_id <> credit_id),
    check ((wallet_id is null) = (balance_after_minor is null)),
    check ((wallet_id is null) = (person_id is null)),
    check ((wallet_id is null) = (lot_id is null)),
    constraint transfers_request_key unique (caller, request_id, leg),
    constraint transfers_journal_key unique (journal_id, leg)
);
create index transfers_by_wallet on transfers (wallet_id, transfer_id desc) where wallet_id is not null;
create index transfers_by_debit on transfers (debit_id, transfer_id desc);
create index transfers_by_credit on transfers (credit_id, transfer_id desc);
create index transfers_by_lot on transfers (lot_id) where lot_id is not null;
select enforce_scope('transfers', 'studio_id', 'person_id');
select append_only('transfers');

-- A due that was paid from a wallet, once for ever, and what came back of it.
create table spends (
    due_id          uuid        primary key,
    wallet_id       uuid        not null references wallets,
    person_id       uuid        not null,
    studio_id       uuid        not null,
    legal_entity_id uuid        not null,
    order_id        uuid,
    acting_person_id uuid       not null,
    journal_id      uuid        not null unique,
    amount_minor    bigint      not null check (amount_minor > 0),
    returned_minor  bigint      not null default 0,
    spent_at        timestamptz not null,
    constraint spends_never_over_returned check (returned_minor between 0 and amount_minor)
);
create index spends_by_wallet on spends (wallet_id, spent_at desc);
select enforce_scope('spends', 'studio_id', 'person_id');

-- Which lot paid which part of a due, and what of it came back. Reached
-- through its spend only, which is scoped.
create table spend_uses (
    due_id         uuid     not null references spends,
    use_no         smallint not null check (use_no >= 0),
    lot_id         uuid     not null references lots,
    transfer_id    uuid     not null references transfers,
    amount_minor   bigint   not null check (amount_minor > 0),
    returned_minor bigint   not null default 0,
    primary key (due_id, use_no),
    constraint spend_uses_never_over_returned check (returned_minor between 0 and amount_minor)
);

-- A refund leg that came back, once for ever. Reached through its spend only.
create table spend_returns (
    leg_id         uuid        primary key,
    due_id         uuid        not null references spends,
    case_id        uuid,
    journal_id     uuid        not null unique,
    amount_minor   bigint      not null check (amount_minor > 0),
    returned_minor bigint      not null check (returned_minor >= amount_minor),  -- for the due, with this one
    balance_minor  bigint      not null check (balance_minor >= 0),              -- spendable afterwards
    returned_at    timestamptz not null
);
create index spend_returns_by_due on spend_returns (due_id);
select append_only('spend_returns');
