-- People, before and after the first purchase. Every personal value is sealed;
-- an index beside it is a keyed hash that only answers "equal". Who was erased
-- keeps the row and loses the values.
create table people (
    person_id        uuid        primary key,
    home_studio_id   uuid,                   -- none for staff who are no members
    state            text        not null default 'registered' check (state in ('registered', 'erased')),
    name_sealed      bytea,
    phone_sealed     bytea,
    phone_index      bytea       constraint people_phone_key unique,
    id_number_sealed bytea,
    id_number_index  bytea       constraint people_id_number_key unique,
    email_sealed     bytea,
    language         text        not null default 'zh-CN' check (language in ('zh-CN', 'en')),
    registered_at    timestamptz not null,
    version          bigint      not null default 1,
    check ((phone_sealed is null) = (phone_index is null)),
    check ((id_number_sealed is null) = (id_number_index is null)),
    check (state = 'registered' or coalesce(name_sealed, phone_sealed, id_number_sealed, email_sealed) is null)
);
create index people_by_home_studio on people (home_studio_id, registered_at desc, person_id desc);
select enforce_scope('people', 'home_studio_id', 'person_id');
select guard_transitions('people', 'state', '{"registered": ["erased"]}');

-- Every yes and no to a version of a text; the latest of a text counts.
create table consents (
    consent_id     uuid        primary key,
    person_id      uuid        not null references people,
    home_studio_id uuid,
    document       text        not null check (document in ('terms', 'privacy', 'marketing')),
    version        text        not null,
    given          boolean     not null,
    recorded_by    text        not null,
    recorded_at    timestamptz not null
);
create index consents_by_person on consents (person_id, document, recorded_at desc);
select enforce_scope('consents', 'home_studio_id', 'person_id');
select append_only('consents');

-- Who works for the chain. Not bound to a studio: roles are, by grants. The
-- name is sealed apart from the member's, who may be the same person.
create table staff (
    person_id   uuid   primary key references people,
    number      text   not null constraint staff_number_key unique,
    name_sealed bytea  not null,
    version     bigint not null default 1
);

-- Accounts at the identity provider. Two accounts of one person are one person.
create table accounts (
    account_id   uuid        primary key,
    person_id    uuid        not null references staff,
    email_sealed bytea       not null,
    email_index  bytea       not null constraint accounts_email_key unique,
    added_at     timestamptz not null
);
create index accounts_by_person on accounts (person_id);

-- Which role a person holds at a node, and so below it. A grant that ended stays.
create table grants (
    grant_id   uuid        primary key,
    person_id  uuid        not null references staff,
    role       text        not null,
    node_id    uuid        not null references org_nodes,
    granted_by text        not null,
    granted_at timestamptz not null,
    revoked_by text,
    revoked_at timestamptz,
    reason     text,
    version    bigint      not null default 1,
    check ((revoked_at is null) = (revoked_by is null)),
    check ((revoked_at is null) = (reason is null))
);
create unique index grants_once on grants (person_id, role, node_id) where revoked_at is null;
create index grants_by_node on grants (node_id, person_id) where revoked_at is null;
create index grants_by_age on grants (granted_at desc, grant_id desc);
