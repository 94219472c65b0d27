//! What became true of an order, as others read it. Facts are kept for ever and
//! by everybody, so they hold ids and codes and nothing that a person wrote.

use kernel::{RefundCaseId, to_proto_time};
use platform::Fact;
use proto::studio::orders::v1 as pb;
use proto::studio::orders::v1::orders_event::Fact as F;

use crate::domain::catalogue::Version;
use crate::domain::order::{
    Cause, Change, Deadline, Decided, Due, Method, Next, Order, Quote, State, Step, Taken,
};

type Published = Fact<pb::OrdersEvent>;

/// Fills in what every fact of an order carries.
macro_rules! of {
    ($order:expr, $kind:ident { $($field:ident : $value:expr),* $(,)? }) => {
        pb::$kind {
            order_id: $order.id.to_string(),
            order_number: $order.number.as_ref().map(ToString::to_string).unwrap_or_default(),
            person_id: $order.person.to_string(),
            studio_id: $order.studio.to_string(),
            $($field: $value,)*
        }
    };
}

fn about(order: &Order, fact: F) -> Published {
    Fact::new(order.id, order.version, pb::OrdersEvent { fact: Some(fact) })
}

/// A product got a version.
pub fn version_published(version: &Version) -> Published {
    let terms = &version.terms;
    let fact = F::ProductVersionPublished(pb::ProductVersionPublished {
        product_id: terms.product.to_string(),
        code: terms.code.clone(),
        version: version.number,
        price: Some(terms.price.into()),
        effective_from: Some(to_proto_time(version.effective_from)),
    });
    Fact::new(
        terms.product,
        i64::from(version.number),
        pb::OrdersEvent { fact: Some(fact) },
    )
}

/// The facts that follow from the steps of a change alone: those of review,
/// acceptance and the end of an order without money.
pub fn of(change: &Change, quote: Option<&Quote>) -> Vec<Published> {
    change
        .steps
        .iter()
        .filter_map(|taken| of_step(&change.order, taken, quote))
        .map(|f| about(&change.order, f))
        .collect()
}

fn of_step(order: &Order, taken: &Taken, quote: Option<&Quote>) -> Option<F> {
    Some(match taken.step {
        Step::Submitted => F::OrderSubmitted(of!(
            order,
            OrderSubmitted {
                product_id: order.product.map(|p| p.to_string()).unwrap_or_default(),
                act_by: order.act_by.map(to_proto_time),
            }
        )),
        Step::InformationRequested => F::InformationRequested(of!(order, InformationRequested {})),
        Step::InformationProvided => F::InformationProvided(of!(order, InformationProvided {})),
        Step::FirstReviewPassed => F::OrderFirstReviewPassed(of!(
            order,
            OrderFirstReviewPassed {
                first_reviewer: id(order.first_reviewer),
            }
        )),
        Step::QuoteIssued => quote_issued(order, quote?),
        Step::Approved => approved(order, quote?),
        step => return decided(order, step),
    })
}

/// What the review department or the member decided.
fn decided(order: &Order, step: Step) -> Option<F> {
    Some(match step {
        Step::SubmittedForApproval => F::OrderSubmittedForApproval(of!(
            order,
            OrderSubmittedForApproval {
                quote_id: quote_id(order),
                submitted_by: id(order.submitted_by),
            }
        )),
        Step::Rejected => F::OrderRejected(of!(
            order,
            OrderRejected {
                approver: id(order.approver),
                policy_version: order.policy_version.clone(),
            }
        )),
        Step::SentBack | Step::QuoteExpired | Step::ChangeRequested => sent_back(order, step),
        Step::Declined => F::OrderDeclined(of!(
            order,
            OrderDeclined {
                quote_id: quote_id(order)
            }
        )),
        _ => return None,
    })
}

fn id(person: Option<kernel::PersonId>) -> String {
    person.map(|p| p.to_string()).unwrap_or_default()
}

fn quote_id(order: &Order) -> String {
    order.quote.as_ref().map(|q| q.id.to_string()).unwrap_or_default()
}

fn quote_issued(order: &Order, quote: &Quote) -> F {
    F::QuoteIssued(of!(
        order,
        QuoteIssued {
            quote_id: quote.id.to_string(),
            product_id: quote.version.terms.product.to_string(),
            product_version: quote.version.number,
            amount: Some(quote.amount.into()),
            quote_hash: quote.hash.clone(),
            valid_until: Some(to_proto_time(quote.valid_until)),
        }
    ))
}

fn approved(order: &Order, quote: &Quote) -> F {
    F::OrderApproved(of!(
        order,
        OrderApproved {
            quote_id: quote.id.to_string(),
            amount: Some(quote.amount.into()),
            approver: id(order.approver),
            policy_version: order.policy_version.clone(),
            accept_by: order.accept_by.map(to_proto_time),
        }
    ))
}

fn sent_back(order: &Order, step: Step) -> F {
    let sent_by = match step {
        Step::SentBack => id(order.approver),
        Step::ChangeRequested => order.person.to_string(),
        _ => String::new(),
    };
    F::OrderSentBack(of!(
        order,
        OrderSentBack {
            sent_by: sent_by,
            change_requested: step == Step::ChangeRequested,
        }
    ))
}

/// The member accepted; these dues are owed.
pub fn confirmed(order: &Order, quote: &Quote, dues: &[Due]) -> Published {
    about(
        order,
        F::OrderConfirmed(of!(
            order,
            OrderConfirmed {
                quote_id: quote.id.to_string(),
                amount: Some(quote.amount.into()),
                terms_version: quote.terms_version.clone(),
                legal_entity_id: order.legal_entity.to_string(),
                due_ids: dues.iter().map(|d| d.id.to_string()).collect(),
                pay_by: order.pay_by.map(to_proto_time),
            }
        )),
    )
}

/// The order is paid by its last due.
fn paid(order: &Order, due: &Due) -> Published {
    about(
        order,
        F::OrderPaid(of!(
            order,
            OrderPaid {
                due_id: due.id.to_string(),
                amount: Some(due.amount.into()),
                method: method(due.method).into(),
                payment_id: due.payment.map(|p| p.to_string()).unwrap_or_default(),
                legal_entity_id: due.legal_entity.to_string(),
                paid_at: due.paid_at.map(to_proto_time),
            }
        )),
    )
}

pub fn method(method: Option<Method>) -> pb::PaymentMethod {
    match method {
        None => pb::PaymentMethod::Unspecified,
        Some(Method::WechatNative) => pb::PaymentMethod::WechatNative,
        Some(Method::WechatCodepay) => pb::PaymentMethod::WechatCodepay,
        Some(Method::WechatJsapi) => pb::PaymentMethod::WechatJsapi,
        Some(Method::AlipayQr) => pb::PaymentMethod::AlipayQr,
        Some(Method::AlipayBarcode) => pb::PaymentMethod::AlipayBarcode,
        Some(Method::Cash) => pb::PaymentMethod::Cash,
        Some(Method::CardTerminal) => pb::PaymentMethod::CardTerminal,
        Some(Method::BankTransfer) => pb::PaymentMethod::BankTransfer,
        Some(Method::Wallet) => pb::PaymentMethod::Wallet,
    }
}

/// The card is open.
fn fulfilled(order: &Order) -> Published {
    about(
        order,
        F::OrderFulfilled(of!(
            order,
            OrderFulfilled {
                card_id: order.card.map(|c| c.to_string()).unwrap_or_default(),
                product_id: order.product.map(|p| p.to_string()).unwrap_or_default(),
            }
        )),
    )
}

/// The money of a due has to go back.
fn unfulfillable(order: &Order, due: &Due, cause: Cause) -> Published {
    let cause = match cause {
        Cause::CardRefused => pb::UnfulfillableCause::CardRefused,
        Cause::Cancelled => pb::UnfulfillableCause::Cancelled,
        Cause::Expired => pb::UnfulfillableCause::Expired,
        Cause::PaidTwice => pb::UnfulfillableCause::PaidTwice,
        Cause::WrongAmount => pb::UnfulfillableCause::WrongAmount,
    };
    about(
        order,
        F::OrderUnfulfillable(of!(
            order,
            OrderUnfulfillable {
                due_id: due.id.to_string(),
                amount: Some(due.amount.into()),
                cause: cause.into(),
                surplus: due.surplus,
            }
        )),
    )
}

/// What a decision about an order's payment makes true.
pub fn of_decided(decided: &Decided) -> Vec<Published> {
    let order = &decided.order;
    let told = decided.next.iter().filter_map(|next| match next {
        Next::TellPaid(due) => Some(paid(order, due)),
        Next::TellUnusable(due, cause) => Some(unfulfillable(order, due, *cause)),
        Next::TellFulfilled => Some(fulfilled(order)),
        Next::TellEnded { by, deadline } => ended(order, *by, *deadline),
        Next::ShowQr(_) | Next::Spend(_) | Next::TakeBack(_) | Next::OpenCard => None,
    });
    let stepped = decided.change.iter().flat_map(|change| of(change, None));
    stepped.chain(told).collect()
}

/// The order ended unpaid; `None` when it has not ended.
fn ended(order: &Order, by: Option<kernel::PersonId>, deadline: Option<Deadline>) -> Option<Published> {
    let fact = match order.state {
        State::Cancelled => F::OrderCancelled(of!(order, OrderCancelled { cancelled_by: id(by) })),
        State::Expired => {
            let deadline = match deadline.unwrap_or(Deadline::Payment) {
                Deadline::Draft => pb::Deadline::Draft,
                Deadline::Information => pb::Deadline::Information,
                Deadline::Quote => pb::Deadline::Quote,
                Deadline::Acceptance => pb::Deadline::Acceptance,
                Deadline::Payment => pb::Deadline::Payment,
            };
            F::OrderExpired(of!(
                order,
                OrderExpired {
                    deadline: deadline.into()
                }
            ))
        }
        _ => return None,
    };
    Some(about(order, fact))
}

/// Money of the order went back.
pub fn refund_recorded(order: &Order, case: RefundCaseId, amount: kernel::Amount) -> Published {
    about(
        order,
        F::OrderRefundRecorded(of!(
            order,
            OrderRefundRecorded {
                case_id: case.to_string(),
                amount: Some(amount.into()),
                refunded: Some(order.refunded.into()),
            }
        )),
    )
}

/// Nobody acted on the order in time.
pub fn overdue(order: &Order) -> Published {
    about(
        order,
        F::OrderOverdue(of!(
            order,
            OrderOverdue {
                state: crate::api::show::state(order.state).into(),
                act_by: order.act_by.map(to_proto_time),
            }
        )),
    )
}
