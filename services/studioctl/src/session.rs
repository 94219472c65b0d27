//! Who is signed in, kept in one file of the user's own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use kernel::{Clock, Timestamp, from_proto_time};
use proto::studio::members::v1::issue_id_token_request::Subject;
use proto::studio::members::v1::{ExchangeTokenRequest, IssueIdTokenRequest, PlatformToken};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::house::House;

/// A token that ends sooner is fetched anew.
const LEAST_LIFE_S: i64 = 60;

/// Where the session is kept.
#[derive(Debug, Clone, Args)]
pub struct StateFolder {
    /// Folder of the session file [default: .studio above here, else ~/.local/state/studio].
    #[arg(
        id = "state_folder",
        long = "state-folder",
        global = true,
        env = "STUDIO_STATE",
        value_name = "FOLDER"
    )]
    folder: Option<PathBuf>,
    #[arg(long, hide = true, global = true, env = "XDG_STATE_HOME")]
    xdg_state_home: Option<PathBuf>,
    #[arg(long, hide = true, global = true, env = "HOME")]
    home: Option<PathBuf>,
}

impl StateFolder {
    fn session_file(&self) -> PathBuf {
        let here = std::env::current_dir().ok();
        let beside = here
            .iter()
            .flat_map(|here| here.ancestors())
            .map(|a| a.join(".studio"))
            .find(|f| f.is_dir());
        let xdg = self
            .xdg_state_home
            .clone()
            .or_else(|| self.home.as_ref().map(|h| h.join(".local/state")));
        let folder = self
            .folder
            .clone()
            .or(beside)
            .or_else(|| xdg.map(|x| x.join("studio")));
        folder.unwrap_or_else(|| PathBuf::from(".")).join("session.json")
    }
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub who: Who,
    pub token: String,
    pub person_id: String,
    pub roles: Vec<String>,
    pub expire_at: Timestamp,
}

/// Whom to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Account(String),
    Phone(String),
    Person(String),
}

impl Who {
    /// A role of the demo, as `customer-service`, an account, or a member's phone.
    pub fn read(text: &str) -> Self {
        if text.contains('@') {
            return Self::Account(text.to_owned());
        }
        let digits = text.trim_start_matches("+86");
        if digits.len() == 11 && digits.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Phone(digits.to_owned());
        }
        if text.parse::<uuid::Uuid>().is_ok() {
            return Self::Person(text.to_owned());
        }
        Self::Account(format!(
            "{}@studio.example",
            text.replace('_', "-").to_lowercase()
        ))
    }
}

/// Signs somebody in through the development issuer.
pub async fn sign_in(house: &House, who: Who) -> Result<Session, Failure> {
    let subject = match who.clone() {
        Who::Account(account) => Subject::Account(account),
        Who::Phone(phone) => Subject::Phone(phone),
        Who::Person(person) => Subject::PersonId(person),
    };
    let id_token = house
        .ask(IssueIdTokenRequest {
            subject: Some(subject),
        })
        .await?
        .id_token;
    let token = house.ask(ExchangeTokenRequest { id_token }).await?.token;
    session(who, token)
}

/// The session that a platform token gives.
pub fn session(who: Who, token: Option<PlatformToken>) -> Result<Session, Failure> {
    let token = token.ok_or_else(|| Failure::new("members answered without a token"))?;
    Ok(Session {
        who,
        roles: token
            .roles()
            .map(|role| role.as_str_name().trim_start_matches("ROLE_").to_lowercase())
            .collect(),
        expire_at: from_proto_time(token.expire_at.as_ref()).unwrap_or_else(Clock::real),
        person_id: token.person_id,
        token: token.token,
    })
}

impl Session {
    pub fn is_fresh(&self) -> bool {
        self.expire_at - Clock::real() > chrono::Duration::seconds(LEAST_LIFE_S)
    }
}

/// The session that was kept, if any.
pub fn kept(folder: &StateFolder) -> Option<Session> {
    let text = fs::read_to_string(folder.session_file()).ok()?;
    serde_json::from_str(&text).ok()
}

/// Keeps a session for the next command, readable by its user alone.
pub fn keep(folder: &StateFolder, session: &Session) -> Result<(), Failure> {
    let path = folder.session_file();
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let text = serde_json::to_string_pretty(session).map_err(|e| Failure::new(e.to_string()))?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)?;
    Ok(file.write_all(text.as_bytes())?)
}

pub fn forget(folder: &StateFolder) -> Result<(), Failure> {
    remove(&folder.session_file())
}

fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_an_account_a_phone_and_an_id_are_told_apart() {
        assert_eq!(
            Who::read("customer_service"),
            Who::Account("customer-service@studio.example".to_owned())
        );
        assert_eq!(
            Who::read("reviewer-2"),
            Who::Account("reviewer-2@studio.example".to_owned())
        );
        assert_eq!(Who::read("lin@chain.cn"), Who::Account("lin@chain.cn".to_owned()));
        assert_eq!(Who::read("+8615400010007"), Who::Phone("15400010007".to_owned()));
        let id = "0192f0c1-2345-7abc-8def-0123456789ab";
        assert_eq!(Who::read(id), Who::Person(id.to_owned()));
    }

    #[test]
    fn a_session_is_kept_read_and_forgotten() {
        let folder = std::env::temp_dir().join(kernel::fresh_uuid().to_string());
        let folder = StateFolder {
            folder: Some(folder),
            xdg_state_home: None,
            home: None,
        };
        let session = Session {
            who: Who::read("reviewer"),
            token: "t".to_owned(),
            person_id: "p".to_owned(),
            roles: vec!["reviewer".to_owned()],
            expire_at: Clock::real(),
        };
        keep(&folder, &session).unwrap();
        assert_eq!(kept(&folder), Some(session));
        forget(&folder).unwrap();
        assert_eq!(kept(&folder), None);
    }
}
