use chrono_tz::Asia::Shanghai;
use kernel::{LegalEntityId, PaymentId, StudioId, Timestamp};
use platform::page::Page;
use platform::vault::Sealed;
use platform::{Caller, Error, Platform, ReadTx};
use proto::studio::payments::v1 as pb;

use super::period;
use crate::App;
use crate::api::given;
use crate::csv::{BOM, Pieces, line};
use crate::domain::statement::figures;
use crate::reactions::payer::NAME;
use crate::store::payment::{self, Filter, Listed, Order};

const COLUMNS: [&str; 15] = [
    "paid_at",
    "amount",
    "payer",
    "method",
    "channel_number",
    "channel_transaction",
    "receipt",
    "studio",
    "legal_entity",
    "purpose",
    "due",
    "payment",
    "refund_reserved",
    "refunded",
    "captured_at",
];

/// Streams payments, the earliest first, page by page.
#[tracing::instrument(name = "payments.export_payments", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ExportPaymentsRequest,
) -> Result<Pieces<pb::ExportPaymentsResponse>, Error> {
    let (from, to) = period(&request.from_day, &request.to_day)?;
    let filter = Filter {
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        legal_entity: given(&request.legal_entity_id, |id| {
            LegalEntityId::parse("legal_entity_id", id)
        })?,
        from: Some(figures::start(from)),
        before: Some(figures::start(to + chrono::Days::new(1))),
        ..Filter::default()
    };
    let rest = Rest {
        platform: app.platform.clone(),
        caller: caller.clone(),
        filter,
        token: Some(String::new()),
    };
    let head = BOM.to_owned() + &line(&COLUMNS.map(str::to_owned));
    Ok(Pieces::after(piece(head), rest, |rest| Box::pin(rest.next())))
}

struct Rest {
    platform: Platform,
    caller: Caller,
    filter: Filter,
    /// Of the next page; nothing after the last.
    token: Option<String>,
}

impl Rest {
    async fn next(&mut self) -> Result<Option<pb::ExportPaymentsResponse>, Error> {
        let Some(token) = self.token.take() else {
            return Ok(None);
        };
        let page = Page::<(Timestamp, PaymentId)>::parse(200, &token)?;
        let reach = (self.caller.studios(), self.caller.person());
        let mut tx = self.platform.begin(&self.caller).await?;
        let rows = payment::list(&mut tx, reach, &self.filter, Order::EarliestFirst, &page).await?;
        let (rows, next) = page.cut(rows, |row| (row.payment.paid_at, row.payment.id));
        self.token = (!next.is_empty()).then_some(next);
        let mut text = String::new();
        for row in &rows {
            let payer = self.payer(&mut tx, row).await?;
            text += &line(&self.row(row, payer));
        }
        Ok(Some(piece(text)))
    }

    /// The name in full while somebody can read it, else as it is masked.
    async fn payer(&self, tx: &mut ReadTx, row: &Listed) -> Result<String, Error> {
        let sealed = row.payer.name.clone().map(|bytes| Sealed { bytes });
        let name = match sealed {
            Some(sealed) => {
                let owner = row.payment.claim.person_id;
                self.platform.vault().open_words(tx, owner, NAME, &sealed).await?
            }
            None => String::new(),
        };
        Ok(match name.as_str() {
            "" => row.payer.masked.clone().unwrap_or_default(),
            _ => name,
        })
    }

    fn row(&self, row: &Listed, payer: String) -> [String; 15] {
        let (payment, organisation) = (&row.payment, self.platform.organisation());
        let claim = &payment.claim;
        let node = |id: kernel::NodeId| organisation.node(id).map(|node| node.name).unwrap_or_default();
        let time = |at: Timestamp| {
            at.with_timezone(&Shanghai)
                .format("%Y-%m-%d %H:%M:%S")
                .to_string()
        };
        [
            time(payment.paid_at),
            kernel::yuan_text(claim.amount.minor()),
            payer,
            payment.method.word().to_owned(),
            payment.number.to_string(),
            payment.transaction.clone(),
            row.receipt_number.clone().unwrap_or_default(),
            node(claim.studio_id.0.into()),
            node(claim.legal_entity_id.0.into()),
            claim.purpose.word().to_owned(),
            claim.due_id.to_string(),
            payment.id.to_string(),
            kernel::yuan_text(payment.refund_reserved.minor()),
            kernel::yuan_text(payment.refunded.minor()),
            time(payment.captured_at),
        ]
    }
}

fn piece(text: String) -> pb::ExportPaymentsResponse {
    pb::ExportPaymentsResponse {
        content: text.into_bytes(),
    }
}
