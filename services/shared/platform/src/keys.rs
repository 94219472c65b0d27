//! Makes the key material of a new installation, for a laptop, for tests, and
//! for an operator who then moves the files into a secret store. What exists
//! is kept: a key that was replaced by accident would lose data.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::token::generate_keys;

/// Every service that signs tokens of its own and keeps a vault.
pub const SERVICES: [&str; 7] = [
    "members",
    "orders",
    "payments",
    "wallet",
    "refunds",
    "notifications",
    "oversight",
];

/// Where each key lies below one folder.
#[derive(Debug, Clone)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The public keys by which everybody checks tokens: `<kid>.pem`.
    pub fn verify(&self) -> PathBuf {
        self.0.join("verify")
    }

    /// Signs persons' tokens; members alone has it.
    pub fn person(&self) -> PathBuf {
        self.0.join("person.pem")
    }

    /// Signs the id tokens of the development issuer.
    pub fn dev_issuer(&self) -> PathBuf {
        self.0.join("dev-issuer.pem")
    }

    /// Checks the id tokens of the development issuer.
    pub fn dev_issuer_public(&self) -> PathBuf {
        self.0.join("dev-issuer-public.pem")
    }

    /// Signs a service's own tokens.
    pub fn service(&self, name: &str) -> PathBuf {
        self.0.join("services").join(format!("{name}.pem"))
    }

    /// Wraps the data keys of a service's vault.
    pub fn kek(&self, service: &str) -> PathBuf {
        self.0.join("vault").join(format!("{service}.kek"))
    }

    /// Makes the blind indexes of a service.
    pub fn index(&self, service: &str) -> PathBuf {
        self.0.join("vault").join(format!("{service}.index"))
    }

    /// Makes the fingerprints of requests to a service.
    pub fn fingerprint(&self, service: &str) -> PathBuf {
        self.0.join("fingerprint").join(format!("{service}.key"))
    }

    /// A file of the WeChat merchant: see [`WECHAT_FILES`].
    pub fn wechat(&self, file: &str) -> PathBuf {
        self.0.join("wechat").join(file)
    }

    /// A file of the account at Alipay: see [`ALIPAY_FILES`].
    pub fn alipay(&self, file: &str) -> PathBuf {
        self.0.join("alipay").join(file)
    }
}

/// What lies in the folder `alipay`: the application's half, and the half of a
/// simulator that stands in for Alipay.
pub const ALIPAY_FILES: [&str; 4] = [
    "app-private.pem",
    "app-public.pem",
    "alipay-private.pem",
    "alipay-public.pem",
];

/// What lies in the folder `wechat`: the merchant's half, and the half of a
/// channel simulator that stands in for WeChat Pay.
pub const WECHAT_FILES: [&str; 7] = [
    "merchant-private.pem",
    "merchant-public.pem",
    "merchant-serial",
    "platform-private.pem",
    "platform-public.pem",
    "platform-key-id",
    "api-v3-key",
];

/// Why keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("no key could be made")]
    Make,
    #[error("{0} lies there without its other half; move it away or restore the other")]
    Halved(PathBuf),
}

/// Makes every key that `folder` lacks, and says which files it wrote.
pub fn make(folder: &KeyFolder) -> Result<Vec<PathBuf>, KeyError> {
    let mut made = Vec::new();
    token_pair(folder.person(), folder.verify().join("person.pem"), &mut made)?;
    token_pair(folder.dev_issuer(), folder.dev_issuer_public(), &mut made)?;
    for service in SERVICES {
        token_pair(
            folder.service(service),
            folder.verify().join(format!("{service}.pem")),
            &mut made,
        )?;
        for path in [
            folder.kek(service),
            folder.index(service),
            folder.fingerprint(service),
        ] {
            lone(path, || Ok(hex::encode(random::<32>()?)), &mut made)?;
        }
    }
    make_wechat(folder, &mut made)?;
    make_alipay(folder, &mut made)?;
    Ok(made)
}

/// What the merchant's half and the simulator's half of the channel need.
fn make_wechat(folder: &KeyFolder, made: &mut Vec<PathBuf>) -> Result<(), KeyError> {
    for side in ["merchant", "platform"] {
        let private = folder.wechat(&format!("{side}-private.pem"));
        pair(
            private,
            folder.wechat(&format!("{side}-public.pem")),
            rsa_pair,
            made,
        )?;
    }
    lone(
        folder.wechat("merchant-serial"),
        || Ok(hex::encode_upper(random::<20>()?)),
        made,
    )?;
    lone(
        folder.wechat("platform-key-id"),
        || Ok(format!("PUB_KEY_ID_{}", digits(26)?)),
        made,
    )?;
    lone(
        folder.wechat("api-v3-key"),
        || Ok(hex::encode(random::<16>()?)),
        made,
    )
}

/// What the application's half and the simulator's half of the channel need.
fn make_alipay(folder: &KeyFolder, made: &mut Vec<PathBuf>) -> Result<(), KeyError> {
    for side in ["app", "alipay"] {
        let private = folder.alipay(&format!("{side}-private.pem"));
        pair(
            private,
            folder.alipay(&format!("{side}-public.pem")),
            rsa_pair,
            made,
        )?;
    }
    Ok(())
}

type Halves = (String, String);

fn token_pair(private: PathBuf, public: PathBuf, made: &mut Vec<PathBuf>) -> Result<(), KeyError> {
    let generate = || {
        generate_keys()
            .map(|k| (k.private_pem, k.public_pem))
            .map_err(|_| KeyError::Make)
    };
    pair(private, public, generate, made)
}

fn rsa_pair() -> Result<Halves, KeyError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Make)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Make)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError::Make)?;
    Ok((
        pem("PRIVATE KEY", private.as_ref()),
        pem("PUBLIC KEY", public.as_ref()),
    ))
}

fn pair(
    private: PathBuf,
    public: PathBuf,
    generate: impl FnOnce() -> Result<Halves, KeyError>,
    made: &mut Vec<PathBuf>,
) -> Result<(), KeyError> {
    match (private.exists(), public.exists()) {
        (true, true) => return Ok(()),
        (true, false) => return Err(KeyError::Halved(private)),
        (false, true) => return Err(KeyError::Halved(public)),
        (false, false) => {}
    }
    let (private_pem, public_pem) = generate()?;
    write(private, &private_pem, true, made)?;
    write(public, &public_pem, false, made)
}

fn lone(
    path: PathBuf,
    generate: impl FnOnce() -> Result<String, KeyError>,
    made: &mut Vec<PathBuf>,
) -> Result<(), KeyError> {
    if path.exists() {
        Ok(())
    } else {
        write(path, &generate()?, true, made)
    }
}

fn write(path: PathBuf, text: &str, secret: bool, made: &mut Vec<PathBuf>) -> Result<(), KeyError> {
    let failed = |source| KeyError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
    match options
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
    {
        Ok(()) => made.push(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(())
}

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| KeyError::Make)?;
    Ok(bytes)
}

fn digits(count: usize) -> Result<String, KeyError> {
    let bytes = random::<32>()?;
    Ok(bytes
        .iter()
        .take(count)
        .map(|b| char::from(b'0' + b % 10))
        .collect())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = vec![format!("-----BEGIN {label}-----")];
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        lines.push(line.to_owned());
        rest = after;
    }
    lines.push(format!("-----END {label}-----\n"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Signer, Verifier};
    use crate::vault::Vault;
    use std::time::Duration;

    fn empty() -> PathBuf {
        std::env::temp_dir().join(format!("studio-keys-{}", kernel::fresh_uuid()))
    }

    #[test]
    fn the_keys_that_are_made_fit_each_other_and_making_again_keeps_them() {
        let path = empty();
        let folder = KeyFolder::new(&path);
        assert!(make(&folder).unwrap().len() > 30);
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
        let signer = Signer::from_pem("orders", &read(folder.service("orders"))).unwrap();
        let token = signer.service(Duration::from_mins(1)).unwrap();
        let verifier = Verifier::from_folder("studio", &folder.verify()).unwrap();
        assert_eq!(verifier.service(&token), Ok("orders".to_owned()));
        assert!(Vault::from_files(&folder.kek("members"), &folder.index("members")).is_ok());
        for file in WECHAT_FILES {
            assert!(folder.wechat(file).exists(), "{file}");
        }
        for file in ALIPAY_FILES {
            assert!(folder.alipay(file).exists(), "{file}");
        }
        assert_eq!(read(folder.wechat("api-v3-key")).len(), 32);
        assert_eq!(make(&folder).unwrap(), Vec::<PathBuf>::new());
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn half_a_pair_is_reported_and_never_overwritten() {
        let path = empty();
        let folder = KeyFolder::new(&path);
        make(&folder).unwrap();
        std::fs::remove_file(folder.verify().join("person.pem")).unwrap();
        assert!(matches!(make(&folder), Err(KeyError::Halved(half)) if half == folder.person()));
        std::fs::remove_dir_all(path).unwrap();
    }
}
