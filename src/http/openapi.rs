//! The OpenAPI document, generated from the handlers: `rozmova openapi`, `/api/v1/openapi.json`.

use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder};

use super::error::{ErrorBody, ErrorEnvelope};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rozmova",
        description = "Contact-centre server for banks. Conventions: docs/API.md",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later")
    ),
    components(schemas(ErrorEnvelope, ErrorBody)),
    security(("session" = []), ("token" = []))
)]
struct Document;

/// What all documents begin with.
pub(super) fn base() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    let cookie = ApiKeyValue::with_description("rozmova", "Set by POST /api/v1/session");
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("rzm_…").build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    document
}

/// Names every operation by its feature, and says that a refusal has the one envelope.
pub(super) fn finished(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for item in document.paths.paths.values_mut() {
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            // Handlers are named within their feature; the document needs names of its own.
            let feature = operation.tags.as_ref().and_then(|tags| tags.first());
            if let (Some(feature), Some(name)) = (feature, &operation.operation_id) {
                operation.operation_id = Some(format!("{feature}_{name}"));
            }
            let schema = RefOr::Ref(Ref::from_schema_name("ErrorEnvelope"));
            let content = Content::new(Some(schema));
            let refusal = ResponseBuilder::new()
                .description("Refused: what happened, to what, what to do")
                .content("application/json", content)
                .build();
            operation.responses.responses.insert("default".to_owned(), RefOr::T(refusal));
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// Generated clients make one name of each; twice the same does not compile there.
    #[test]
    fn no_two_operations_share_a_name() {
        let document = crate::http::document();
        let mut names = BTreeSet::new();
        for item in document.paths.paths.values() {
            let operations = [&item.get, &item.put, &item.post, &item.patch, &item.delete];
            for operation in operations.into_iter().flatten() {
                let name = operation.operation_id.clone().expect("every operation has a name");
                assert!(names.insert(name.clone()), "{name} is there twice");
            }
        }
    }
}
