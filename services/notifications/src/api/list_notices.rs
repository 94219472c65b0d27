use kernel::{StudioId, to_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::access::v1::Role;
use proto::studio::notifications::v1 as pb;
use uuid::Uuid;

use super::shown;
use crate::domain::fill::Language;
use crate::store::notices::Announcement;
use crate::{App, store};

/// The roles that are departments.
const DEPARTMENTS: [Role; 12] = [
    Role::StudioDirector,
    Role::FinanceSupervisor,
    Role::FinanceStaff,
    Role::FrontDesk,
    Role::Coach,
    Role::CustomerService,
    Role::Reviewer,
    Role::RechargeSpecialist,
    Role::FinanceAuditor,
    Role::RefundClerk,
    Role::RefundApprover,
    Role::Technician,
];

/// What was announced to the caller's departments.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListNoticesRequest,
) -> Result<pb::ListNoticesResponse, Error> {
    let page: Page<Uuid> = Page::parse(request.page_size, &request.page_token)?;
    let studio = match request.studio_id.as_str() {
        "" => None,
        id => Some(StudioId::parse("studio_id", id)?),
    };
    let studios = shown::narrowed(caller.studios(), studio);
    let departments: Vec<String> = DEPARTMENTS
        .into_iter()
        .filter(|role| caller.has_role(*role))
        .map(department)
        .collect();

    let mut tx = app.begin(caller).await?;
    let rows = store::notices::list(
        &mut tx,
        &departments,
        studios.as_deref(),
        page.after().copied(),
        page.limit(),
    )
    .await?;

    let language = shown::language(request.language());
    let (rows, next_page_token) = page.cut(rows, |notice| notice.id);
    let notices = rows
        .iter()
        .map(|notice| announced(app, notice, language))
        .collect::<Result<_, _>>()?;
    Ok(pb::ListNoticesResponse {
        notices,
        next_page_token,
    })
}

/// As `finance_staff`.
fn department(role: Role) -> String {
    role.as_str_name().trim_start_matches("ROLE_").to_lowercase()
}

fn announced(app: &App, notice: &Announcement, language: Language) -> Result<pb::Notice, Error> {
    let text = shown::text(app, &notice.template, language, &notice.fill, Some(notice.studio))?;
    Ok(pb::Notice {
        notice_id: notice.id.to_string(),
        department: notice.department.clone(),
        studio_id: notice.studio.to_string(),
        template: notice.template.clone(),
        subject: text.subject,
        body: text.body,
        about_id: notice.about.to_string(),
        created_at: Some(to_proto_time(notice.created_at)),
    })
}
