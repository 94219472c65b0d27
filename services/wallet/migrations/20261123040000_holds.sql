-- Value that is reserved to pay one due. The sum of what is active is held_minor
-- of the member's accounts.
create table holds (
    hold_id          uuid        primary key,
    wallet_id        uuid        not null references wallets,
    person_id        uuid        not null,
    studio_id        uuid        not null,
    legal_entity_id  uuid        not null,
    due_id           uuid        not null,
    order_id         uuid,
    acting_person_id uuid        not null,
    state            text        not null default 'active'
                                 check (state in ('active', 'captured', 'released', 'expired')),
    principal_minor  bigint      not null check (principal_minor >= 0),
    gift_minor       bigint      not null check (gift_minor >= 0),
    captured_minor   bigint,
    placed_at        timestamptz not null,
    expire_at        timestamptz not null check (expire_at > placed_at),
    ended_at         timestamptz,
    ended_by         text,
    version          bigint      not null default 1 check (version > 0),
    constraint holds_hold_something check (principal_minor + gift_minor > 0),
    constraint holds_never_over_captured check (captured_minor between 1 and principal_minor + gift_minor),
    check ((state = 'captured') = (captured_minor is not null)),
    check ((state = 'active') = (ended_at is null)),
    check ((ended_at is null) = (ended_by is null))
) with (fillfactor = 70);
create unique index holds_one_of_a_due on holds (due_id) where state = 'active';
create index holds_active on holds (wallet_id) where state = 'active';
create index holds_by_person on holds (person_id, hold_id desc);
select enforce_scope('holds', 'studio_id', 'person_id');
select guard_transitions('holds', 'state', '{"active": ["captured", "released", "expired"]}');
