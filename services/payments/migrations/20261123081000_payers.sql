-- The payer's name as at the payment: sealed with their key, so that it goes with
-- them, and masked beside it, which stays.
alter table payments add column payer_masked text, add column payer_name bytea,
    add constraint payments_payer_check check (payer_name is null or payer_masked is not null);
-- What was sent back by day.
create index refunds_by_arrival on refunds (succeeded_at) where succeeded_at is not null;
create index isolated_money_by_time on isolated_money (paid_at);
create index isolated_money_by_return on isolated_money (returned_at) where returned_at is not null;
