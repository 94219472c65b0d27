//! Codes on counters as the contract writes them.

use kernel::{Timestamp, to_proto_time};
use proto::studio::payments::v1 as pb;

use super::mirrored;
use crate::domain::counter_code::{Channel, CounterCode, State};

mirrored!(Channel, CodeChannel { Wechat, Alipay });

impl From<State> for pb::CodeState {
    fn from(state: State) -> Self {
        match state {
            State::Up => Self::Up,
            State::Replaced => Self::Replaced,
            State::Down => Self::Down,
        }
    }
}

pub fn code(kept: &CounterCode, now: Timestamp) -> pb::CounterCode {
    pb::CounterCode {
        code_id: kept.id.to_string(),
        studio_id: kept.studio.to_string(),
        channel: pb::CodeChannel::from(kept.channel).into(),
        place: kept.place.clone(),
        number: kept.number,
        digest: kept.digest.clone(),
        state: pb::CodeState::from(kept.state).into(),
        put_up_by: kept.put_up_by.to_string(),
        put_up_at: Some(to_proto_time(kept.put_up_at)),
        checked_at: kept.checked_at.map(to_proto_time),
        check_by: Some(to_proto_time(kept.check_by)),
        overdue: kept.is_overdue(now),
        suspected_at: kept.suspected_at.map(to_proto_time),
        version: kept.version,
    }
}
