-- Another bank card for a refund that hangs at its channel. The card is sealed with
-- the payer's key, and gone when the redirection has its end.
create table redirections (
    redirection_id uuid        primary key,
    refund_id      uuid        not null references refunds,
    person_id      uuid        not null,
    studio_id      uuid        not null,
    bank           text        not null check (bank ~ '^[A-Z][A-Z0-9_]{1,31}$'),
    number_end     text        not null check (number_end ~ '^[0-9]{4}$'),
    number         bytea,
    holder         bytea,
    state          text        not null default 'proposed'
        check (state in ('proposed', 'declined', 'confirmed', 'accepted', 'refused')),
    maker          uuid        not null,
    proposed_at    timestamptz not null,
    checker        uuid,
    ended_at       timestamptz,
    refused_why    text,
    traceparent    text        not null,
    version        bigint      not null default 1,
    constraint redirections_two_persons check (checker <> maker),
    constraint redirections_checked_check check ((state = 'proposed') = (checker is null)),
    constraint redirections_ended_check check ((state in ('proposed', 'confirmed')) = (ended_at is null)),
    constraint redirections_card_check check ((ended_at is null) = (number is not null) and (number is null) = (holder is null)),
    constraint redirections_refused_check check ((state = 'refused') = (refused_why is not null))
);
-- Money goes one way at a time.
create unique index redirections_open_key on redirections (refund_id) where ended_at is null;
create index redirections_by_time on redirections (proposed_at desc, redirection_id desc);
select enforce_scope('redirections', 'studio_id', 'person_id');
select guard_transitions('redirections', 'state', '{
    "proposed":  ["declined", "confirmed"],
    "confirmed": ["accepted", "refused"]
}'::jsonb);
