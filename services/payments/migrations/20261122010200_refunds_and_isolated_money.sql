-- Money on its way back.

-- A part of a payment. The number at the channel is fixed here for ever: a
-- retry that carried another would send the money twice.
create table refunds (
    refund_id      uuid        primary key,
    payment_id     uuid        not null references payments,
    leg_id         uuid        not null,
    person_id      uuid        not null,
    studio_id      uuid        not null,
    amount_minor   bigint      not null check (amount_minor > 0),
    reason         text        not null,
    refund_number  text        not null,
    channel_refund text,
    state          text        not null default 'reserved',
    bounced_why    text,
    waiting_since  timestamptz,  -- the channel has no funds for it since then
    created_at     timestamptz not null,
    succeeded_at   timestamptz,
    traceparent    text        not null default '',
    version        bigint      not null default 1,
    constraint refunds_leg_key unique (leg_id),
    constraint refunds_number_key unique (refund_number),
    constraint refunds_state_check check (state in ('reserved', 'submitted', 'succeeded', 'bounced')),
    constraint refunds_bounced_check check ((state = 'bounced') = (bounced_why is not null)),
    constraint refunds_succeeded_check check ((state = 'succeeded') = (succeeded_at is not null))
);
create index refunds_by_payment on refunds (payment_id, refund_id);
create index refunds_by_studio on refunds (studio_id, refund_id desc);
create index refunds_by_person on refunds (person_id, refund_id desc);
select enforce_scope('refunds', 'studio_id', 'person_id');
select guard_transitions('refunds', 'state', '{
    "reserved":  ["submitted", "succeeded", "bounced"],
    "submitted": ["succeeded", "bounced"]
}'::jsonb);

-- Money that no intent can take: it came late or a second time. It stands here
-- in suspense until the channel says that it went back.
create table isolated_money (
    isolated_id         uuid        primary key,
    attempt_id          uuid        not null references attempts,
    intent_id           uuid        not null references intents,
    person_id           uuid        not null,
    studio_id           uuid        not null,
    method              text        not null check (method in ('wechat_native')),
    merchant            text        not null,
    cause               text        not null check (cause in ('late', 'duplicate')),
    amount_minor        bigint      not null check (amount_minor > 0),
    channel_number      text        not null,
    channel_transaction text        not null,
    state               text        not null default 'held' check (state in ('held', 'returned')),
    return_try          integer     not null default 1 check (return_try > 0),
    return_number       text        not null,  -- of this try, at the channel
    last_failure        text        not null default '',
    paid_at             timestamptz not null,
    isolated_at         timestamptz not null,
    returned_at         timestamptz,
    traceparent         text        not null default '',
    version             bigint      not null default 1,
    constraint isolated_money_attempt_key unique (attempt_id),
    constraint isolated_money_number_key unique (return_number),
    constraint isolated_money_returned_check check ((state = 'returned') = (returned_at is not null))
);
create index isolated_money_held on isolated_money (isolated_at) where state = 'held';
create index isolated_money_by_studio on isolated_money (studio_id, isolated_id desc);
select enforce_scope('isolated_money', 'studio_id', 'person_id');
select guard_transitions('isolated_money', 'state', '{"held": ["returned"]}'::jsonb);
