//! Compiles every contract below `studio/` with protox, so that no protoc is
//! needed here, and adds what the platform wants to know about each call and
//! each fact as trait implementations.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment"
)]
fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.join("studio").display());

    let mut files = Vec::new();
    collect(&root.join("studio"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.binpb"), &encoded)?;

    tonic_prost_build::configure()
        .include_file("modules.rs")
        .compile_well_known_types(false)
        .compile_fds(compiler.file_descriptor_set())
        .context("generating messages")?;
    let pool = DescriptorPool::decode(encoded.as_slice())?;
    fs::write(out.join("contracts.binpb"), without_comments(&pool, &encoded)?)?;
    prost_protovalidate_build::Builder::new()
        .file_descriptor_set_bytes(without_facts(&pool, &encoded)?)
        .fail_on_runtime_only(true)
        .compile()
        .context("generating field rules")?;

    let rules = fs::read_to_string(out.join("validate_impl.rs"))?;
    fs::write(out.join("calls.rs"), calls(&pool, &rules)?)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// The contracts less what was said about them, which is most of them.
fn without_comments(pool: &DescriptorPool, encoded: &[u8]) -> Result<Vec<u8>> {
    let mut set = decoded(pool, encoded)?;
    for file in files_of(&mut set) {
        if let Some(file) = file.as_message_mut() {
            file.clear_field_by_name("source_code_info");
        }
    }
    Ok(set.encode_to_vec())
}

fn decoded(pool: &DescriptorPool, encoded: &[u8]) -> Result<DynamicMessage> {
    let set = pool
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .context("descriptor.proto")?;
    Ok(DynamicMessage::decode(set, encoded)?)
}

fn files_of(set: &mut DynamicMessage) -> impl Iterator<Item = &mut Value> {
    let files = set.get_field_by_name_mut("file").and_then(Value::as_list_mut);
    files.into_iter().flatten()
}

/// The contracts less the `…Event` messages. Facts are published, never asked
/// with, so no field rule applies to them; and rules inside a oneof, as those
/// of Money in a fact, cannot be compiled.
fn without_facts(pool: &DescriptorPool, encoded: &[u8]) -> Result<Vec<u8>> {
    let mut set = decoded(pool, encoded)?;
    let is_facts = |message: &Value| {
        let Some(message) = message.as_message() else {
            return false;
        };
        let name = message
            .get_field_by_name("name")
            .and_then(|n| n.as_str().map(str::to_owned))
            .unwrap_or_default();
        let oneofs = message
            .get_field_by_name("oneof_decl")
            .map_or(0, |o| o.as_list().map_or(0, <[Value]>::len));
        name.ends_with("Event") && oneofs == 1
    };
    for file in files_of(&mut set) {
        let messages = file
            .as_message_mut()
            .and_then(|f| f.get_field_by_name_mut("message_type"));
        if let Some(messages) = messages.and_then(Value::as_list_mut) {
            messages.retain(|message| !is_facts(message));
        }
    }
    Ok(set.encode_to_vec())
}

/// `impl Call` for every request, `impl Command` for every request with a
/// request_id, `impl Event` for every `…Event` message with a oneof `fact`.
fn calls(pool: &DescriptorPool, rules: &str) -> Result<String> {
    let mut text = String::new();
    let mut checks = String::new();
    for service in pool.services().filter(|s| s.full_name().starts_with("studio.")) {
        for method in service.methods() {
            let (input, output) = (method.input(), method.output());
            let name = rust_path(&input);
            let check = if rules.contains(&format!("for {} {{", name.trim_start_matches("crate::")))
                || rules.contains(&format!("for {name} {{"))
            {
                "crate::violations(prost_protovalidate::Validate::validate(self))"
            } else {
                "Vec::new()"
            };
            writeln!(
                text,
                "impl crate::Call for {name} {{ type Reply = {}; const METHOD: &'static str = \"/{}/{}\"; fn check(&self) -> Vec<crate::BadField> {{ {check} }} }}",
                rust_path(&output),
                service.full_name(),
                method.name(),
            )?;
            writeln!(
                checks,
                "<{name} as crate::Call>::METHOD => Some(<{name} as prost::Message>::decode(request).map(|r| crate::Call::check(&r))),"
            )?;
            if input.get_field_by_name("request_id").is_some() {
                writeln!(
                    text,
                    "impl crate::Command for {name} {{ fn request_id(&self) -> &str {{ &self.request_id }} }}"
                )?;
            }
        }
    }
    writeln!(
        text,
        "pub(super) fn check(method: &str, request: &[u8]) -> Option<Result<Vec<crate::BadField>, prost::DecodeError>> {{ match method {{ {checks} _ => None }} }}"
    )?;
    for message in pool
        .all_messages()
        .filter(|m| m.full_name().starts_with("studio.") && m.name().ends_with("Event"))
    {
        let Some(fact) = message.oneofs().find(|o| o.name() == "fact") else {
            continue;
        };
        let name = rust_path(&message);
        let module = format!(
            "{}::{}",
            name.rsplit_once("::").map_or("", |p| p.0),
            snake(message.name())
        );
        let mut arms = String::new();
        for field in fact.fields() {
            writeln!(
                arms,
                "Some({module}::Fact::{}(_)) => \"{}\",",
                camel(field.name()),
                field.name()
            )?;
        }
        let stream = message
            .package_name()
            .split('.')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        writeln!(
            text,
            "impl crate::Event for {name} {{ const STREAM: &'static str = \"{stream}\"; fn kind(&self) -> &'static str {{ match &self.fact {{ {arms} None => \"\" }} }} }}"
        )?;
    }
    for reason in pool
        .all_enums()
        .filter(|e| e.full_name().starts_with("studio.") && e.name() == "ErrorReason")
    {
        let name = format!("crate::{}::ErrorReason", reason.package_name().replace('.', "::"));
        writeln!(
            text,
            "impl crate::ErrorReason for {name} {{ fn name(self) -> &'static str {{ self.as_str_name() }} }}"
        )?;
    }
    Ok(text)
}

fn rust_path(message: &MessageDescriptor) -> String {
    format!(
        "crate::{}::{}",
        message.package_name().replace('.', "::"),
        message.name()
    )
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.char_indices() {
        if c.is_uppercase() && at > 0 {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars
                .next()
                .map(|c| c.to_uppercase().collect::<String>() + chars.as_str())
                .unwrap_or_default()
        })
        .collect()
}
