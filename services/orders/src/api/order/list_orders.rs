use kernel::{PersonId, StudioId};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::App;
use crate::domain::order::State;
use crate::store::list::{self, Filter, Key};

/// Answers a page of orders within the caller's reach.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListOrdersRequest,
) -> Result<pb::ListOrdersResponse, Error> {
    let page = Page::<Key>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        longest_first: request.queue() != pb::Queue::Unspecified,
        states: states(&request),
        studio: sale::optional(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        person: sale::optional(&request.person_id, |id| PersonId::parse("person_id", id))?,
        overdue_at: request.overdue.then(|| app.clock.now()),
    };
    let own = caller.person().filter(|person| caller.reaches_own(*person));

    let mut tx = app.begin(caller).await?;
    let rows = list::page(&mut tx, caller.studios(), own, &filter, &page).await?;
    let (orders, next_page_token) = page.cut(rows, |order| list::key(&filter, order));
    let orders = orders.iter().map(|order| show::order(order, None, &[])).collect();
    Ok(pb::ListOrdersResponse {
        orders,
        next_page_token,
    })
}

/// The states wanted: those of the queue, further narrowed by those named.
fn states(request: &pb::ListOrdersRequest) -> Vec<State> {
    let queue = queue(request.queue());
    let named: Vec<State> = request.states().filter_map(show::state_of).collect();
    match (queue.is_empty(), named.is_empty()) {
        (_, true) => queue.to_vec(),
        (true, false) => named,
        (false, false) => queue.iter().copied().filter(|s| named.contains(s)).collect(),
    }
}

fn queue(queue: pb::Queue) -> &'static [State] {
    match queue {
        pb::Queue::Unspecified => &[],
        pb::Queue::FirstReview => &[State::Submitted],
        pb::Queue::Information => &[State::InformationNeeded],
        pb::Queue::ToSubmit => &[State::FirstReviewPassed, State::SentBack],
        pb::Queue::Approval => &[State::InReview],
        pb::Queue::Acceptance => &[State::Approved],
        pb::Queue::Payment => &[State::Confirmed, State::Cancelling],
        pb::Queue::Fulfilment => &[State::Paid],
    }
}
