//! Static codes on studios' counters.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::{Desk, studio as studio_of};
use crate::cli::Counters;
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{table, time, word};

/// Who scans.
const DESK: &str = "front-desk";
/// Who puts codes up.
const STAFF: &str = "finance-staff";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Counters) -> Result<(), Failure> {
    let request_id = request_id();
    let code = match command {
        Counters::List { overdue, suspected } => {
            let request = pb::ListCodesRequest {
                overdue,
                suspected,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = desk.enter(STAFF).await?.ask(request).await?;
            return desk
                .output
                .reply::<pb::ListCodesRequest>(&reply, |r| listed(&r.codes));
        }
        Counters::PutUp {
            studio,
            channel,
            place,
            content,
        } => {
            let house = desk.enter(STAFF).await?;
            let request = pb::PutUpCodeRequest {
                request_id,
                studio_id: studio_of(&house, &studio).await?,
                channel: pb::CodeChannel::from(channel).into(),
                place,
                content,
            };
            house.ask(request).await?.code
        }
        Counters::Check { code_id, content } => {
            let request = pb::CheckCodeRequest {
                request_id,
                code_id,
                content,
            };
            let reply = desk.enter(DESK).await?.ask(request).await?;
            if !reply.same {
                return Err(
                    Failure::new("another code stands there than the one that was put up")
                        .hint("take it away at once; finance and the technicians were told"),
                );
            }
            reply.code
        }
        Counters::TakeDown { code_id } => {
            let request = pb::TakeDownCodeRequest { request_id, code_id };
            desk.enter(STAFF).await?.ask(request).await?.code
        }
    };
    let reply = pb::TakeDownCodeResponse { code };
    desk.output
        .reply::<pb::TakeDownCodeRequest>(&reply, |r| listed(r.code.as_slice()))
}

fn listed(codes: &[pb::CounterCode]) -> Table {
    let mut rows = table([
        "code", "studio", "channel", "place", "number", "checked", "check by", "state",
    ]);
    for code in codes {
        let state = if code.suspected_at.is_some() {
            "SUSPECTED".to_owned()
        } else if code.overdue {
            "OVERDUE".to_owned()
        } else {
            word(code.state().as_str_name(), "CODE_STATE_")
        };
        rows.add_row([
            code.code_id.clone(),
            code.studio_id.clone(),
            word(code.channel().as_str_name(), "CODE_CHANNEL_"),
            code.place.clone(),
            code.number.to_string(),
            time(code.checked_at.as_ref()),
            time(code.check_by.as_ref()),
            state,
        ]);
    }
    rows
}
