use uuid::Uuid;

use crate::books::{Back, Books, Said, Sale};

/// Makes the books of a day differ in every way, and says how, by type and number.
pub fn plant(books: &mut Books, each: usize) -> Vec<(String, String)> {
    let mut planted = Vec::new();
    let kinds: [&str; 19] = [
        "paid_missing_here",
        "missing_at_channel",
        "amount",
        "due_amount",
        "state",
        "transaction",
        "refund_missing_here",
        "refund_missing_at_channel",
        "refund_amount",
        "refund_state",
        "fee_off_rate",
        "fee_taken",
        "duplicate_line",
        "unknown_business",
        "wrong_merchant",
        "missing_in_funds",
        "funds_amount",
        "funds_unexplained",
        "duplicate_funds",
    ];
    let step = books.sales.len() / (kinds.len() * each) / 5 * 5;
    assert!(step >= 5, "too few sales for so many differences");
    for (nth, kind) in kinds.iter().enumerate() {
        for again in 0..each {
            let at = (nth * each + again) * step;
            planted.push(one(books, kind, at));
        }
    }
    planted.sort();
    planted
}

/// The number of nothing here.
fn ghost(at: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(at).unwrap() + 1)
}

pub fn one(books: &mut Books, kind: &str, at: usize) -> (String, String) {
    let sale = books.sales[at].clone();
    let (key, number) = (sale.transaction.clone(), sale.number());
    let told = |kind: &str, key: &str| (kind.to_owned(), key.to_owned());
    match kind {
        "paid_missing_here" => {
            let ghost = Sale {
                attempt: ghost(at),
                transaction: format!("X{at}"),
                refund: None,
                ..sale
            };
            let day = books.said[0].day;
            books.say(&ghost, day, day);
            return told(kind, &ghost.number());
        }
        "missing_at_channel" => books.drop_lines(|said| said.settle_key != key),
        "amount" => {
            for said in books
                .said
                .iter_mut()
                .filter(|said| said.settle_key == key && said.deed == "payment")
            {
                (said.amount, said.settle) = (said.amount + 1, said.settle + 1);
            }
        }
        "due_amount" => books.sales[at].due += 1,
        "state" => {
            let line = books.lines(false, &key)[0].clone();
            books.said.push(Said {
                deed: "reversal",
                fee: 0,
                ..line
            });
        }
        "transaction" => books.sales[at].transaction = format!("Y{at}"),
        _ => return of_refund(books, kind, at),
    }
    told(kind, &number)
}

fn of_refund(books: &mut Books, kind: &str, at: usize) -> (String, String) {
    let sale = books.sales[at].clone();
    let back = sale.refund.clone().unwrap();
    let back_key = format!("B{}", sale.transaction);
    let told = |kind: &str, key: &str| (kind.to_owned(), key.to_owned());
    match kind {
        "refund_missing_here" => {
            let ghost = Back {
                id: ghost(at + 1_000_000_007),
                amount: 1,
            };
            for said in books
                .said
                .iter_mut()
                .filter(|said| said.settle_key == back_key && !said.funds)
            {
                said.number = ghost.number();
            }
            books.sales[at].refund = None;
            told(kind, &ghost.number())
        }
        "refund_missing_at_channel" => {
            books.drop_lines(|said| said.settle_key != back_key);
            told(kind, &back.number())
        }
        "refund_amount" => {
            books.sales[at].refund.as_mut().unwrap().amount -= 1;
            told(kind, &back.number())
        }
        "refund_state" => {
            books.lines(false, &back_key)[0].progress = "failed";
            told(kind, &back.number())
        }
        _ => of_line(books, kind, at),
    }
}

fn of_line(books: &mut Books, kind: &str, at: usize) -> (String, String) {
    let sale = books.sales[at].clone();
    let (key, number) = (sale.transaction.clone(), sale.number());
    let told = |kind: &str, key: &str| (kind.to_owned(), key.to_owned());
    match kind {
        "fee_off_rate" => {
            for said in books.said.iter_mut().filter(|said| said.settle_key == key) {
                match (said.funds, said.deed) {
                    (false, "payment") => said.fee += 2_000,
                    (true, "fee") => said.settle -= 2,
                    _ => {}
                }
            }
        }
        "fee_taken" => {
            for said in books
                .lines(true, &key)
                .into_iter()
                .filter(|said| said.deed == "fee")
            {
                said.settle -= 5;
            }
            return told(kind, &key);
        }
        "duplicate_line" => {
            let line = books.lines(false, &key)[0].clone();
            books.said.push(line);
        }
        "unknown_business" => {
            let line = books.lines(true, &key)[0].clone();
            books.said.push(Said {
                deed: "other",
                transaction: format!("O{at}"),
                settle_key: format!("O{at}"),
                ..line
            });
            return told(kind, &format!("O{at}"));
        }
        "wrong_merchant" => books.lines(false, &key)[0].merchant = "1900009999".to_owned(),
        _ => return of_funds(books, kind, at),
    }
    told(kind, &number)
}

fn of_funds(books: &mut Books, kind: &str, at: usize) -> (String, String) {
    let key = books.sales[at].transaction.clone();
    let back_key = format!("B{key}");
    let told = |kind: &str, key: &str| (kind.to_owned(), key.to_owned());
    match kind {
        "missing_in_funds" => {
            books.drop_lines(|said| !(said.settle_key == back_key && said.funds));
            told(kind, &back_key)
        }
        "funds_amount" => {
            let lines = books.lines(true, &key);
            for said in lines.into_iter().filter(|said| said.deed == "payment") {
                said.settle -= 7;
            }
            told(kind, &key)
        }
        "funds_unexplained" => {
            let line = books.lines(true, &key)[0].clone();
            books.said.push(Said {
                deed: "payment",
                settle: 5,
                transaction: format!("U{at}"),
                settle_key: format!("U{at}"),
                ..line
            });
            told(kind, &format!("U{at}"))
        }
        _ => {
            let line = books
                .lines(true, &key)
                .into_iter()
                .find(|said| said.deed == "payment")
                .unwrap()
                .clone();
            let own = line.transaction.clone();
            books.said.push(line);
            told("duplicate_line", &own)
        }
    }
}
