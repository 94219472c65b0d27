-- Money that arrived, and its proof.

-- The ceiling of all refunds stands on this one row: whoever refunds moves
-- refund_reserved_minor up by one conditional update, so no two can share the
-- same rest.
create table payments (
    payment_id            uuid        primary key,
    intent_id             uuid        not null references intents,
    attempt_id            uuid        not null references attempts,
    purpose               text        not null check (purpose in ('order', 'recharge')),
    due_id                uuid        not null,
    person_id             uuid        not null,
    studio_id             uuid        not null,
    legal_entity_id       uuid        not null,
    method                text        not null check (method in ('wechat_native')),
    merchant              text        not null,
    channel_number        text        not null,
    channel_transaction   text        not null,
    paid_minor            bigint      not null check (paid_minor > 0),
    refund_reserved_minor bigint      not null default 0 check (refund_reserved_minor >= 0),
    refunded_minor        bigint      not null default 0 check (refunded_minor >= 0),
    refund_count          integer     not null default 0 check (refund_count between 0 and 50),
    paid_at               timestamptz not null,  -- the channel's time
    captured_at           timestamptz not null,  -- when we learned of it
    version               bigint      not null default 1,
    constraint payments_intent_key unique (intent_id),
    constraint payments_attempt_key unique (attempt_id),
    constraint payments_transaction_key unique (merchant, channel_transaction),
    constraint payments_refund_ceiling check (refund_reserved_minor + refunded_minor <= paid_minor)
);
create index payments_by_studio on payments (studio_id, paid_at desc, payment_id desc);
create index payments_by_person on payments (person_id, paid_at desc, payment_id desc);
create index payments_by_time on payments (paid_at desc, payment_id desc);
create index payments_by_due on payments (due_id);
select enforce_scope('payments', 'studio_id', 'person_id');

-- The numbers of receipts count up by series, one for each legal entity, and
-- year. Holes are allowed; a number is never used twice.
create table receipt_series (
    series      text    not null,
    year        integer not null,
    last_number bigint  not null check (last_number > 0),
    primary key (series, year)
);

create table receipts (
    receipt_id          uuid        primary key,
    receipt_number      text        not null,
    payment_id          uuid        not null references payments,
    person_id           uuid        not null,
    studio_id           uuid        not null,
    legal_entity_id     uuid        not null,
    purpose             text        not null check (purpose in ('order', 'recharge')),
    due_id              uuid        not null,
    description         text        not null,
    amount_minor        bigint      not null check (amount_minor > 0),
    method              text        not null,
    channel_transaction text        not null,
    paid_at             timestamptz not null,
    issued_at           timestamptz not null,
    constraint receipts_number_key unique (receipt_number),
    constraint receipts_payment_key unique (payment_id)
);
create index receipts_by_studio on receipts (studio_id, issued_at desc, receipt_id desc);
create index receipts_by_person on receipts (person_id, issued_at desc, receipt_id desc);
create index receipts_by_time on receipts (issued_at desc, receipt_id desc);
select enforce_scope('receipts', 'studio_id', 'person_id');
select append_only('receipts');
