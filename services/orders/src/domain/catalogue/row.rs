//! One line of the catalogue file.

use std::collections::HashSet;

use chrono::{NaiveDate, TimeZone as _};
use kernel::{Amount, BadField, NodeId, ProductId, Timestamp, fen_from_yuan};
use platform::import::{self, RowErrors, Sheet};
use uuid::{Uuid, uuid};

use super::{Activation, Benefit, Kind, Scope, Terms, ValidityStart};

/// The columns that a file must have.
pub const COLUMNS: [&str; 9] = [
    "code",
    "name",
    "kind",
    "price",
    "valid_days",
    "validity_start",
    "start_within_days",
    "activation",
    "benefits",
];
/// Ids of products follow from their codes, so that every import agrees.
const PRODUCTS: Uuid = uuid!("01939f00-0000-7000-8000-6f7264657273");
const MAX_PRICE: i64 = 100_000_000;
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Shanghai;

/// One product as a line describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub terms: Terms,
    /// None means at once.
    pub effective_from: Option<Timestamp>,
    pub sold_at: Vec<NodeId>,
}

/// Reads every line; `node` finds an organisation node by its code or id.
pub fn read(sheet: &Sheet, node: impl Fn(&str) -> Option<NodeId>) -> (Vec<Row>, RowErrors) {
    let (mut rows, mut errors, mut codes) = (Vec::new(), sheet.errors(), HashSet::new());
    for row in sheet.rows() {
        let Some(read) = read_row(row, &mut errors, &node) else {
            continue;
        };
        if codes.insert(read.terms.code.clone()) {
            rows.push(read);
        } else {
            errors.add(
                row.line(),
                BadField::new("code", "is in another line of this file already"),
            );
        }
    }
    (rows, errors)
}

fn read_row(
    row: import::Row<'_>,
    errors: &mut RowErrors,
    node: impl Fn(&str) -> Option<NodeId>,
) -> Option<Row> {
    let line = row.line();
    let code = errors.keep(line, code(row));
    let name = errors.keep(line, name(row));
    let kind = errors.keep(line, word(row, "kind", Kind::parse));
    let price = errors.keep(line, price(row));
    let valid_days = errors.keep(line, days(row, "valid_days", 1, 3660));
    let validity_start = errors.keep(line, word(row, "validity_start", ValidityStart::parse));
    let start_within_days = errors.keep(line, days(row, "start_within_days", 0, 365));
    let activation = errors.keep(line, word(row, "activation", Activation::parse));
    let benefits = errors.keep(line, benefits(row));
    let sold_at = errors.keep(line, sold_at(row, node));
    let effective_from = errors.keep(line, row.optional("effective_from", midnight));
    let code = code?;
    Some(Row {
        line,
        terms: Terms {
            product: ProductId::derived(PRODUCTS, &code),
            code,
            name: name?,
            kind: kind?,
            price: price?,
            valid_days: valid_days?,
            validity_start: validity_start?,
            start_within_days: start_within_days?,
            activation: activation?,
            benefits: benefits?,
        },
        effective_from: effective_from?,
        sold_at: sold_at?,
    })
}

fn code(row: import::Row<'_>) -> Result<String, BadField> {
    let code = row.require("code")?;
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
    if (2..=40).contains(&code.len()) && code.chars().all(good) {
        return Ok(code.to_owned());
    }
    Err(BadField::new(
        "code",
        "must be 2 to 40 capital letters, digits and hyphens",
    ))
}

fn name(row: import::Row<'_>) -> Result<String, BadField> {
    let name = row.require("name")?;
    if name.chars().count() <= 60 && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(BadField::new("name", "must be at most 60 characters"))
}

fn price(row: import::Row<'_>) -> Result<Amount, BadField> {
    let fen = fen_from_yuan(row.require("price")?)
        .map_err(|_| BadField::new("price", "must be yuan with at most two decimals, as 3980.00"))?;
    Amount::from_minor(fen)
        .filter(|price| price.minor() <= MAX_PRICE)
        .ok_or_else(|| BadField::new("price", "must be above zero and at most 1000000 yuan"))
}

fn days(row: import::Row<'_>, field: &str, least: i32, most: i32) -> Result<i32, BadField> {
    let days = row
        .require(field)?
        .parse()
        .ok()
        .filter(|days| (least..=most).contains(days));
    days.ok_or_else(|| BadField::new(field, format!("must be a whole number from {least} to {most}")))
}

fn word<T>(row: import::Row<'_>, field: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, BadField> {
    let word = row.require(field)?.to_ascii_lowercase();
    parse(&word).ok_or_else(|| {
        BadField::new(
            field,
            format!("must be one of those that the README lists for {field}"),
        )
    })
}

fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([';', '；'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn benefits(row: import::Row<'_>) -> Result<Vec<Benefit>, BadField> {
    let benefits: Vec<Benefit> = parts(row.require("benefits")?)
        .map(benefit)
        .collect::<Result<_, _>>()?;
    let codes: HashSet<&str> = benefits.iter().map(|b| b.code.as_str()).collect();
    if !(1..=20).contains(&benefits.len()) || codes.len() != benefits.len() {
        return Err(BadField::new(
            "benefits",
            "must be 1 to 20 benefits with different codes",
        ));
    }
    Ok(benefits)
}

fn benefit(text: &str) -> Result<Benefit, BadField> {
    let bad = || {
        BadField::new(
            "benefits",
            "must be CODE:name:scope:uses, separated by semicolons",
        )
    };
    let cells: Vec<&str> = text.split([':', '：']).map(str::trim).collect();
    let [code, name, scope, uses] = cells[..] else {
        return Err(bad());
    };
    let letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let good_code =
        code.len() <= 40 && code.starts_with(|c: char| c.is_ascii_uppercase()) && code.chars().all(letter);
    if !good_code || name.is_empty() || name.chars().count() > 60 {
        return Err(bad());
    }
    Ok(Benefit {
        code: code.to_owned(),
        name: name.to_owned(),
        scope: Scope::parse(&scope.to_ascii_lowercase()).ok_or_else(bad)?,
        uses: uses
            .parse()
            .ok()
            .filter(|uses| (0..=100_000).contains(uses))
            .ok_or_else(bad)?,
    })
}

fn sold_at(row: import::Row<'_>, node: impl Fn(&str) -> Option<NodeId>) -> Result<Vec<NodeId>, BadField> {
    let find =
        |text| node(text).ok_or_else(|| BadField::new("sold_at", "must be codes of organisation nodes"));
    let mut nodes = parts(row.get("sold_at"))
        .map(find)
        .collect::<Result<Vec<_>, _>>()?;
    nodes.sort();
    nodes.dedup();
    Ok(nodes)
}

fn midnight(field: &str, text: &str) -> Result<Timestamp, BadField> {
    let bad = || BadField::new(field, "must be a date, as 2026-12-01");
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| bad())?;
    let at = day
        .and_hms_opt(0, 0, 0)
        .and_then(|at| ZONE.from_local_datetime(&at).earliest());
    at.map(|at| at.to_utc()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from\n";
    const GOOD: &str = "YEAR-ALL,全城通年卡,annual_card,3980.00,365,activation,90,by_identity,ENTRY:入馆训练:operator:0；GUEST:携友：studio:4,BJ,2026-12-01\n";

    fn read_text(lines: &str) -> (Vec<Row>, RowErrors) {
        let sheet = Sheet::read(format!("{HEADER}{lines}").as_bytes()).unwrap();
        read(&sheet, |code| (code == "BJ").then(|| NodeId(Uuid::nil())))
    }

    #[test]
    fn a_good_line_becomes_terms_with_its_price_in_fen() {
        let (rows, errors) = read_text(GOOD);
        assert!(errors.is_empty());
        assert_eq!(rows[0].terms.price.minor(), 398_000);
        assert_eq!(rows[0].terms.benefits[1].uses, 4);
        assert_eq!(
            rows[0].effective_from.map(|at| at.to_rfc3339()),
            Some("2026-11-30T16:00:00+00:00".to_owned())
        );
        assert_eq!(rows[0].terms.product, read_text(GOOD).0[0].terms.product);
    }

    #[test]
    fn every_bad_cell_is_named_by_line_and_column() {
        let bad = "year,,card,12.345,0,never,400,maybe,ENTRY:x,NOWHERE,2026-13-01\n";
        let (rows, errors) = read_text(&format!("{GOOD}{bad}"));
        assert_eq!(rows.len(), 1);
        let places: Vec<(u64, String)> = errors.into_iter().map(|e| (e.line, e.field)).collect();
        let fields = HEADER.trim().split(',').map(|field| (3, field.to_owned()));
        let wanted: HashSet<(u64, String)> = fields.collect();
        assert_eq!(places.len(), 11);
        assert_eq!(places.into_iter().collect::<HashSet<_>>(), wanted);
    }

    #[test]
    fn a_code_twice_in_a_file_is_refused() {
        let (rows, errors) = read_text(&format!("{GOOD}{GOOD}"));
        assert_eq!((rows.len(), errors.len()), (1, 1));
        assert_eq!(
            errors.iter().next().map(|e| (e.line, e.field.clone())),
            Some((3, "code".to_owned()))
        );
    }

    #[test]
    fn a_price_of_nothing_or_too_much_is_refused() {
        for price in ["0", "-1", "1000000.01", "1e3x", "12,3"] {
            let line = GOOD.replace("3980.00", &format!("\"{price}\""));
            assert_eq!(
                read_text(&line)
                    .1
                    .iter()
                    .map(|e| e.field.as_str())
                    .collect::<Vec<_>>(),
                ["price"],
                "{price}"
            );
        }
    }
}
