//! Sums of money in capital characters (人民币大写), as proofs and invoices write
//! them.

use kernel::Amount;

const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
const PLACES: [(u64, &str); 4] = [(1_000, "仟"), (100, "佰"), (10, "拾"), (1, "")];
const TEN_THOUSAND: u64 = 10_000;
const HUNDRED_MILLION: u64 = 100_000_000;

/// As `人民币壹佰元整`.
pub fn capitals(amount: Amount) -> String {
    let fen = amount.minor().unsigned_abs();
    let (yuan, jiao, fen) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut text = String::from("人民币");
    if yuan > 0 {
        text.push_str(&whole(yuan));
        text.push('元');
    }
    if jiao > 0 {
        text.push_str(digit(jiao));
        text.push('角');
    } else if yuan > 0 && fen > 0 {
        text.push('零');
    }
    if fen > 0 {
        text.push_str(digit(fen));
        text.push('分');
    } else {
        text.push('整');
    }
    text
}

/// A number above zero, by hundred millions.
fn whole(number: u64) -> String {
    let (high, low) = (number / HUNDRED_MILLION, number % HUNDRED_MILLION);
    if high == 0 {
        return below_hundred_million(low);
    }
    let rest = below_hundred_million(low);
    joined(&whole(high), "亿", &rest, low < HUNDRED_MILLION / 10)
}

fn below_hundred_million(number: u64) -> String {
    let (high, low) = (number / TEN_THOUSAND, number % TEN_THOUSAND);
    if high == 0 {
        return below_ten_thousand(low);
    }
    let rest = below_ten_thousand(low);
    joined(&below_ten_thousand(high), "万", &rest, low < TEN_THOUSAND / 10)
}

/// Places that are empty before the rest are read as one zero.
fn joined(high: &str, unit: &str, rest: &str, gap: bool) -> String {
    let zero = if gap && !rest.is_empty() { "零" } else { "" };
    format!("{high}{unit}{zero}{rest}")
}

/// Empty for zero; zeros between digits are read as one, those at the end not at all.
fn below_ten_thousand(number: u64) -> String {
    let mut text = String::new();
    let mut gap = false;
    for (place, name) in PLACES {
        let value = number / place % 10;
        if value == 0 {
            gap = !text.is_empty();
            continue;
        }
        if gap {
            text.push('零');
            gap = false;
        }
        text.push_str(digit(value));
        text.push_str(name);
    }
    text
}

fn digit(value: u64) -> &'static str {
    usize::try_from(value)
        .ok()
        .and_then(|at| DIGITS.get(at))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(1, "壹分")]
    #[case(10, "壹角整")]
    #[case(50, "伍角整")]
    #[case(55, "伍角伍分")]
    #[case(100, "壹元整")]
    #[case(101, "壹元零壹分")]
    #[case(110, "壹元壹角整")]
    #[case(1_000, "壹拾元整")]
    #[case(1_600, "壹拾陆元整")]
    #[case(10_000, "壹佰元整")]
    #[case(10_010, "壹佰元壹角整")]
    #[case(10_100, "壹佰零壹元整")]
    #[case(11_000, "壹佰壹拾元整")]
    #[case(32_504, "叁佰贰拾伍元零肆分")]
    #[case(100_001, "壹仟元零壹分")]
    #[case(100_100, "壹仟零壹元整")]
    #[case(140_950, "壹仟肆佰零玖元伍角整")]
    #[case(600_714, "陆仟零柒元壹角肆分")]
    #[case(1_000_000, "壹万元整")]
    #[case(1_680_032, "壹万陆仟捌佰元叁角贰分")]
    #[case(10_700_053, "壹拾万柒仟元伍角叁分")]
    #[case(1_000_001, "壹万元零壹分")]
    #[case(1_000_100, "壹万零壹元整")]
    #[case(1_010_000, "壹万零壹佰元整")]
    #[case(1_100_000, "壹万壹仟元整")]
    #[case(10_100_000, "壹拾万壹仟元整")]
    #[case(100_010_000, "壹佰万零壹佰元整")]
    #[case(1_000_100_000, "壹仟万壹仟元整")]
    #[case(1_000_000_100, "壹仟万零壹元整")]
    #[case(10_000_000_000, "壹亿元整")]
    #[case(10_000_000_100, "壹亿零壹元整")]
    #[case(10_001_000_000, "壹亿零壹万元整")]
    #[case(10_001_000_100, "壹亿零壹万零壹元整")]
    #[case(11_000_000_000, "壹亿壹仟万元整")]
    #[case(100_000_000_000_000, "壹万亿元整")]
    #[case(100_000_000_010_000, "壹万亿零壹佰元整")]
    #[case(
        i64::MAX,
        "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分"
    )]
    fn a_sum_is_written_as_accountants_do(#[case] fen: i64, #[case] written: &str) {
        let amount = Amount::from_minor(fen).unwrap();
        assert_eq!(capitals(amount), format!("人民币{written}"));
    }
}
