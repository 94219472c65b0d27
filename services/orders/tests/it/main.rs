//! Orders on a real database, its peers played by small servers.
#![cfg(test)]
