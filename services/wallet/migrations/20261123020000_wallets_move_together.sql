-- Spends that come together move a wallet in one update, which counts each of
-- them in its version: it grows by as many as there were, and never falls.
create function check_wallet_transition() returns trigger language plpgsql as $$
begin
    if old.state is distinct from new.state and not (old.state, new.state) in (('open', 'frozen'), ('frozen', 'open')) then
        raise exception 'wallets cannot go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    if new.version <= old.version then
        raise exception 'wallets went from version % to %', old.version, new.version using errcode = 'check_violation';
    end if;
    return new;
end $$;
drop trigger transitions on wallets;
create trigger transitions before update on wallets for each row execute function check_wallet_transition();
