//! Files for spreadsheets: CSV in UTF-8, sent in pieces.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use platform::Error;

use crate::domain::statement::figures;

/// Spreadsheets take a file for UTF-8 only with it.
pub const BOM: &str = "\u{feff}";

/// Makes the next piece of what is left, if there is one.
type Next<R, T> = for<'a> fn(&'a mut R) -> BoxFuture<'a, Result<Option<T>, Error>>;

/// The pieces of a file, made one at a time as they are taken.
pub struct Pieces<T>(BoxStream<'static, Result<T, Error>>);

impl<T: Send + 'static> Pieces<T> {
    /// The first, and those that `next` makes of what is left, until it makes none.
    pub fn after<R: Send + 'static>(first: T, rest: R, next: Next<R, T>) -> Self {
        let rest = stream::try_unfold(rest, move |mut rest| async move {
            Ok(next(&mut rest).await?.map(|piece| (piece, rest)))
        });
        Self(stream::once(async move { Ok(first) }).chain(rest).boxed())
    }
}

impl<T> Stream for Pieces<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

pub fn line(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    fields.join(",") + "\r\n"
}

/// A text that a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(field: &str) -> String {
    let figure = figures::scaled(field, 5).is_some();
    let guard = if !figure && field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if field.contains([',', '"', '\r', '\n']) || !guard.is_empty() {
        format!("\"{guard}{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_text_to_every_spreadsheet() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("-12.50"), "-12.50");
        assert_eq!(quoted("年卡"), "年卡");
    }
}
