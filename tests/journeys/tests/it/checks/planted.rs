//! What no code of the house could write, to see that somebody notices.

/// SQL after which no CHECK of a table refuses anything, as if a migration had
/// forgotten them, followed by some more.
macro_rules! unchecked {
    ($table:literal, $sql:literal) => {
        concat!(
            "do $$ declare c text; begin
                 for c in select conname from pg_constraint where contype = 'c' and conrelid = '",
            $table,
            "'::regclass loop
                     execute format('alter table ",
            $table,
            " drop constraint %I', c);
                 end loop;
             end $$; ",
            $sql
        )
    };
}

/// A way to break each check: (service, check, SQL). They pile up.
pub(super) const PLANTED: &[(&str, &str, &str)] = &[
    (
        "wallet",
        "statement",
        "update transfers set balance_after_minor = 7 where cause = 'spend' and wallet_id is not null",
    ),
    ("wallet", "lots", "update lots set remaining_minor = remaining_minor - 1"),
    ("wallet", "purses", ""),
    (
        "wallet",
        "references",
        "update spend_uses set transfer_id = gen_random_uuid()",
    ),
    (
        "wallet",
        "balances",
        "update wallets set principal_minor = principal_minor + 5, version = version + 1",
    ),
    ("wallet", "sum", ""),
    (
        "wallet",
        "overdrawn",
        unchecked!("wallets", "update wallets set principal_held_minor = principal_minor + 1, version = version + 1"),
    ),
    ("wallet", "spends", "update spends set amount_minor = amount_minor + 1"),
    ("wallet", "returns", "update spends set returned_minor = returned_minor + 1"),
    (
        "wallet",
        "captures",
        "insert into holds (hold_id, wallet_id, person_id, studio_id, legal_entity_id, due_id, acting_person_id, state,
                            principal_minor, gift_minor, captured_minor, placed_at, expire_at, ended_at, ended_by)
         select gen_random_uuid(), wallet_id, person_id, home_studio_id, gen_random_uuid(), gen_random_uuid(), person_id,
                'captured', 1, 0, 1, now(), now() + interval '1 hour', now(), 'service:orders' from wallets limit 1",
    ),
    (
        "wallet",
        "holds",
        "insert into holds (hold_id, wallet_id, person_id, studio_id, legal_entity_id, due_id, acting_person_id,
                            principal_minor, gift_minor, placed_at, expire_at)
         select gen_random_uuid(), wallet_id, person_id, home_studio_id, gen_random_uuid(), gen_random_uuid(), person_id,
                1, 0, now() - interval '9 days', now() - interval '8 days' from wallets limit 1",
    ),
    ("wallet", "holds_stuck", ""),
    ("wallet", "recharges_booked", "delete from transfers where cause = 'recharge_received'"),
    (
        "wallet",
        "recharges_stuck",
        unchecked!("recharges", "update recharges set state = 'returning', audited_at = now() - interval '2 days'"),
    ),
    ("wallet", "wallet_facts", "delete from outbox where type = 'recharge_accepted'"),
    (
        "payments",
        "refunds_add_up",
        "update payments set refunded_minor = refunded_minor + 1 where refunded_minor > 0",
    ),
    ("payments", "intents_paid_once", "update intents set amount_minor = amount_minor + 1"),
    ("payments", "payments_proven", "delete from receipts"),
    ("payments", "isolated_accounted", "update attempts set state = 'isolated'"),
    (
        "payments",
        "attempts_stuck",
        unchecked!("attempts", "update attempts set state = 'closing', expire_at = now() - interval '2 days'"),
    ),
    (
        "payments",
        "intents_stuck",
        "update intents set state = 'open', expire_at = now() - interval '2 days'",
    ),
    (
        "payments",
        "refunds_stuck",
        unchecked!("refunds", "update refunds set state = 'submitted', created_at = now() - interval '2 days'"),
    ),
    (
        "payments",
        "isolated_stuck",
        "insert into isolated_money (isolated_id, attempt_id, intent_id, person_id, studio_id, method, merchant, cause,
                amount_minor, channel_number, channel_transaction, return_number, paid_at, isolated_at)
         select attempt_id, attempt_id, intent_id, person_id, studio_id, method, merchant, 'late', amount_minor,
                channel_number, 't' || channel_number, 'r' || channel_number, now(), now() - interval '2 days'
         from attempts",
    ),
    ("payments", "drawers_add_up", unchecked!("drawers", "update drawers set cash_minor = cash_minor + 1")),
    (
        "payments",
        "takings_proven",
        unchecked!("payments", "update payments set method = 'cash' where method = 'wechat_native'"),
    ),
    (
        "payments",
        "transfers_proven",
        "update payments set method = 'transfer' where payment_id = (select min(payment_id::text)::uuid from payments)",
    ),
    (
        "payments",
        "payments_facts",
        "update outbox set type = 'money_returned' where type = 'payment_captured'",
    ),
    (
        "refunds",
        "dues_add_up",
        unchecked!("due_refunds", "update due_refunds set returned_minor = returned_minor - 1"),
    ),
    ("refunds", "cases_add_up", "update cases set amount_minor = amount_minor + 1"),
    (
        "refunds",
        "cases_stuck",
        unchecked!("cases", "update cases set state = 'settling', decided_at = now() - interval '2 days'"),
    ),
    ("refunds", "refunds_facts", "delete from outbox where type = 'refund_approved'"),
    ("members", "uses_add_up", "update benefits set used = used + 1 where uses_total is null"),
    (
        "members",
        "one_card_an_order",
        "alter table cards drop constraint cards_order_key;
         update cards set order_id = (select min(order_id::text)::uuid from cards)",
    ),
    (
        "members",
        "holds_stuck",
        "insert into holds (hold_id, benefit_id, card_id, person_id, studio_id, state, made_by, made_at, expires_at)
         select benefit_id, benefit_id, card_id, person_id, studio_id, 'held', 'x', now() - interval '3 days',
                now() - interval '2 days' from benefits limit 1",
    ),
    (
        "members",
        "members_facts",
        "update outbox set type = 'card_opened' where type = 'card_activated'",
    ),
    ("orders", "paid_is_granted", unchecked!("dues", "update dues set state = 'open'")),
    ("orders", "dues_add_up", ""),
    ("orders", "refunds_add_up", "delete from refund_records"),
    ("orders", "order_steps", "update order_steps set to_state = 'draft' where number = 2"),
    (
        "orders",
        "order_states",
        "update order_steps set to_state = 'approved' where number = (select max(number) from order_steps)",
    ),
    (
        "orders",
        "orders_stuck",
        unchecked!("orders", "update orders set state = 'paid', state_since = now() - interval '2 days'"),
    ),
    (
        "notifications",
        "messages_stuck",
        unchecked!("messages", "update messages set state = 'queued', created_at = now() - interval '2 days'"),
    ),
];

/// What two sides then disagree about: (service, SQL, invariant, where it
/// shows, what it says). They pile up.
pub(super) const DISAGREED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "orders",
        "update orders set card_id = gen_random_uuid() where card_id is not null",
        "I2",
        "orders",
        "order_cards has",
    ),
    (
        "members",
        "delete from cards",
        "I2",
        "orders",
        "not among members cards",
    ),
    (
        "payments",
        "update payments set paid_minor = paid_minor + 1",
        "I6",
        "orders",
        "paid_dues has",
    ),
    (
        "payments",
        unchecked!("attempts", "update attempts set state = 'expired'"),
        "I6",
        "payments",
        "at the channel and not here",
    ),
    (
        "payments",
        "update refunds set amount_minor = amount_minor + 1",
        "I6",
        "payments",
        "at the channel and",
    ),
    (
        "payments",
        "update refunds set leg_id = gen_random_uuid()",
        "I6",
        "payments",
        "nobody asked for",
    ),
    (
        "wallet",
        "delete from transfers where cause = 'spend'",
        "I6",
        "orders",
        "not among wallet spends",
    ),
    (
        "wallet",
        "delete from spend_returns",
        "I6",
        "refunds",
        "not among wallet spend_returns",
    ),
    (
        "wallet",
        unchecked!(
            "recharges",
            "update recharges set received_minor = received_minor - 1"
        ),
        "I6",
        "wallet",
        "recharges has",
    ),
    (
        "orders",
        "delete from refund_records",
        "I3",
        "refunds",
        "not among orders refund_records",
    ),
    (
        "refunds",
        "update legs set amount_minor = 100000000",
        "I3",
        "refunds",
        "promised back",
    ),
    (
        "wallet",
        "update inbox set event_id = gen_random_uuid() where source = 'payments' and seq = 2",
        "I5",
        "wallet",
        "not the one",
    ),
    (
        "notifications",
        "delete from inbox where source = 'orders' and seq > 1; update cursors set seq = 1 where source = 'orders'",
        "I5",
        "notifications",
        "took 1 of",
    ),
];
