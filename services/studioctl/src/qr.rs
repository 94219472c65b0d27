//! A QR for the terminal: two modules a character, dark on light.

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use crate::failure::Failure;

pub fn draw(text: &str) -> Result<String, Failure> {
    let code = QrCode::new(text).map_err(|e| Failure::new(format!("the QR cannot be drawn: {e}")))?;
    Ok(code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_has_its_three_corners_and_a_quiet_zone() {
        let drawn = draw("weixin://wxpay/bizpayurl?pr=abcdefg").unwrap();
        let lines: Vec<&str> = drawn.lines().collect();
        assert!(lines.len() >= 15 && lines[0].chars().all(|c| c == '█'));
        assert!(lines.iter().any(|line| line.contains("▄▄▄▄▄")));
    }
}
