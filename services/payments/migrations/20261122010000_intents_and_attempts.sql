-- What is to be collected, and each try to collect it.

-- One due to be paid. The key is the purpose and the due, so that whoever asks
-- twice gets the same intent.
create table intents (
    intent_id       uuid        primary key,
    purpose         text        not null check (purpose in ('order', 'recharge')),
    due_id          uuid        not null,
    person_id       uuid        not null,
    studio_id       uuid        not null,
    legal_entity_id uuid        not null,
    amount_minor    bigint      not null check (amount_minor > 0),
    description     text        not null,
    state           text        not null default 'open' check (state in ('open', 'paid', 'expired', 'cancelled')),
    expire_at       timestamptz not null,
    created_at      timestamptz not null,
    version         bigint      not null default 1,
    constraint intents_due_key unique (purpose, due_id)
);
create index intents_by_studio on intents (studio_id, intent_id desc);
create index intents_by_person on intents (person_id, intent_id desc);
select enforce_scope('intents', 'studio_id', 'person_id');
select guard_transitions('intents', 'state', '{"open": ["paid", "expired", "cancelled"]}'::jsonb);

-- One try to collect an intent. The row is committed before the channel is
-- asked, and channel_number follows from attempt_id, so whatever happens to the
-- call, the try can be asked about by its number.
create table attempts (
    attempt_id        uuid        primary key,
    intent_id         uuid        not null references intents,
    person_id         uuid        not null,
    studio_id         uuid        not null,
    method            text        not null check (method in ('wechat_native')),
    merchant          text        not null,  -- name of the account in the configuration
    channel_number    text        not null,
    amount_minor      bigint      not null check (amount_minor > 0),
    description       text        not null,
    state             text        not null default 'creating',
    code_url          text,
    closing_why       text        check (closing_why in ('expired', 'cancelled')),
    failure           text,
    paid_at           timestamptz,
    expire_at         timestamptz not null,  -- business time: when we close it
    channel_expire_at timestamptz not null,  -- real time: what the channel was told, the same on every retry
    created_at        timestamptz not null,
    traceparent       text        not null default '',
    version           bigint      not null default 1,
    constraint attempts_channel_number_key unique (channel_number),
    constraint attempts_state_check check (state in
        ('creating', 'awaiting_payment', 'closing', 'paid', 'failed', 'expired', 'cancelled', 'isolated')),
    constraint attempts_code_check check (state <> 'awaiting_payment' or code_url is not null),
    constraint attempts_closing_check check (state not in ('closing', 'expired', 'cancelled') or closing_why is not null),
    constraint attempts_failure_check check (state <> 'failed' or failure is not null),
    constraint attempts_paid_check check ((state in ('paid', 'isolated')) = (paid_at is not null))
);
-- Two open QRs of one intent could both be paid.
create unique index attempts_live_key on attempts (intent_id) where state in ('creating', 'awaiting_payment', 'closing');
-- One intent is paid once.
create unique index attempts_paid_key on attempts (intent_id) where state = 'paid';
create index attempts_by_intent on attempts (intent_id, attempt_id desc);
select enforce_scope('attempts', 'studio_id', 'person_id');
-- Money may come to an attempt that was thought dead; then it is isolated. What
-- is paid stays paid.
select guard_transitions('attempts', 'state', '{
    "creating":         ["awaiting_payment", "closing", "paid", "failed", "expired", "isolated"],
    "awaiting_payment": ["closing", "paid", "expired", "isolated"],
    "closing":          ["paid", "expired", "cancelled", "isolated"],
    "failed":           ["isolated"],
    "expired":          ["isolated"],
    "cancelled":        ["isolated"]
}'::jsonb);
