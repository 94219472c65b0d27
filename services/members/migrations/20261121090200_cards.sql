-- Cards: what one order sold, pinned as it was sold. Opened at payment;
-- validity begins by the rule and at the latest at latest_start_at.
create table cards (
    card_id           uuid        primary key,
    order_id          uuid        not null constraint cards_order_key unique,
    person_id         uuid        not null references people,
    studio_id         uuid        not null,   -- where it was sold
    product_id        uuid        not null,
    product_version   bigint      not null check (product_version > 0),
    product_name      text        not null,
    price_minor       bigint      not null check (price_minor >= 0),
    contract_version  text        not null,
    validity_start    text        not null check (validity_start in ('at_payment', 'at_activation', 'at_first_visit')),
    validity_days     integer     not null check (validity_days > 0),
    latest_start_days integer     not null check (latest_start_days >= 0),
    state             text        not null check (state in ('opened', 'activated', 'ended')),
    paid_at           timestamptz not null,
    opened_at         timestamptz not null,
    latest_start_at   timestamptz not null,
    activated_at      timestamptz,
    activated_by      text,                   -- the member or the staff at the desk
    proof             text        check (proof in ('receipt', 'contract', 'order')),
    proof_number      text,
    desk_studio_id    uuid,                   -- where staff activated it
    valid_from        timestamptz,
    valid_until       timestamptz check (valid_until > valid_from),
    ended_at          timestamptz,
    version           bigint      not null default 1,
    check ((valid_from is null) = (valid_until is null)),
    check ((activated_at is null) = (activated_by is null)),
    check (state <> 'activated' or activated_at is not null),
    check (state <> 'opened' or activated_at is null),
    check ((state = 'ended') = (ended_at is not null)),
    check ((proof is null) = (desk_studio_id is null) and (proof is null) = (proof_number is null))
);
create index cards_by_person on cards (person_id, opened_at desc, card_id desc);
create index cards_by_studio on cards (studio_id, opened_at desc, card_id desc);
select enforce_scope('cards', 'studio_id', 'person_id');
select guard_transitions('cards', 'state', '{"opened": ["activated", "ended"], "activated": ["ended"]}');

-- What a card gives. Everything that decides whether it can be used stands in
-- the row, so that one conditional UPDATE both asks and takes.
create table benefits (
    benefit_id    uuid        primary key,
    card_id       uuid        not null references cards,
    person_id     uuid        not null,
    studio_id     uuid        not null,
    position      smallint    not null,
    code          text        not null,
    name          text        not null,
    uses_total    integer     check (uses_total > 0),     -- none: without limit
    scope_nodes   uuid[]      not null default '{}',      -- none: everywhere
    validity_days integer     not null check (validity_days >= 0),  -- 0: as long as the card
    used          integer     not null default 0 check (used >= 0),
    held          integer     not null default 0 check (held >= 0),
    revoked       integer     not null default 0 check (revoked >= 0),
    valid_until   timestamptz,                            -- none: validity has not begun
    ended_at      timestamptz,
    version       bigint      not null default 1,
    unique (card_id, code),
    unique (card_id, position),
    constraint benefits_enough check (uses_total is null or used + held + revoked <= uses_total),
    check (uses_total is not null or revoked = 0),
    check (ended_at is null or held = 0)
);
select enforce_scope('benefits', 'studio_id', 'person_id');

-- Uses that are reserved for a while.
create table holds (
    hold_id    uuid        primary key,
    benefit_id uuid        not null references benefits,
    card_id    uuid        not null references cards,
    person_id  uuid        not null,
    studio_id  uuid        not null,      -- where it will be used
    state      text        not null check (state in ('held', 'redeemed', 'released', 'expired')),
    made_by    text        not null,
    made_at    timestamptz not null,
    expires_at timestamptz not null check (expires_at > made_at),
    settled_at timestamptz,
    version    bigint      not null default 1,
    check ((state = 'held') = (settled_at is null))
);
create index holds_by_card on holds (card_id) where state = 'held';
select enforce_scope('holds', 'studio_id', 'person_id');
select guard_transitions('holds', 'state', '{"held": ["redeemed", "released", "expired"]}');

-- Visits, for ever.
create table check_ins (
    check_in_id     uuid        primary key,
    studio_id       uuid        not null,
    person_id       uuid        not null,
    card_id         uuid        not null references cards,
    benefit_id      uuid        not null references benefits,
    hold_id         uuid        unique references holds,
    staff_person_id uuid        not null,
    checked_in_at   timestamptz not null
);
create index check_ins_by_studio on check_ins (studio_id, checked_in_at desc, check_in_id desc);
create index check_ins_by_person on check_ins (person_id, checked_in_at desc, check_in_id desc);
create index check_ins_by_card on check_ins (card_id, checked_in_at desc, check_in_id desc);
select enforce_scope('check_ins', 'studio_id', 'person_id');
select append_only('check_ins');

-- What refund cases took back, once for a case.
create table revocations (
    case_id    uuid        primary key,
    card_id    uuid        not null references cards,
    person_id  uuid        not null,
    studio_id  uuid        not null,
    whole_card boolean     not null,
    uses       jsonb       not null,      -- {"benefit id": uses}
    revoked_at timestamptz not null
);
select enforce_scope('revocations', 'studio_id', 'person_id');
select append_only('revocations');
