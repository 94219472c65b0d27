-- The payer shows a code, or pays inside WeChat. A list in a CHECK can only be
-- replaced; the new one holds for every row that the old one let in, so nothing
-- is scanned.
alter table attempts drop constraint attempts_method_check;
alter table attempts add constraint attempts_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode')) not valid;
alter table payments drop constraint payments_method_check;
alter table payments add constraint payments_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode')) not valid;
alter table isolated_money drop constraint isolated_money_method_check;
alter table isolated_money add constraint isolated_money_method_check
    check (method in ('wechat_native', 'wechat_codepay', 'wechat_jsapi', 'alipay_qr', 'alipay_barcode')) not valid;

-- What a page hands to the channel's app; who pays there, sealed, until the
-- channel has answered; and whether a reversal may be on its way. A code that a
-- payer shows stands nowhere.
alter table attempts
    add column app_call  jsonb,
    add column payer     bytea,
    add column reversing boolean not null default false;

-- A charge waits without anything to show: the channel asks on the phone.
alter table attempts drop constraint attempts_code_check;
alter table attempts add constraint attempts_code_check check (
    state <> 'awaiting_payment' or method in ('wechat_codepay', 'alipay_barcode')
    or coalesce(code_url, app_call ->> 'package') is not null) not valid;
alter table attempts add constraint attempts_payer_check
    check (payer is null or (state = 'creating' and method = 'wechat_jsapi')) not valid;
-- What may be on its way back to the payer pays nothing.
alter table attempts add constraint attempts_reversing_check
    check (not reversing or state in ('closing', 'expired', 'cancelled', 'isolated')) not valid;

-- The payer who was asked to agree may refuse.
drop trigger transitions on attempts;
select guard_transitions('attempts', 'state', '{
    "creating":         ["awaiting_payment", "closing", "paid", "failed", "expired", "isolated"],
    "awaiting_payment": ["closing", "paid", "failed", "expired", "isolated"],
    "closing":          ["paid", "expired", "cancelled", "isolated"],
    "failed":           ["isolated"],
    "expired":          ["isolated"],
    "cancelled":        ["isolated"]
}'::jsonb);
