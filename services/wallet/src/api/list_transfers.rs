use kernel::PersonId;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::{get_wallet, view};
use crate::domain::Refusal;
use crate::{App, store};

/// A page of a wallet's statement, the newest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListTransfersRequest,
) -> Result<pb::ListTransfersResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let page = Page::parse(request.page_size, &request.page_token)?;

    let mut tx = get_wallet::reader(app, caller, person).await?;
    let wallet = store::wallets::find(&mut tx, person)
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    let lines = store::journal::statement(&mut tx, wallet.id, &page).await?;

    let (lines, next_page_token) = page.cut(lines, |line| line.transfer);
    Ok(pb::ListTransfersResponse {
        transfers: lines.into_iter().map(view::transfer).collect(),
        next_page_token,
    })
}
