//! Each machine's whole space, and faults planted in its deciding function, of
//! which each has to be found.
#![cfg(test)]

mod follower;
mod purchase;
mod recharge;
mod refund;

use std::time::Instant;

use machines::search::{Fault, Machine, Space, search};

/// Searches a whole space, in which nothing may be wrong.
fn walk(name: &str, machine: &impl Machine) -> Space {
    let begun = Instant::now();
    match search(machine) {
        Ok(space) => {
            println!("{name}: {space:?} in {:?}", begun.elapsed());
            space
        }
        Err(fault) => panic!("{name}: {fault}"),
    }
}

/// Searches a machine with a fault planted in it, which has to show like this.
fn finds(machine: &impl Machine, what: &str) -> Fault {
    let fault = search(machine).expect_err("the planted fault was not found");
    println!("{}\n  by {}", fault.what, fault.way.join(", "));
    assert!(fault.what.contains(what), "{fault}");
    fault
}
