/// A text to which a person says yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    Terms,
    Privacy,
    Marketing,
}

impl Document {
    /// As it is kept: `terms`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terms => "terms",
            Self::Privacy => "privacy",
            Self::Marketing => "marketing",
        }
    }
}

/// A yes or no to one version of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub document: Document,
    pub version: String,
    pub given: bool,
}
