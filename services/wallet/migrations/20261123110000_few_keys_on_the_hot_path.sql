-- What every spend writes has the keys that an answer needs, and no more. What a
-- row names was read and locked in the same transaction, and nothing of it is
-- ever removed: asking again for each row cost more than the row, and locked the
-- one account of a studio for everybody. `references` looks at all of them daily.
alter table transfers
    drop constraint transfers_debit_id_fkey,
    drop constraint transfers_credit_id_fkey,
    drop constraint transfers_lot_id_fkey,
    drop constraint transfers_wallet_id_fkey,
    drop constraint transfers_reverses_id_fkey;
-- Balances and lots are proved from all transfers in one go.
drop index transfers_by_debit;
drop index transfers_by_credit;
drop index transfers_by_lot;

alter table spends
    drop constraint spends_wallet_id_fkey,
    -- a journal is its due's, and transfers_journal_key holds it
    drop constraint spends_journal_id_key;
drop index spends_by_wallet;

alter table spend_uses
    drop constraint spend_uses_due_id_fkey,
    drop constraint spend_uses_lot_id_fkey,
    drop constraint spend_uses_transfer_id_fkey;
