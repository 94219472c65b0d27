//! Evidence: who did what, and whether anybody touched it since.

use std::path::Path;

use comfy_table::Table;
use platform::audit::collect::Reader;
use platform::audit::seal::Keys;
use platform::audit::verify::{Report, verify};
use proto::studio::operations::v1::{AuditHead, ResealRequest, WitnessedHead};
use serde_json::json;

use super::Desk;
use crate::addresses::Service;
use crate::cli::Audit;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{Output, filled, table};

const ROLE: &str = "operations";
/// What a script sees when a record was touched.
const TOUCHED: u8 = 2;
/// The most heads that one reseal takes.
const EVIDENCE: usize = 100;

pub async fn run(desk: &Desk, command: Audit) -> Result<(), Failure> {
    match command {
        Audit::Verify { services, keys, json } => {
            let output = if json { Output::Json } else { desk.output };
            check(desk, output, &services, keys.as_deref()).await
        }
        Audit::Reseal { service, reason } => reseal(desk, service, reason).await,
    }
}

/// A service that did not answer, or that is no help.
struct Away {
    service: &'static str,
    why: String,
}

/// Holds every chain against its rows and against what others witnessed.
async fn check(
    desk: &Desk,
    output: Output,
    services: &[Service],
    keys: Option<&Path>,
) -> Result<(), Failure> {
    let keys = keys.map(Keys::from_folder).transpose();
    let keys = keys.map_err(|bad| Failure::new(bad.to_string()))?;
    if keys.is_none() {
        eprintln!("no --keys: signatures are as the witnesses checked them");
    }
    let house = desk.enter_as(ROLE).await?;
    let subjects = if services.is_empty() {
        &Service::ALL
    } else {
        services
    };
    let (mut reports, mut away) = (Vec::new(), Vec::new());
    for subject in subjects {
        let witnessed = witnessed(&house, *subject, &mut away).await?;
        match Reader::new(house.channel(*subject)?)
            .chain(subject.name(), witnessed)
            .await
        {
            Ok(evidence) => reports.push(verify(&evidence, keys.as_ref())),
            Err(status) => away.push(Away::of(*subject, &status)),
        }
    }
    away.dedup_by(|a, b| a.service == b.service);
    print(output, &reports, &away)?;
    verdict(subjects.len(), &reports)
}

impl Away {
    fn of(service: Service, status: &tonic::Status) -> Self {
        let why = Failure::of(service.name(), status).to_string();
        Self {
            service: service.name(),
            why: why.replace('\n', "; "),
        }
    }
}

fn verdict(asked: usize, reports: &[Report]) -> Result<(), Failure> {
    let touched: usize = reports.iter().map(|report| report.findings.len()).sum();
    if touched > 0 {
        return Err(
            Failure::new(format!("{touched} records do not stand as they were written")).exit(TOUCHED),
        );
    }
    if reports.len() < asked {
        return Err(Failure::new("not every chain could be read"));
    }
    Ok(())
}

/// What everybody else holds of a service's heads.
async fn witnessed(
    house: &House,
    subject: Service,
    away: &mut Vec<Away>,
) -> Result<Vec<(String, WitnessedHead)>, Failure> {
    let mut held = Vec::new();
    for witness in Service::ALL.into_iter().filter(|other| *other != subject) {
        match Reader::new(house.channel(witness)?)
            .witnessed(subject.name())
            .await
        {
            Ok(heads) => held.extend(heads.into_iter().map(|head| (witness.name().to_owned(), head))),
            Err(status) => away.push(Away::of(witness, &status)),
        }
    }
    Ok(held)
}

fn print(output: Output, reports: &[Report], away: &[Away]) -> Result<(), Failure> {
    let missing: Vec<_> = away
        .iter()
        .map(|a| json!({ "service": a.service, "why": a.why }))
        .collect();
    let reports_json = serde_json::to_value(reports).map_err(|e| Failure::new(e.to_string()))?;
    output.value(&json!({ "chains": reports_json, "away": missing }), || {
        let mut text = filled(&chains(reports, away));
        for (title, rows) in [("touched", touched(reports)), ("declared lost", lost(reports))] {
            if !rows.is_empty() {
                text = format!("{text}\n{title}\n{rows}");
            }
        }
        text
    });
    Ok(())
}

fn chains(reports: &[Report], away: &[Away]) -> Table {
    let mut rows = table([
        "chain of",
        "entries",
        "head",
        "witnessed until",
        "witnesses",
        "verdict",
    ]);
    for report in reports {
        let verdict = match (report.findings.len(), report.witnessed_until) {
            (0, 0) => "fits, and nobody witnessed it".to_owned(),
            (0, _) => "whole".to_owned(),
            (touched, _) => format!("{touched} touched"),
        };
        let witnesses: Vec<&str> = report.witnesses.iter().map(String::as_str).collect();
        rows.add_row([
            report.service.clone(),
            report.entries.to_string(),
            report.head_seq.to_string(),
            report.witnessed_until.to_string(),
            witnesses.join(", "),
            verdict,
        ]);
    }
    for away in away {
        rows.add_row([away.service, "", "", "", "", &away.why]);
    }
    rows
}

fn touched(reports: &[Report]) -> Table {
    let mut rows = table(["chain of", "entry", "table", "row", "what", "says"]);
    for report in reports {
        for finding in &report.findings {
            rows.add_row([
                report.service.clone(),
                number(finding.seq),
                finding.source.clone(),
                if finding.source.is_empty() {
                    String::new()
                } else {
                    finding.row_id.to_string()
                },
                format!("{:?}", finding.what).to_lowercase(),
                finding.says.clone(),
            ]);
        }
    }
    rows
}

fn number(seq: i64) -> String {
    if seq > 0 { seq.to_string() } else { String::new() }
}

fn lost(reports: &[Report]) -> Table {
    let mut rows = table(["chain of", "entries", "declared at", "by", "reason"]);
    for report in reports {
        for reseal in &report.reseals {
            rows.add_row([
                report.service.clone(),
                format!("{} to {}", reseal.common_seq + 1, reseal.lost_until),
                reseal.seq.to_string(),
                reseal.person_id.clone(),
                reseal.reason.clone(),
            ]);
        }
    }
    rows
}

/// Declares what a restore lost, by what the witnesses hold.
async fn reseal(desk: &Desk, service: Service, reason: String) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    let mut away = Vec::new();
    let held = witnessed(&house, service, &mut away).await?;
    if let Some(away) = away.first() {
        let what = format!("{} may hold more: {}", away.service, away.why);
        return Err(Failure::new(what).hint("ask when every service is up"));
    }
    let sound = held.into_iter().filter(|(_, seen)| seen.conflict.is_empty());
    let mut evidence: Vec<AuditHead> = sound.filter_map(|(_, seen)| seen.head).collect();
    evidence.sort_by_key(|head| std::cmp::Reverse(head.seq));
    evidence.dedup_by_key(|head| head.seq);
    evidence.truncate(EVIDENCE);
    let request = ResealRequest {
        request_id: request_id(),
        reason,
        evidence,
    };
    let reply = house.ask_at(service, request).await?;
    desk.output.reply::<ResealRequest>(&reply, |reply| {
        let mut rows = table(["common until", "lost until"]);
        rows.add_row([reply.common_seq.to_string(), reply.lost_until.to_string()]);
        rows
    })
}
