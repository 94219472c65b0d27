//! Staff, their accounts and grants. Not bound to a studio: what a caller
//! sees of them goes by the nodes of the grants.

mod grants;
mod members;

pub use grants::{Filter, admins, grants_of, has_admin, insert_grant, list_grants, lock_grant, revoke};
pub use members::{
    add_account, add_staff, find_account, find_by_number, is_staff, list, names_and_accounts, rename,
    staff_name,
};
