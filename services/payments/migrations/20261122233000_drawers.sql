-- Cash, and cards at a terminal, taken by a person at a drawer. A list in a CHECK
-- can only be replaced; the new one holds for every row that the old one let in,
-- so nothing is scanned.
alter table attempts drop constraint attempts_method_check;
alter table attempts add constraint attempts_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode',
                      'cash', 'card_terminal')) not valid;
alter table payments drop constraint payments_method_check;
alter table payments add constraint payments_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode',
                      'cash', 'card_terminal')) not valid;
-- It is recorded when it is taken: nobody is asked, and nothing comes late.
alter table attempts add constraint attempts_drawer_check
    check (method not in ('cash', 'card_terminal') or state in ('creating', 'paid')) not valid;

-- A studio's day of drawers. Who held one is kept here, so that the row itself
-- refuses a confirmation by one of them.
create table drawer_days (
    studio_id    uuid        not null,
    day          date        not null,  -- where the studio is
    day_id       uuid        not null,
    state        text        not null default 'open' check (state in ('open', 'confirmed')),
    open_drawers integer     not null default 0,
    holders      uuid[]      not null default '{}',
    confirmed_by uuid,
    confirmed_at timestamptz,
    note         text        not null default '',
    version      bigint      not null default 1,
    primary key (studio_id, day),
    constraint drawer_days_id_key unique (day_id),
    constraint drawer_days_open_check check (open_drawers >= 0 and (state = 'open' or open_drawers = 0)),
    constraint drawer_days_confirmed_check check
        ((state = 'confirmed') = (confirmed_by is not null) and (confirmed_by is null) = (confirmed_at is null)),
    constraint drawer_days_two_persons check (confirmed_by <> all (holders))
);
select enforce_scope('drawer_days', 'studio_id');
select guard_transitions('drawer_days', 'state', '{"open": ["confirmed"]}'::jsonb);

-- One person's cash, from opening to counting.
create table drawers (
    drawer_id     uuid        primary key,
    studio_id     uuid        not null,
    day           date        not null,
    held_by       uuid        not null,
    state         text        not null default 'open' check (state in ('open', 'counted')),
    opening_minor bigint      not null check (opening_minor >= 0),
    cash_minor    bigint      not null,  -- what should be in it
    counted_minor bigint,
    reason        text        not null default '',
    opened_at     timestamptz not null,
    counted_at    timestamptz,
    version       bigint      not null default 1,
    foreign key (studio_id, day) references drawer_days,
    constraint drawers_not_overdrawn check (cash_minor >= 0),
    constraint drawers_counted_check check
        ((state = 'counted') = (counted_minor is not null) and (counted_minor is null) = (counted_at is null)),
    constraint drawers_explained_check check (counted_minor = cash_minor or reason <> '')
);
create unique index drawers_held_key on drawers (held_by) where state = 'open';
create index drawers_by_day on drawers (studio_id, day, opened_at, drawer_id);
select enforce_scope('drawers', 'studio_id');
select guard_transitions('drawers', 'state', '{"open": ["counted"]}'::jsonb);

-- Everything that went through a drawer.
create table drawer_entries (
    entry_id       uuid        primary key,
    drawer_id      uuid        not null references drawers,
    studio_id      uuid        not null,
    kind           text        not null check (kind in
        ('cash_taken', 'card_taken', 'paid_in', 'paid_out', 'cash_refunded', 'card_refunded')),
    amount_minor   bigint      not null check (amount_minor > 0),
    attempt_id     uuid        references attempts,
    refund_id      uuid        references refunds,
    tendered_minor bigint,
    terminal       text,
    slip           text,
    last_four      text        check (last_four ~ '^[0-9]{4}$'),
    reason         text        not null default '',
    entered_by     uuid        not null,
    entered_at     timestamptz not null,
    constraint drawer_entries_attempt_key unique (attempt_id),
    constraint drawer_entries_refund_key unique (refund_id),
    constraint drawer_entries_slip_key unique (terminal, slip),
    constraint drawer_entries_attempt_check check ((kind in ('cash_taken', 'card_taken')) = (attempt_id is not null)),
    constraint drawer_entries_refund_check check ((kind in ('cash_refunded', 'card_refunded')) = (refund_id is not null)),
    constraint drawer_entries_tendered_check check
        ((kind = 'cash_taken') = (tendered_minor is not null) and coalesce(tendered_minor, amount_minor) >= amount_minor),
    constraint drawer_entries_slip_check check
        ((kind in ('card_taken', 'card_refunded')) = (num_nonnulls(terminal, slip, last_four) = 3)
         and num_nonnulls(terminal, slip, last_four) in (0, 3)),
    constraint drawer_entries_reason_check check (kind not in ('paid_in', 'paid_out') or reason <> '')
);
create index drawer_entries_by_drawer on drawer_entries (drawer_id, entered_at, entry_id);
select enforce_scope('drawer_entries', 'studio_id');
select append_only('drawer_entries');

-- What was in it when it was counted, piece by piece.
create table drawer_pieces (
    drawer_id          uuid    not null references drawers,
    studio_id          uuid    not null,
    denomination_minor integer not null check (denomination_minor in (10000, 5000, 2000, 1000, 500, 100, 50, 10, 5, 2, 1)),
    pieces             integer not null check (pieces > 0),
    primary key (drawer_id, denomination_minor)
);
select enforce_scope('drawer_pieces', 'studio_id');
select append_only('drawer_pieces');
