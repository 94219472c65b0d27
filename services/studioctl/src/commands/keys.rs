use std::path::Path;

use platform::keys::{KeyFolder, make};

use crate::failure::Failure;

/// Makes the keys that a folder lacks.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let made = make(&KeyFolder::new(folder)).map_err(|e| Failure::new(platform::telemetry::chain(&e)))?;
    for path in &made {
        println!("{}", path.display());
    }
    eprintln!("{} files made, what was there is kept", made.len());
    Ok(())
}
