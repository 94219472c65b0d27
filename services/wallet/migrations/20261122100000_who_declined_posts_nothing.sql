-- Money that comes after the first check said no is decided by another person
-- than the one who said it, so that name stays with the recharge.
alter table recharges drop constraint recharges_check8;  -- rejected_by only while rejected
alter table recharges add constraint recharges_declined_by_someone
    check (state <> 'rejected' or rejected_by is not null);
alter table recharges drop constraint recharges_audited_by_another;
alter table recharges add constraint recharges_audited_by_another
    check (audited_by <> person_id and audited_by <> applied_by and audited_by <> accepted_by
           and audited_by <> rejected_by);
