-- What came by the door of the callbacks and was not believed: who finds out why
-- needs it as it came. Sealed for nobody, unless it is known whose it is; a flood
-- of it fills its window and no more. Read by who looks into the database, never by
-- a call.
create table refused_callbacks (
    refused_id   uuid        primary key,
    channel      text        not null,
    merchant     text        not null,
    why          text        not null,
    notice_id    text,                   -- where the channel's signature held
    body_digest  bytea       not null,   -- SHA-256 of the raw body
    sealed_for   uuid        not null,
    body         bytea       not null,   -- the headers of the signature, an empty line, the raw body
    deliveries   integer     not null default 1,
    received_at  timestamptz not null,
    constraint refused_callbacks_once unique (channel, merchant, why, body_digest),
    constraint refused_callbacks_digest_check check (length(body_digest) = 32)
);
create index refused_callbacks_age on refused_callbacks (received_at);

-- How much of them was kept in a window, and how many were not.
create table refused_windows (
    channel     text        not null,
    merchant    text        not null,
    why         text        not null,
    began_at    timestamptz not null,
    kept_bytes  bigint      not null,
    not_kept    bigint      not null default 0,
    primary key (channel, merchant, why, began_at),
    constraint refused_windows_count_check check (kept_bytes >= 0 and not_kept >= 0)
);
