use super::*;

fn terms() -> Terms {
    Terms {
        account: "house".to_owned(),
        merchant: "1900".to_owned(),
        rate: "0.006".parse().ok(),
    }
}

fn traded(deed: Deed) -> Traded {
    Traded {
        statement: Uuid::from_u128(1),
        line: 2,
        earlier: false,
        deed,
        progress: Progress::Done,
        transaction: "T".to_owned(),
        merchant: "1900".to_owned(),
        app: "wx".to_owned(),
        amount_minor: 10_000,
        settle_minor: 10_000,
        fee_thousandths: if deed == Deed::Refund { -60_000 } else { 60_000 },
        rate: None,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn ours(thing: Thing) -> Ours {
    Ours {
        subject: Subject {
            id: Uuid::nil(),
            studio: Uuid::nil(),
            legal_entity: Uuid::nil(),
        },
        thing,
        account: "house".to_owned(),
        amount_minor: 10_000,
        due_minor: 10_000,
        transaction: "T".to_owned(),
    }
}

fn group(traded: Vec<Traded>, ours: Option<Ours>) -> Group {
    Group {
        number: "N".to_owned(),
        traded,
        ours,
    }
}

/// The types that one change of two agreeing sides makes.
fn types(deed: Deed, thing: Thing, change: impl FnOnce(&mut Traded, &mut Ours)) -> Vec<Type> {
    let (mut theirs, mut mine) = (traded(deed), ours(thing));
    change(&mut theirs, &mut mine);
    let found = judge(&group(vec![theirs], Some(mine)), &terms()).findings;
    found.into_iter().map(|f| f.kind).collect()
}

#[test]
fn what_agrees_makes_nothing() {
    for (deed, thing) in [
        (Deed::Payment, Thing::Paid),
        (Deed::Refund, Thing::Returned),
        (Deed::Payment, Thing::Isolated),
        (Deed::Reversal, Thing::Unpaid),
        (Deed::Reversal, Thing::Isolated),
    ] {
        assert_eq!(types(deed, thing, |_, _| ()), []);
    }
    let going = |t: &mut Traded, _: &mut Ours| t.progress = Progress::Going;
    assert_eq!(types(Deed::Refund, Thing::Returning, going), []);
    assert_eq!(
        types(Deed::Refund, Thing::Returned, |t, _| t.fee_thousandths = 0),
        []
    );
}

#[test]
fn each_fault_of_a_payment_has_its_own_type() {
    let paid = |change: fn(&mut Traded, &mut Ours)| types(Deed::Payment, Thing::Paid, change);
    assert_eq!(paid(|t, _| t.amount_minor += 1), [Type::Amount]);
    assert_eq!(paid(|_, o| o.due_minor += 1), [Type::DueAmount]);
    assert_eq!(paid(|t, _| t.transaction = "U".to_owned()), [Type::Transaction]);
    assert_eq!(paid(|t, _| t.merchant = "1901".to_owned()), [Type::WrongMerchant]);
    assert_eq!(paid(|_, o| o.account = "shop".to_owned()), [Type::WrongMerchant]);
    assert_eq!(paid(|t, _| t.fee_thousandths += 1_000), [Type::FeeOffRate]);
    assert_eq!(paid(|t, _| t.fee_thousandths -= 999), []);
    assert_eq!(paid(|t, _| t.merchant.clear()), []);
    assert_eq!(
        types(Deed::Other, Thing::Paid, |_, _| ()),
        [Type::UnknownBusiness]
    );
    assert_eq!(types(Deed::Reversal, Thing::Paid, |_, _| ()), [Type::State]);
}

#[test]
fn each_fault_of_a_refund_has_its_own_type() {
    let back = |change: fn(&mut Traded, &mut Ours)| types(Deed::Refund, Thing::Returned, change);
    assert_eq!(back(|t, _| t.amount_minor -= 1), [Type::RefundAmount]);
    assert_eq!(back(|t, _| t.progress = Progress::Failed), [Type::RefundState]);
    assert_eq!(back(|_, o| o.thing = Thing::Bounced), [Type::RefundState]);
    assert_eq!(
        back(|t, _| t.progress = Progress::Strange),
        [Type::UnknownBusiness]
    );
    let alone = judge(&group(vec![traded(Deed::Refund)], None), &terms());
    assert_eq!(alone.findings[0].kind, Type::RefundMissingHere);
}

#[test]
fn money_without_an_attempt_is_missing_and_with_an_unpaid_one_is_proof() {
    let alone = judge(&group(vec![traded(Deed::Payment)], None), &terms());
    assert_eq!(
        (alone.findings[0].kind, alone.proof),
        (Type::PaidMissingHere, None)
    );
    let line = traded(Deed::Payment);
    let unpaid = judge(&group(vec![line.clone()], Some(ours(Thing::Unpaid))), &terms());
    assert_eq!(unpaid.findings[0].kind, Type::PaidUnknownHere);
    assert_eq!(unpaid.proof, Some(line.clone()));
    let undone = judge(
        &group(
            vec![line.clone(), traded(Deed::Reversal)],
            Some(ours(Thing::Unpaid)),
        ),
        &terms(),
    );
    assert_eq!(undone, Verdict::default());
    let other = Traded {
        amount_minor: 1,
        settle_minor: 1,
        fee_thousandths: 6,
        ..line
    };
    let wrong = judge(&group(vec![other], Some(ours(Thing::Unpaid))), &terms());
    assert_eq!((wrong.findings[0].kind, wrong.proof), (Type::Amount, None));
}

#[test]
fn a_line_is_a_duplicate_within_a_bill_and_across_bills() {
    let twice = vec![
        traded(Deed::Payment),
        Traded {
            line: 3,
            ..traded(Deed::Payment)
        },
    ];
    let found = judge(&group(twice, Some(ours(Thing::Paid))), &terms()).findings;
    assert_eq!(
        found.iter().map(|f| (f.kind, f.line)).collect::<Vec<_>>(),
        [(Type::DuplicateLine, Some((Uuid::from_u128(1), 3)))]
    );
    let before = Traded {
        earlier: true,
        statement: Uuid::from_u128(9),
        ..traded(Deed::Payment)
    };
    let found = judge(
        &group(vec![before, traded(Deed::Payment)], Some(ours(Thing::Paid))),
        &terms(),
    );
    assert_eq!(found.findings[0].kind, Type::DuplicateLine);
}
