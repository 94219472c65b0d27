/// What is known after asking a channel. Only `Succeeded` and `Failed` are
/// proof; a time-out, a fault of the channel and an answer whose signature
/// does not hold are `Unknown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    Succeeded(T),
    /// It goes on; ask again.
    Pending,
    /// Definitely not, and it will not happen later.
    Failed(Failure),
    /// It may have happened or not; ask again.
    Unknown(String),
    /// The channel knows nothing by that number, or not yet.
    NotFound,
    /// It hangs at the channel until a person acts there, and may still happen
    /// afterwards. With the channel's own word.
    NeedsPerson(String),
}

impl<T> Outcome<T> {
    /// The same where it is no success, for who asked for something else on the way.
    pub(super) fn without_value<U>(self) -> Outcome<U> {
        self.and_then(|_| Outcome::Unknown("another success".to_owned()))
    }

    /// Whether it is a charge that failed and is to be reversed all the same.
    pub fn is_to_be_reversed(&self) -> bool {
        matches!(
            self,
            Self::Failed(Failure {
                retry: Retry::AfterReversal,
                ..
            })
        )
    }

    /// A success in other words.
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Outcome<U> {
        self.and_then(|value| Outcome::Succeeded(read(value)))
    }

    fn and_then<U>(self, read: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Succeeded(value) => read(value),
            Self::Pending => Outcome::Pending,
            Self::Failed(failure) => Outcome::Failed(failure),
            Self::Unknown(why) => Outcome::Unknown(why),
            Self::NotFound => Outcome::NotFound,
            Self::NeedsPerson(word) => Outcome::NeedsPerson(word),
        }
    }
}

/// A definite no of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The channel's own word, as `PARAM_ERROR`.
    pub code: String,
    pub retry: Retry,
}

/// What may be tried after a definite no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request, with the same number, may succeed later.
    Later,
    /// The channel took the request in and closed it, which ends its number:
    /// only then is another number safe.
    NewNumber,
    /// A charge that the channel wants reversed before it counts as ended.
    AfterReversal,
    /// Not as it stands.
    Never,
}

impl Failure {
    pub fn for_good(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            retry: Retry::Never,
        }
    }

    pub fn closed(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            retry: Retry::NewNumber,
        }
    }

    pub fn to_reverse(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            retry: Retry::AfterReversal,
        }
    }

    pub fn for_now(code: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            retry: Retry::Later,
        }
    }
}
