//! Cards and their benefits.

pub(super) mod activate_card;
pub(super) mod activate_card_at_desk;
pub(super) mod check_benefit;
pub(super) mod get_benefits;
pub(super) mod get_card;
pub(super) mod hold_benefit;
pub(super) mod list_cards;
pub(super) mod open_card;
pub(super) mod redeem_benefit;
pub(super) mod release_benefit;
pub(super) mod request_activation_code;
pub(super) mod revoke_benefits;

mod activation;
mod terms;
mod view;

pub(super) use activation::begun;
pub(super) use view::benefit_view;
use view::card_view;
