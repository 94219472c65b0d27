//! An archive as the channel makes it: names in GBK that do not say so.

use std::io::Write as _;

use anyhow::Result;
use encoding_rs::GBK;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// Packs entries by name.
pub fn pack(entries: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let (at, common, name, packed) = (
            u32::try_from(archive.len())?,
            header(bytes),
            GBK.encode(name).0,
            packed(bytes)?,
        );
        let mut entry = common.to_vec();
        entry.extend_from_slice(&u32::try_from(packed.len())?.to_le_bytes());
        entry.extend_from_slice(&u32::try_from(bytes.len())?.to_le_bytes());
        entry.extend_from_slice(&u16::try_from(name.len())?.to_le_bytes());
        entry.extend_from_slice(&0_u16.to_le_bytes());
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&entry);
        archive.extend_from_slice(&name);
        archive.extend_from_slice(&packed);

        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&entry);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at.to_le_bytes());
        directory.extend_from_slice(&name);
    }
    let (at, count) = (u32::try_from(archive.len())?, u16::try_from(entries.len())?);
    archive.extend_from_slice(&directory);
    archive.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&count.to_le_bytes());
    archive.extend_from_slice(&u32::try_from(directory.len())?.to_le_bytes());
    archive.extend_from_slice(&at.to_le_bytes());
    archive.extend_from_slice(&[0; 2]);
    Ok(archive)
}

/// Version, no flags, deflate, no time, and the checksum.
fn header(bytes: &[u8]) -> [u8; 14] {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut header = [0; 14];
    header[0] = 20;
    header[4] = 8;
    header[6..].copy_from_slice(&[0, 0, 0x21, 0x50, 0, 0, 0, 0]);
    header[10..].copy_from_slice(&crc.sum().to_le_bytes());
    header
}

fn packed(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
