-- A charge to which the payer did not agree is reversed before it has failed.
alter table attempts drop constraint attempts_closing_why_check;
alter table attempts add constraint attempts_closing_why_check
    check (closing_why in ('expired', 'cancelled', 'declined')) not valid;
alter table attempts drop constraint attempts_reversing_check;
alter table attempts add constraint attempts_reversing_check
    check (not reversing or state in ('closing', 'expired', 'cancelled', 'failed', 'isolated')) not valid;

drop trigger transitions on attempts;
select guard_transitions('attempts', 'state', '{
    "creating":         ["awaiting_payment", "closing", "paid", "failed", "expired", "isolated"],
    "awaiting_payment": ["closing", "paid", "failed", "expired", "isolated"],
    "closing":          ["paid", "failed", "expired", "cancelled", "isolated"],
    "failed":           ["isolated"],
    "expired":          ["isolated"],
    "cancelled":        ["isolated"]
}'::jsonb);
