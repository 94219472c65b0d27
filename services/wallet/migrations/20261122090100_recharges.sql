-- Money on its way into a wallet. Posting is the audit's: the auditor is
-- neither the member nor the applicant nor the specialist of the first check,
-- whatever the code says.
create table recharges (
    recharge_id         uuid        primary key,
    number              text        not null constraint recharges_number_key unique,
    wallet_id           uuid        not null references wallets,
    person_id           uuid        not null,
    studio_id           uuid        not null,
    legal_entity_id     uuid        not null,
    state               text        not null check (state in ('applied', 'accepted', 'received', 'posted', 'rejected',
                                                              'returning', 'returned', 'return_stuck', 'cancelled', 'expired')),
    amount_minor        bigint      not null check (amount_minor > 0),
    method              text        not null check (method in ('wechat_native')),
    due_id              uuid        not null unique,
    intent_id           uuid        unique,
    payment_id          uuid        unique,
    channel_transaction text,
    received_minor      bigint      check (received_minor > 0),
    comparison          text        check (comparison in ('equal', 'different')),
    focus               text[]      not null default '{}'
                                    check (focus <@ array['large_amount', 'amount_differs', 'late']),
    applied_by          uuid        not null,
    accepted_by         uuid,
    rejected_by         uuid,         -- by the first check, before any money
    audited_by          uuid,
    consultation        text,
    reject_reason       text        check (reject_reason in ('wrong_amount', 'channel_fault', 'incomplete', 'duplicate',
                                                             'suspicious', 'other')),
    advice              text        check (advice in ('apply_again', 'other_method', 'ask_studio')),
    explanation         text,
    return_attempt      integer     not null default 0 check (return_attempt >= 0),
    return_leg_id       uuid        unique,
    stuck_why           text,
    lot_id              uuid        unique references lots,
    applied_at          timestamptz not null,
    accepted_at         timestamptz,
    received_at         timestamptz,
    audited_at          timestamptz,
    expire_at           timestamptz not null,
    version             bigint      not null default 1 check (version > 0),
    constraint recharges_checked_by_another check (accepted_by <> person_id and rejected_by <> person_id),
    constraint recharges_audited_by_another check (audited_by <> person_id and audited_by <> applied_by
                                                   and audited_by <> accepted_by),
    check ((accepted_by is null) = (accepted_at is null)),
    check (state not in ('accepted', 'posted') or accepted_by is not null),
    check ((state in ('received', 'posted', 'returning', 'returned', 'return_stuck')) = (received_at is not null)),
    check ((received_at is null) = (payment_id is null)),
    check ((received_at is null) = (received_minor is null)),
    check ((received_at is null) = (comparison is null)),
    check ((comparison = 'different') = (received_minor <> amount_minor)),
    check ((state in ('posted', 'returning', 'returned', 'return_stuck')) = (audited_by is not null)),
    check ((state = 'rejected') = (rejected_by is not null)),
    check ((audited_by is null) = (audited_at is null)),
    check ((state = 'posted') = (lot_id is not null)),
    check (state <> 'posted' or focus = '{}' or consultation is not null),
    check ((state in ('rejected', 'returning', 'returned', 'return_stuck')) = (reject_reason is not null)),
    check ((reject_reason is null) = (advice is null)),
    check ((reject_reason is null) = (explanation is null)),
    check ((state in ('returning', 'returned', 'return_stuck')) = (return_leg_id is not null)),
    check ((state = 'return_stuck') = (stuck_why is not null))
);
create index recharges_queue on recharges (state, studio_id, recharge_id);
create index recharges_by_person on recharges (person_id, recharge_id);
create index recharges_pending on recharges (wallet_id) where state = 'received';
select enforce_scope('recharges', 'studio_id', 'person_id');
select guard_transitions('recharges', 'state', '{
    "applied":      ["accepted", "rejected", "cancelled", "expired"],
    "accepted":     ["received", "rejected", "cancelled", "expired"],
    "cancelled":    ["received"],
    "expired":      ["received"],
    "rejected":     ["received"],
    "received":     ["posted", "returning"],
    "returning":    ["returned", "return_stuck"],
    "return_stuck": ["returning", "returned"]
}');
