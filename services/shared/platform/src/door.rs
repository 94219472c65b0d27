//! What every call passes on its way in: trace, deadline, limits, access, and
//! for writes a task of their own, which ends although the caller goes away.

mod answer;
mod certificate;
mod deadline;
mod limit;
mod pass;
mod remote;
mod stream;

pub(crate) use answer::answer_platform;
pub use answer::{Answers, Handler, answer, answer_stream};
#[cfg(test)]
pub(crate) use deadline::within;
pub(crate) use deadline::{asked, remaining};
pub(crate) use pass::{Door, Doorway};

#[cfg(test)]
mod tests;
