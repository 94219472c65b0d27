-- One application on its way to a card. The row holds where it stands; how it
-- came there is in order_steps.
create table orders (
    order_id               uuid        primary key,
    order_number           text        unique,  -- random: whoever knows it may track the order
    state                  text        not null check (state in (
        'draft', 'submitted', 'information_needed', 'first_review_passed', 'in_review', 'sent_back', 'approved',
        'confirmed', 'cancelling', 'paid', 'fulfilled', 'unfulfillable', 'rejected', 'declined', 'cancelled', 'expired')),
    person_id              uuid        not null,
    studio_id              uuid        not null,
    legal_entity_id        uuid        not null,
    product_id             uuid        references products,
    channel                text        not null check (channel in ('website', 'app', 'studio', 'phone')),
    entered_by             uuid        not null,
    needs                  bytea,               -- sealed for person_id
    first_reviewer         uuid,
    submitted_by           uuid,
    approver               uuid,
    policy_version         text        not null default '',
    quote_id               uuid,
    quote_hash             text,
    approved_quote_hash    text,
    accepted_at            timestamptz,
    accepted_terms_version text,
    accept_by              timestamptz,
    pay_by                 timestamptz,
    paid_minor             bigint      not null default 0 check (paid_minor >= 0),
    refunded_minor         bigint      not null default 0,
    card_id                uuid        unique,
    reason                 text        not null default '',
    ends_as                text        check (ends_as in ('cancelled', 'expired')),  -- what cancelling leads to
    created_at             timestamptz not null,
    submitted_at           timestamptz,
    state_since            timestamptz not null,
    act_by                 timestamptz,
    version                bigint      not null,

    check ((order_number is null) = (submitted_at is null)),
    check (submitted_at is null or product_id is not null),
    check ((quote_id is null) = (quote_hash is null)),
    check ((accepted_at is null) = (accepted_terms_version is null)),
    check ((state = 'cancelling') = (ends_as is not null)),
    check ((state = 'fulfilled') = (card_id is not null)),
    constraint orders_refunded_within_paid check (refunded_minor between 0 and paid_minor),
    -- what is approved is what was quoted: another quote cannot slip in behind
    constraint orders_approved_as_quoted check (
        state not in ('approved', 'confirmed', 'cancelling', 'paid', 'fulfilled')
        or (approved_quote_hash is not null and approved_quote_hash = quote_hash)),
    -- without acceptance nothing is collected
    constraint orders_accepted_before_money check (
        accepted_at is not null or (state not in ('confirmed', 'cancelling', 'paid', 'fulfilled') and paid_minor = 0)),
    -- four eyes, on persons
    constraint orders_first_reviewer_other check (first_reviewer <> person_id),
    constraint orders_approver_other check (
        approver <> person_id and approver <> first_reviewer and approver <> entered_by and approver <> submitted_by)
);
-- a person has one open application for a product
create unique index orders_open_application on orders (person_id, product_id) where state in (
    'submitted', 'information_needed', 'first_review_passed', 'in_review', 'sent_back', 'approved',
    'confirmed', 'cancelling', 'paid');
create index orders_by_person on orders (person_id, order_id desc);
create index orders_by_studio on orders (studio_id, order_id desc);
create index orders_by_queue on orders (studio_id, state, state_since, order_id)
    where state not in ('fulfilled', 'rejected', 'declined', 'cancelled', 'expired');
select enforce_scope('orders', 'studio_id', 'person_id');
select guard_transitions('orders', 'state', '{
    "draft":               ["submitted", "cancelled", "expired"],
    "submitted":           ["information_needed", "first_review_passed", "cancelled"],
    "information_needed":  ["submitted", "cancelled", "expired"],
    "first_review_passed": ["in_review", "cancelled"],
    "in_review":           ["approved", "rejected", "sent_back", "cancelled"],
    "sent_back":           ["information_needed", "in_review", "cancelled"],
    "approved":            ["confirmed", "sent_back", "declined", "cancelled", "expired"],
    "confirmed":           ["cancelling", "paid", "cancelled", "expired"],
    "cancelling":          ["paid", "cancelled", "expired"],
    "paid":                ["fulfilled", "unfulfillable"],
    "cancelled":           ["unfulfillable"],
    "expired":             ["unfulfillable"]
}'::jsonb);

-- What was offered. An edit is another quote, so rows are only added.
create table quotes (
    quote_id        uuid        primary key,
    order_id        uuid        not null references orders,
    studio_id       uuid        not null,
    person_id       uuid        not null,
    number          integer     not null check (number > 0),
    product_id      uuid        not null,
    product_version integer     not null,
    amount_minor    bigint      not null check (amount_minor > 0),
    terms_version   text        not null,
    issued_at       timestamptz not null,
    valid_until     timestamptz not null,
    hash            text        not null check (hash ~ '^[0-9a-f]{64}$'),
    unique (order_id, number),
    foreign key (product_id, product_version) references product_versions,
    check (valid_until > issued_at)
);
select enforce_scope('quotes', 'studio_id', 'person_id');
select append_only('quotes');

-- What one payment pays. One for the whole price at present; instalments are
-- further rows.
create table dues (
    due_id          uuid        primary key,
    order_id        uuid        not null references orders,
    studio_id       uuid        not null,
    person_id       uuid        not null,
    legal_entity_id uuid        not null,
    number          integer     not null check (number > 0),
    amount_minor    bigint      not null check (amount_minor > 0),
    state           text        not null check (state in ('open', 'paying', 'paid', 'cancelled')),
    method          text        check (method in ('wechat_native', 'wallet')),
    pay_by          timestamptz not null,
    start_id        uuid,       -- the request that started the payment under way
    intent_id       uuid        unique,
    attempt_id      uuid,
    attempt_start   uuid,       -- the request that got this attempt
    payment_id      uuid        unique,
    paid_at         timestamptz,
    refunded_minor  bigint      not null default 0,
    refusal         text        not null default '',
    surplus         boolean     not null default false,
    version         bigint      not null,
    unique (order_id, number),
    check (state not in ('paying', 'paid') or method is not null),
    check ((state = 'paying') = (start_id is not null)),
    check ((state = 'paid') = (paid_at is not null)),
    check (payment_id is null or state = 'paid'),
    check (state <> 'paid' or (method = 'wallet') = (payment_id is null)),
    check (not surplus or state = 'paid'),
    constraint dues_refunded_within_paid check (
        refunded_minor = 0 or (state = 'paid' and refunded_minor between 0 and amount_minor))
);
select enforce_scope('dues', 'studio_id', 'person_id');
select guard_transitions('dues', 'state', '{
    "open":      ["paying", "paid", "cancelled"],
    "paying":    ["open", "paid", "cancelled"],
    "cancelled": ["paid"]
}'::jsonb);

-- Everything that happened to an order, for ever.
create table order_steps (
    order_id     uuid        not null references orders,
    number       integer     not null check (number > 0),
    studio_id    uuid        not null,
    person_id    uuid        not null,  -- the applicant
    kind         text        not null,
    from_state   text,                  -- null for the first
    to_state     text        not null,
    actor        text        not null,
    actor_person uuid,                  -- null when the system acts
    occurred_at  timestamptz not null,
    stood_ms     bigint      not null check (stood_ms >= 0),
    evidence     jsonb       not null,  -- ids, versions, hashes and reasons
    primary key (order_id, number)
);
create index order_steps_by_studio on order_steps (studio_id, occurred_at);
select enforce_scope('order_steps', 'studio_id', 'person_id');
select append_only('order_steps');

-- Contacts with the applicant. The text is sealed; erasing the person destroys
-- its key, so the row need not change.
create table contact_logs (
    contact_log_id uuid        primary key,
    order_id       uuid        not null references orders,
    studio_id      uuid        not null,
    person_id      uuid        not null,
    direction      text        not null check (direction in ('outgoing', 'incoming')),
    reached        boolean     not null,
    text           bytea       not null,
    agent          uuid        not null,
    occurred_at    timestamptz not null,
    created_at     timestamptz not null
);
create index contact_logs_by_order on contact_logs (order_id, occurred_at desc);
select enforce_scope('contact_logs', 'studio_id');
select append_only('contact_logs');

-- Refund cases that were recorded, each once.
create table refund_records (
    case_id      uuid        primary key,
    order_id     uuid        not null references orders,
    studio_id    uuid        not null,
    person_id    uuid        not null,
    due_id       uuid        references dues,  -- null: shared among the dues
    amount_minor bigint      not null check (amount_minor > 0),
    recorded_at  timestamptz not null
);
create index refund_records_by_order on refund_records (order_id);
select enforce_scope('refund_records', 'studio_id', 'person_id');
select append_only('refund_records');
