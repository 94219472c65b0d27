-- Isolated money of a charge that a reversal gave back before we sent it: no bill
-- will ever tell of our number for its return.
alter table isolated_money add column reversed boolean not null default false,
    add constraint isolated_money_reversed_check check (state = 'returned' or not reversed);
