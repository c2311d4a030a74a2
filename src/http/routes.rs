//! Registers handlers with the router and with the OpenAPI document in one step.
//!
//! Each handler is put behind one type before axum sees it. Otherwise axum's whole stack of
//! services is compiled anew for every handler: with some two hundred of them that was two fifths
//! of the time it took to build the server.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;

use crate::app::App;

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Any handler of the application.
#[derive(Clone)]
pub struct AnyHandler(Arc<dyn Fn(Request, Arc<App>) -> Answer + Send + Sync>);

impl std::fmt::Debug for AnyHandler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("AnyHandler")
    }
}

impl AnyHandler {
    /// Forgets of which kind `handler` is. `T`: its extractors.
    pub fn new<H, T>(handler: H) -> Self
    where
        H: Handler<T, Arc<App>> + Sync,
        T: 'static,
    {
        Self(Arc::new(move |request, app| Box::pin(handler.clone().call(request, app))))
    }
}

impl Handler<(), Arc<App>> for AnyHandler {
    type Future = Answer;

    fn call(self, request: Request, app: Arc<App>) -> Answer {
        (self.0)(request, app)
    }
}

/// Handlers of one path, each with its `#[utoipa::path]`, for `OpenApiRouter::routes`.
macro_rules! routes {
    ($($handler:path),+ $(,)?) => {{
        use utoipa_axum::PathItemExt as _;
        let mut paths = utoipa::openapi::path::Paths::new();
        let mut schemas = Vec::new();
        let mut methods = axum::routing::MethodRouter::<std::sync::Arc<crate::app::App>>::new();
        $(
            let (path, operation, kinds) =
                utoipa_axum::routes!(@resolve_types $handler : schemas);
            for kind in &kinds {
                let handler = $crate::http::routes::AnyHandler::new($handler);
                methods = methods.on(kind.to_method_filter(), handler);
            }
            paths.add_path_operation(&path, kinds, operation);
        )+
        (schemas, paths, methods)
    }};
}

pub(crate) use routes;
