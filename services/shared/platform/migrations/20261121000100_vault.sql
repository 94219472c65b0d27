-- One data key for each person whose data this service keeps sealed, wrapped
-- by a key that the database never sees. Without its row nothing that was
-- sealed for a person can be read again: the row loses its key and stays, so
-- that no late task seals anything for somebody who was erased. No personal
-- data and nothing of a studio lies here, hence no row level security.
create table vault_keys (
    owner_id     uuid        not null,
    key_version  integer     not null check (key_version > 0),
    kek_version  integer     not null check (kek_version > 0),  -- which key wraps it
    wrapped      bytea,
    made_at      timestamptz not null default now(),
    shredded_at  timestamptz,
    primary key (owner_id, key_version),
    check ((wrapped is null) = (shredded_at is not null))
);
create index vault_keys_by_kek on vault_keys (kek_version) where wrapped is not null;
