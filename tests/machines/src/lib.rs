//! The state machines walked (T11): order, payment, refund, recharge and the
//! follower of a feed, over the functions by which the services decide.
//!
//! A machine here is rows, tasks and a network around those functions; it takes
//! every step in every order, loses answers, doubles and delays calls, lets
//! processes die, and looks at every state that this leads to. What it must
//! never see is in `broken` of each machine; that work always can come to an end
//! is found by walking back from the ends.
//!
//! What SQL alone decides stands here as the condition of its statement: the
//! update that reserves a refund, the cursor that moves only from where it is,
//! keys that exist once. Transitions are checked against the migrations.
//!
//! Every machine takes its deciding function as a field, so that the tests can
//! plant a fault in it and see it found: `tests/it` has them all.

pub mod follower;
pub mod purchase;
pub mod recharge;
pub mod refund;
pub mod search;
pub mod tables;
pub mod till;
