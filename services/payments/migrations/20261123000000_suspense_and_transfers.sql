-- Money by bank transfer, and money at a bank that no due explains. A list in a
-- CHECK can only be replaced; the new one holds for every row that the old one let
-- in, so nothing is scanned. The word of a bank transfer is `transfer`: lines of
-- bills find their attempts by its beginning, and a bank's are not found so.
alter table attempts drop constraint attempts_method_check;
alter table attempts add constraint attempts_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode',
                      'cash', 'card_terminal', 'transfer')) not valid;
alter table payments drop constraint payments_method_check;
alter table payments add constraint payments_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode',
                      'cash', 'card_terminal', 'transfer')) not valid;
-- It is recorded when the money is here: nobody is asked, and nothing comes late.
alter table attempts drop constraint attempts_drawer_check;
alter table attempts add constraint attempts_drawer_check
    check (method not in ('cash', 'card_terminal', 'transfer') or state in ('creating', 'paid')) not valid;

-- Who was told a reference for an intent; its number is never used again.
create table transfers (
    number       bigint      primary key generated always as identity (start with 1000000000),
    intent_id    uuid        not null references intents,
    person_id    uuid        not null,
    studio_id    uuid        not null,
    requested_at timestamptz not null,
    constraint transfers_intent_key unique (intent_id)
);
select enforce_scope('transfers', 'studio_id', 'person_id');
select append_only('transfers');

-- What a payer shows. The file itself is sealed with the member's key.
create table transfer_proofs (
    proof_id    uuid        primary key,  -- derived from the intent and the digest
    intent_id   uuid        not null references intents,
    person_id   uuid        not null,
    studio_id   uuid        not null,
    type        text        not null check (type in ('png', 'jpeg', 'pdf')),
    digest      bytea       not null check (length(digest) = 32),
    bytes       bytea       not null,
    attached_by uuid        not null,
    attached_at timestamptz not null
);
create index transfer_proofs_by_intent on transfer_proofs (intent_id, attached_at, proof_id);
select enforce_scope('transfer_proofs', 'studio_id', 'person_id');
select append_only('transfer_proofs');

-- Money at a bank account of a company's that no due explains. An account is a
-- company's, so this table is bound to no studio.
create table suspense_items (
    suspense_id     uuid        primary key,  -- derived from the line, or from the item before
    origin          text        not null check (origin in ('bank_line', 'remainder')),
    remains_of      uuid        unique references suspense_items,
    legal_entity_id uuid        not null,
    account         text        not null,
    statement_id    uuid        not null,
    line            integer     not null,
    transaction     text        not null,
    amount_minor    bigint      not null check (amount_minor > 0),
    received_at     timestamptz not null,
    found_at        timestamptz not null,
    due_at          timestamptz not null,
    suggested       uuid        references intents,
    state           text        not null default 'open' check (state in ('open', 'proposed', 'assigned', 'sent_back', 'explained')),
    ending          text        check (ending in ('assign', 'send_back', 'explain')),
    intent_id       uuid        references intents,
    attempt_id      uuid        references attempts,
    note            text        not null default '',
    maker           uuid,
    checker         uuid,
    proven          boolean     not null default false,  -- by a payout that it turned out to be
    ended_at        timestamptz,
    version         bigint      not null default 1,
    foreign key (statement_id, line) references statement_lines,
    constraint suspense_items_rest_check check ((origin = 'remainder') = (remains_of is not null)),
    constraint suspense_items_attempt_key unique (attempt_id),
    constraint suspense_items_open_check check ((state = 'open') = (ending is null)),
    constraint suspense_items_intent_check check ((coalesce(ending, '') = 'assign') = (intent_id is not null)),
    constraint suspense_items_attempt_check check ((state = 'assigned') = (attempt_id is not null)),
    constraint suspense_items_made_check check (state = 'open' or proven or maker is not null),
    constraint suspense_items_checked_check check (state in ('open', 'proposed') or proven or checker is not null),
    constraint suspense_items_two_persons check (checker <> maker),
    constraint suspense_items_proven_check check (not proven or state = 'explained'),
    constraint suspense_items_ended_check check ((state in ('open', 'proposed')) = (ended_at is null))
);
create unique index suspense_items_line_key on suspense_items (statement_id, line) where origin = 'bank_line';
create index suspense_items_waiting on suspense_items (due_at, suspense_id) where ended_at is null;
create index suspense_items_by_time on suspense_items (due_at, suspense_id);
select guard_transitions('suspense_items', 'state', '{
    "open":     ["proposed", "explained"],
    "proposed": ["open", "assigned", "sent_back", "explained"]
}'::jsonb);
