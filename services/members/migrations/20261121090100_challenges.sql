-- One-time codes. The digest is keyed; the readable copy is sealed for the
-- person and lives only until it was sent or has expired. A row without a
-- person is a decoy for a phone that nobody has, so that answers look alike.
-- Found by exact id alone and bound to no studio.
create table challenges (
    challenge_id  uuid        primary key,
    purpose       text        not null check (purpose in ('sign_in', 'activation')),
    person_id     uuid        references people,
    card_id       uuid,                   -- for an activation, as the caller named it
    subject_index bytea       not null,   -- keyed hash of the phone number
    code_digest   bytea       not null,
    code_sealed   bytea,
    wrong         smallint    not null default 0 check (wrong >= 0),
    requested_at  timestamptz not null,
    expires_at    timestamptz not null check (expires_at > requested_at),
    used_at       timestamptz,
    version       bigint      not null default 1,
    check (code_sealed is null or person_id is not null),
    check (code_sealed is null or used_at is null),
    check ((purpose = 'activation') = (card_id is not null))
);
create index challenges_by_subject on challenges (purpose, subject_index, requested_at desc);

-- Wrong attempts against one phone number or one card, over all challenges.
create table lockouts (
    purpose      text        not null check (purpose in ('sign_in', 'activation')),
    subject      bytea       not null,
    wrong        integer     not null default 0 check (wrong >= 0),
    since        timestamptz not null,
    locked_until timestamptz,
    primary key (purpose, subject)
);
