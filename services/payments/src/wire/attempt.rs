//! Attempts, with what their payers are shown.

use kernel::to_proto_time;
use platform::Error;
use proto::studio::payments::v1 as pb;
use qrcode::render::svg;
use qrcode::{Color, QrCode};

use crate::channel::AppCall;
use crate::domain::attempt::{Attempt, Prompt, State as AttemptState};
use crate::domain::route::Over;

/// Pixels to a module of a QR's picture, and modules of white around it (ISO/IEC
/// 18004 wants four).
const SCALE: usize = 8;
const QUIET: usize = 4;

fn attempt_state(state: &AttemptState) -> pb::AttemptState {
    match state {
        AttemptState::Creating => pb::AttemptState::Creating,
        AttemptState::AwaitingPayment { .. } => pb::AttemptState::AwaitingPayment,
        AttemptState::Closing { .. } | AttemptState::Reversing { .. } => pb::AttemptState::Closing,
        AttemptState::Paid { .. } => pb::AttemptState::Paid,
        AttemptState::Failed { .. } => pb::AttemptState::Failed,
        AttemptState::Expired => pb::AttemptState::Expired,
        AttemptState::Cancelled => pb::AttemptState::Cancelled,
        AttemptState::Isolated { .. } => pb::AttemptState::Isolated,
    }
}

/// An attempt with the text of its QR, but without the picture.
pub fn attempt(attempt: &Attempt) -> pb::Attempt {
    let mut wire = pb::Attempt {
        attempt_id: attempt.id.to_string(),
        intent_id: attempt.intent_id.to_string(),
        method: pb::Method::from(attempt.method).into(),
        channel_number: attempt.number.to_string(),
        state: attempt_state(&attempt.state).into(),
        amount: Some(attempt.amount.into()),
        expire_at: Some(to_proto_time(attempt.expire_at)),
        created_at: Some(to_proto_time(attempt.created_at)),
        version: attempt.version,
        route: Some(route(attempt)),
        ..pb::Attempt::default()
    };
    match &attempt.state {
        AttemptState::AwaitingPayment { prompt } => match prompt {
            Prompt::Qr(code_url) => wire.code_url.clone_from(code_url),
            Prompt::InApp(call) => wire.wechat_call = Some(wechat_call(call)),
            Prompt::OnPhone => {}
        },
        AttemptState::Failed { code } => wire.failure.clone_from(code),
        AttemptState::Paid { at } => {
            wire.paid_at = Some(to_proto_time(*at));
            wire.payment_id = attempt.payment_id().to_string();
        }
        AttemptState::Isolated { at } => wire.paid_at = Some(to_proto_time(*at)),
        AttemptState::Creating
        | AttemptState::Closing { .. }
        | AttemptState::Reversing { .. }
        | AttemptState::Expired
        | AttemptState::Cancelled => {}
    }
    wire
}

fn route(attempt: &Attempt) -> pb::Route {
    let passed_over = attempt.route.passed_over.iter().map(|over| pb::PassedOver {
        merchant: over.merchant.clone(),
        reason: match over.why {
            Over::Down => pb::PassedOverReason::Down,
            Over::Refused => pb::PassedOverReason::Refused,
        }
        .into(),
    });
    pb::Route {
        merchant: attempt.merchant.clone(),
        rule: attempt.route.rule.clone(),
        passed_over: passed_over.collect(),
    }
}

fn wechat_call(AppCall(call): &AppCall) -> pb::WechatCall {
    let part = |name| call.get(name).cloned().unwrap_or_default();
    pb::WechatCall {
        app_id: part("appId"),
        time_stamp: part("timeStamp"),
        nonce_str: part("nonceStr"),
        package: part("package"),
        sign_type: part("signType"),
        pay_sign: part("paySign"),
    }
}

/// An attempt with its QR as a picture, for a screen.
pub fn attempt_shown(shown: &Attempt) -> Result<pb::Attempt, Error> {
    let mut wire = attempt(shown);
    if !wire.code_url.is_empty() {
        let none = |error: &dyn std::error::Error| Error::Internal(format!("no QR can be made: {error}"));
        let code = QrCode::new(&wire.code_url).map_err(|e| none(&e))?;
        wire.qr_svg = code.render::<svg::Color>().min_dimensions(256, 256).build();
        wire.qr_png = png_of(&code).map_err(|e| none(&e))?;
    }
    Ok(wire)
}

/// A picture of one bit a pixel.
fn png_of(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let side = (code.width() + 2 * QUIET) * SCALE;
    let mut rows = vec![0xff; side * side.div_ceil(8)];
    for (at, _) in (0..)
        .zip(code.to_colors())
        .filter(|(_, color)| *color == Color::Dark)
    {
        let (x, y) = (at % code.width() + QUIET, at / code.width() + QUIET);
        // eight pixels to a module: each of its rows is one byte
        for line in y * SCALE..(y + 1) * SCALE {
            rows[line * side.div_ceil(8) + x] = 0;
        }
    }
    let mut picture = Vec::new();
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut picture, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.write_header()?.write_image_data(&rows)?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read back by another decoder than the one that draws, module by module.
    #[test]
    fn the_picture_is_the_code_with_its_quiet_zone() {
        let code = QrCode::new("weixin://wxpay/bizpayurl?pr=studio").unwrap();
        let picture = png_of(&code).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&picture))
            .read_info()
            .unwrap();
        let mut rows = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rows).unwrap();
        let side = (code.width() + 2 * QUIET) * SCALE;
        let drawn = [info.width, info.height].map(|n| usize::try_from(n).unwrap());
        assert_eq!(drawn, [side, side]);
        let dark = |x: usize, y: usize| rows[y * info.line_size + x / 8] & (0x80 >> (x % 8)) == 0;
        for y in 0..side {
            for x in 0..side {
                let (column, row) = ((x / SCALE).checked_sub(QUIET), (y / SCALE).checked_sub(QUIET));
                let expected = match (column, row) {
                    (Some(column), Some(row)) if column < code.width() && row < code.width() => {
                        code[(column, row)] == Color::Dark
                    }
                    _ => false,
                };
                assert_eq!(dark(x, y), expected, "{x}, {y}");
            }
        }
    }
}
