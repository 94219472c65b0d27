use platform::{Caller, Error};
use proto::studio::notifications::v1 as pb;

use crate::App;
use crate::domain::fill::Language;
use crate::domain::template::Template;

/// Every text that is sent.
pub async fn handle(
    app: &App,
    _caller: &Caller,
    request: pb::ListTemplatesRequest,
) -> Result<pb::ListTemplatesResponse, Error> {
    let asked = |language: Language| {
        matches!(request.language(), pb::Language::Unspecified)
            || request.language() == pb::Language::from(language)
    };
    let templates = app
        .templates
        .iter()
        .flat_map(|template| {
            Language::ALL
                .into_iter()
                .filter(|l| asked(*l))
                .map(|l| shown(template, l))
        })
        .collect();
    Ok(pb::ListTemplatesResponse { templates })
}

fn shown(template: &Template, language: Language) -> pb::Template {
    let text = template.text(language);
    pb::Template {
        name: template.name.to_owned(),
        language: pb::Language::from(language).into(),
        channels: template
            .channels
            .iter()
            .map(|c| pb::Channel::from(*c).into())
            .collect(),
        subject: text.subject.clone(),
        body: text.body.trim_end().to_owned(),
    }
}
