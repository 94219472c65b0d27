-- Alipay is a second way to pay. A list in a CHECK can only be replaced; the new
-- one holds for every row that the old one let in, so nothing is scanned.
alter table attempts drop constraint attempts_method_check;
alter table attempts add constraint attempts_method_check
    check (method in ('wechat_native', 'alipay_qr')) not valid;
alter table payments drop constraint payments_method_check;
alter table payments add constraint payments_method_check
    check (method in ('wechat_native', 'alipay_qr')) not valid;
alter table isolated_money drop constraint isolated_money_method_check;
alter table isolated_money add constraint isolated_money_method_check
    check (method in ('wechat_native', 'alipay_qr')) not valid;
