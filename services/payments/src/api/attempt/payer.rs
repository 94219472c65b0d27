//! What a payer shows or is known by. It never prints itself.

use kernel::BadField;
use proto::studio::payments::v1::StartAttemptRequest;

use crate::channel::PayerCode;
use crate::domain::Method;

pub enum Payer {
    Scans,
    Shows(PayerCode),
    /// With the name by which the app knows the payer.
    PaysInApp(String),
}

/// Exactly what the method needs; the field rules have seen to its form.
pub fn of(method: Method, request: &StartAttemptRequest) -> Result<Payer, BadField> {
    let given = [
        ("wechat_auth_code", &request.wechat_auth_code),
        ("alipay_auth_code", &request.alipay_auth_code),
        ("wechat_openid", &request.wechat_openid),
    ];
    let wanted = match method {
        Method::WechatNative | Method::AlipayQr => "",
        Method::WechatCodepay => "wechat_auth_code",
        Method::AlipayBarcode => "alipay_auth_code",
        Method::WechatJsapi => "wechat_openid",
        Method::Cash | Method::CardTerminal => {
            return Err(BadField::new("method", "is taken at a drawer, by TakeMoney"));
        }
        Method::BankTransfer => {
            return Err(BadField::new("method", "is asked for by RequestTransfer"));
        }
    };
    let mut payer = Payer::Scans;
    for (name, text) in given {
        match (name == wanted, text.is_empty()) {
            (true, true) => return Err(BadField::new(name, "is required for this method")),
            (false, false) => return Err(BadField::new(name, "is not for this method")),
            (true, false) if method == Method::WechatJsapi => payer = Payer::PaysInApp(text.clone()),
            (true, false) => payer = Payer::Shows(PayerCode::from_text(text.as_str())),
            (false, true) => {}
        }
    }
    Ok(payer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_takes_what_it_needs_and_nothing_else() {
        let given = ["", "130000000000000001", "2800000000000001", "o-1"];
        let takes = |method| {
            [0, 1, 2, 3].map(|which| {
                let text = |field| if which == field { given[which] } else { "" }.to_owned();
                let request = StartAttemptRequest {
                    wechat_auth_code: text(1),
                    alipay_auth_code: text(2),
                    wechat_openid: text(3),
                    ..StartAttemptRequest::default()
                };
                of(method, &request).is_ok()
            })
        };
        assert_eq!(takes(Method::WechatNative), [true, false, false, false]);
        assert_eq!(takes(Method::AlipayQr), [true, false, false, false]);
        assert_eq!(takes(Method::WechatCodepay), [false, true, false, false]);
        assert_eq!(takes(Method::AlipayBarcode), [false, false, true, false]);
        assert_eq!(takes(Method::WechatJsapi), [false, false, false, true]);
    }
}
