pub mod redirect;
pub mod send;
