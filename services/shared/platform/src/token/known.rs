//! Tokens that were found good a moment ago. Who calls often shows the same
//! token each time, and checking its signature costs more than many a call.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use hashlink::LruCache;

use super::PersonToken;
use super::verify::LEEWAY_S;

/// How many are remembered; the one that was not seen for the longest time goes.
const MOST: usize = 4_096;

/// Who speaks by a token.
#[derive(Debug, Clone)]
pub(super) enum Speaker {
    Person(PersonToken),
    Service(String),
}

/// Good tokens by their digests, each until it expires. A verifier has its own,
/// so that a key that is taken away takes what it signed along.
pub(super) struct Known(Mutex<LruCache<Vec<u8>, (u64, Speaker)>>);

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Known {
    /// Who speaks by it, if it was found good and has not expired since.
    pub fn speaker(&self, token: &str) -> Option<Speaker> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (expires, speaker) = known.get(digest_of(token).as_slice())?;
        (super::now() <= *expires + LEEWAY_S).then(|| speaker.clone())
    }

    /// Remembers what was verified.
    pub fn keep(&self, token: &str, expires: u64, speaker: Speaker) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(digest_of(token), (expires, speaker));
    }
}

fn digest_of(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(known: &Known, token: &str) -> Option<String> {
        match known.speaker(token)? {
            Speaker::Service(name) => Some(name),
            Speaker::Person(_) => None,
        }
    }

    #[test]
    fn a_token_is_known_to_the_letter_and_until_it_expires() {
        let (known, now) = (Known::default(), super::super::now());
        known.keep("good", now + 60, Speaker::Service("orders".to_owned()));
        known.keep("old", now - LEEWAY_S - 1, Speaker::Service("orders".to_owned()));
        assert_eq!(service(&known, "good"), Some("orders".to_owned()));
        assert_eq!(service(&known, "gooD"), None);
        assert_eq!(service(&known, "old"), None);
    }

    #[test]
    fn the_token_that_was_not_seen_for_the_longest_time_is_forgotten() {
        let (known, until) = (Known::default(), super::super::now() + 60);
        for n in 0..=MOST {
            known.keep(&n.to_string(), until, Speaker::Service(n.to_string()));
            assert!(service(&known, "0").is_some() || n > MOST);
        }
        assert_eq!(service(&known, "1"), None);
        assert_eq!(service(&known, "2"), Some("2".to_owned()));
    }
}
