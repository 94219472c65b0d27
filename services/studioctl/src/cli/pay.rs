//! Ways to pay, as they are named on the command line.

use clap::ValueEnum;

/// A way to pay an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PayBy {
    /// A QR of WeChat Pay.
    Wechat,
    /// A QR of Alipay.
    Alipay,
    /// A code of WeChat Pay that the payer shows.
    WechatCodepay,
    /// A code of Alipay that the payer shows.
    AlipayBarcode,
    /// Cash, at a drawer.
    Cash,
    /// A card at a terminal, at a drawer.
    Card,
    /// A transfer to a bank account.
    Transfer,
    /// The member's wallet.
    Wallet,
}

/// Whose QR or code a recharge is paid by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QrOf {
    /// WeChat Pay's.
    Wechat,
    /// Alipay's.
    Alipay,
    /// WeChat Pay's, which the payer shows.
    WechatCodepay,
    /// Alipay's, which the payer shows.
    AlipayBarcode,
}
