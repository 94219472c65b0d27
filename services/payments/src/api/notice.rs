pub mod get;
pub mod list;
pub mod list_choices;
pub mod publish;

use platform::Caller;

/// Who learns the name of the publisher: those who work with it.
fn is_staff(caller: &Caller) -> bool {
    caller.service().is_some() || (caller.person().is_some() && !caller.is_member())
}
