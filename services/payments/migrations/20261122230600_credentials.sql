-- Who holds what opens the company's accounts at banks and channels, and until
-- when it has to be renewed. What it is that opens them never stands here. An
-- account is a company's, so none of these tables is bound to a studio.
create table credentials (
    credential_id     uuid        primary key,
    legal_entity_id   uuid        not null,
    kind              text        not null check (kind in
        ('login_password', 'payment_password', 'bank_key', 'api_key', 'certificate')),
    account           text        not null check (account <> ''),
    name              text        not null check (name <> ''),
    holder            uuid        not null,
    rotate_every_days integer     not null check (rotate_every_days between 1 and 730),
    rotated_at        timestamptz not null,
    handed_over_at    timestamptz,  -- somebody else holds it since, and has to renew it
    rotate_by         timestamptz not null,
    state             text        not null default 'active' check (state in ('active', 'retired')),
    version           bigint      not null default 1
);
create unique index credentials_active_key on credentials (legal_entity_id, account, name) where state = 'active';
create index credentials_due on credentials (rotate_by, credential_id);
select guard_transitions('credentials', 'state', '{"active": ["retired"]}'::jsonb);

-- A renewal counts when a second person saw it.
create table credential_rotations (
    rotation_id   uuid        primary key,
    credential_id uuid        not null references credentials,
    rotated_at    timestamptz not null,
    recorded_by   uuid        not null,
    recorded_at   timestamptz not null,
    note          text        not null check (note <> ''),
    state         text        not null default 'recorded' check (state in ('recorded', 'confirmed', 'declined')),
    checked_by    uuid,
    checked_at    timestamptz,
    version       bigint      not null default 1,
    constraint credential_rotations_checked_check
        check ((state = 'recorded') = (checked_by is null) and (state = 'recorded') = (checked_at is null)),
    constraint credential_rotations_two_persons check (checked_by <> recorded_by)
);
create unique index credential_rotations_recorded_key on credential_rotations (credential_id) where state = 'recorded';
create index credential_rotations_by_credential on credential_rotations (credential_id, recorded_at desc);
select guard_transitions('credential_rotations', 'state', '{"recorded": ["confirmed", "declined"]}'::jsonb);
