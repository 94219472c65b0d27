-- What channels told us by themselves, and what we did not believe. Neither
-- table is bound to a studio: only the callback door and reconciliation read
-- them, never a call.

-- Every callback whose signature held, once. The body is sealed: it names the
-- payer's account at the channel. Repeats have the same notice_id and digest.
create table callbacks (
    callback_id  uuid        primary key,
    channel      text        not null,
    merchant     text        not null,
    notice_id    text        not null,
    kind         text        not null,
    digest       bytea       not null,  -- SHA-256 of what it says
    body_digest  bytea       not null,  -- SHA-256 of the raw body as it came first
    sealed_for   uuid        not null,  -- whose key seals the body
    body         bytea       not null,
    state        text        not null check (state in ('applied', 'without_effect', 'unmatched', 'quarantined')),
    deliveries   integer     not null default 1,
    received_at  timestamptz not null,
    constraint callbacks_notice_key unique (channel, merchant, notice_id)
);
create index callbacks_unmatched on callbacks (received_at) where state = 'unmatched';

-- Statements of a channel that contradict what we know: another amount,
-- merchant or currency, or one notice with two contents. Stored for a person,
-- applied to nothing.
create table quarantine (
    quarantine_id  uuid        primary key,
    channel        text        not null,
    merchant       text        not null,
    source         text        not null check (source in ('callback', 'query')),
    channel_number text        not null,
    attempt_id     uuid,
    why            text        not null,
    stated         jsonb       not null,  -- numbers, amounts and names of accounts of ours; nothing of the payer
    noted_at       timestamptz not null,
    constraint quarantine_once unique (source, channel_number, why, stated)
);
select append_only('quarantine');
