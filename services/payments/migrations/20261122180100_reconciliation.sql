-- Ours against theirs, day by day, and every difference until it is explained.

create table reconciliation_days (
    book_id       uuid        not null references books,
    day           date        not null,
    state         text        not null default 'matched' check (state in ('matched', 'judged', 'closed')),
    matched_at    timestamptz not null,
    judged_at     timestamptz,
    signed_by     uuid,
    signed_at     timestamptz,
    signed_note   text        not null default '',
    closed_by     uuid,
    closed_at     timestamptz,
    version       bigint      not null default 1,
    primary key (book_id, day),
    constraint reconciliation_days_signed_check check ((signed_by is null) = (signed_at is null)),
    constraint reconciliation_days_closed_check check
        ((state = 'closed') = (closed_by is not null and closed_at is not null and signed_by is not null)),
    constraint reconciliation_days_two_persons check (closed_by <> signed_by)
);
select guard_transitions('reconciliation_days', 'state', '{"matched": ["judged"], "judged": ["closed"]}'::jsonb);

-- What a day's bill makes for each studio, in the currency's smallest unit.
create table day_totals (
    book_id         uuid    not null,
    day             date    not null,
    studio          uuid    not null,  -- nil: lines that are nobody's here
    legal_entity    uuid    not null,
    payments        bigint  not null,
    paid_minor      bigint  not null,
    refunds         bigint  not null,
    refunded_minor  bigint  not null,
    fee_thousandths bigint  not null,  -- of a fen
    agreed          bigint  not null,  -- lines on which we say the same
    primary key (book_id, day, studio, legal_entity),
    foreign key (book_id, day) references reconciliation_days
);
select append_only('day_totals');

create table differences (
    difference_id  uuid        primary key,  -- derived, so that a day matched again finds the same
    book_id        uuid        not null,
    day            date        not null,
    type           text        not null,
    key            text        not null,     -- the number that it is about
    statement_id   uuid        references statements,
    line           integer,
    subject        uuid,                     -- our attempt or refund, when we have one
    studio         uuid,
    legal_entity   uuid,
    ours_minor     bigint,
    theirs_minor   bigint,
    owner_role     text        not null,
    due_at         timestamptz not null,
    state          text        not null default 'open' check (state in ('open', 'proposed', 'resolved')),
    resolution     text        check (resolution in
        ('repaired', 'explained', 'corrected_here', 'claimed', 'sent_back', 'written_off')),
    note           text        not null default '',
    maker          uuid,
    made_at        timestamptz,
    checker        uuid,
    resolved_at    timestamptz,
    found_at       timestamptz not null,
    version        bigint      not null default 1,
    foreign key (book_id, day) references reconciliation_days,
    constraint differences_end_check check ((state = 'open') = (resolution is null)),
    constraint differences_ended_check check ((state = 'resolved') = (resolved_at is not null)),
    constraint differences_money_checked check
        (state <> 'resolved' or resolution in ('repaired', 'explained') or checker is not null),
    constraint differences_two_persons check (maker <> checker)
);
create index differences_by_day on differences (book_id, day, difference_id);
create index differences_open on differences (due_at, difference_id) where state <> 'resolved';
select guard_transitions('differences', 'state',
    '{"open": ["proposed", "resolved"], "proposed": ["open", "resolved"]}'::jsonb);

-- A payout of a channel and the line of a bank account in which it arrived.
create table settlements (
    settlement_id    uuid        primary key,
    payout_statement uuid        not null,
    payout_line      integer     not null,
    bank_statement   uuid        not null,
    bank_line        integer     not null,
    payout_minor     bigint      not null check (payout_minor > 0),
    received_minor   bigint      not null check (received_minor > 0),
    settled_at       timestamptz not null,
    foreign key (payout_statement, payout_line) references statement_lines,
    foreign key (bank_statement, bank_line) references statement_lines,
    constraint settlements_payout_key unique (payout_statement, payout_line),
    constraint settlements_bank_key unique (bank_statement, bank_line)
);
select append_only('settlements');
