//! Codes that payers show and the desk scans.

use std::io::{IsTerminal as _, stdin};
use std::time::Duration;

use proto::studio::payments::v1 as payments;
use tokio::time::sleep;

use super::{held, pay};
use crate::failure::Failure;
use crate::house::{House, request_id};

/// How long a payment by another method is waited for while it is taken back.
const ROUNDS: u32 = 15;
const PAUSE: Duration = Duration::from_secs(2);

/// Charges the code that a payer shows, once, and waits until the attempt is paid.
/// Without a code the next line is read, as a scanner types it.
pub async fn charge(
    house: &House,
    intent_id: String,
    method: payments::Method,
    code: Option<String>,
) -> Result<(), Failure> {
    let code = shown(code)?;
    for _ in 0..ROUNDS {
        let request = payments::StartAttemptRequest {
            request_id: request_id(),
            intent_id: intent_id.clone(),
            method: method.into(),
            client: "studioctl".to_owned(),
            ..showing(method, code.clone())
        };
        match house.ask(request).await {
            Ok(reply) => {
                let attempt = held(reply.attempt, "attempt")?;
                if attempt.method() == method {
                    return pay::wait(house, &attempt.attempt_id).await.map(drop);
                }
            }
            Err(failure) if failure.reason() == "ATTEMPT_CLOSING" => {}
            Err(failure) => return Err(failure),
        }
        sleep(PAUSE).await;
    }
    Err(Failure::new("the payment before is still being taken back").hint("try again in a minute"))
}

fn showing(method: payments::Method, code: String) -> payments::StartAttemptRequest {
    match method {
        payments::Method::AlipayBarcode => payments::StartAttemptRequest {
            alipay_auth_code: code,
            ..Default::default()
        },
        _ => payments::StartAttemptRequest {
            wechat_auth_code: code,
            ..Default::default()
        },
    }
}

fn shown(code: Option<String>) -> Result<String, Failure> {
    if let Some(code) = code {
        return Ok(code);
    }
    if stdin().is_terminal() {
        eprintln!("scan the code that the payer shows");
    }
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
