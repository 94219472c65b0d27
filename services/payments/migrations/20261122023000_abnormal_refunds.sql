-- A refund that the channel could not place, as when the payer's card is closed,
-- waits for a person there and may still go out. It keeps its reservation.
alter table refunds drop constraint refunds_state_check;
alter table refunds add constraint refunds_state_check
    check (state in ('reserved', 'submitted', 'abnormal', 'succeeded', 'bounced'));
-- Finds what waits for a person.
create index refunds_abnormal on refunds (created_at) where state = 'abnormal';

drop trigger transitions on refunds;
select guard_transitions('refunds', 'state', '{
    "reserved":  ["submitted", "succeeded", "bounced"],
    "submitted": ["abnormal", "succeeded", "bounced"],
    "abnormal":  ["succeeded", "bounced"]
}'::jsonb);
