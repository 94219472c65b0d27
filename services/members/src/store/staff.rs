//! Staff, their accounts and grants. Not bound to a studio: what a caller
//! sees of them goes by the nodes of the grants.

mod grants;
mod members;
mod reviews;

pub use grants::{admins, grants_of, has_admin, insert_grant, lock_grant, revoke};
pub use members::{
    add_account, add_staff, find_account, find_by_number, is_staff, list, names_and_accounts, rename,
    staff_name,
};
pub use reviews::{Figures, Filter, certify, figures, list_grants, named, to_name, used};
