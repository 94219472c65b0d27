use std::fmt;

/// A field of a request that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadField {
    /// Path in the request, as `amount.currency`.
    pub field: String,
    /// What is wanted, for a person; never the value itself, which may be personal data.
    pub description: String,
}

impl BadField {
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }
}

/// Every bad field of one request at once, never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid(pub Vec<BadField>);

impl From<BadField> for Invalid {
    fn from(field: BadField) -> Self {
        Self(vec![field])
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, bad) in self.0.iter().enumerate() {
            write!(
                f,
                "{}{}: {}",
                if at == 0 { "" } else { "; " },
                bad.field,
                bad.description
            )?;
        }
        Ok(())
    }
}
