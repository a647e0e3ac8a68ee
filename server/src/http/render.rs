//! Handlebars in strict mode: the registry of templates and their few helpers.

use std::sync::Arc;

use anyhow::anyhow;
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason};
use rust_embed::RustEmbed;
use serde::Serialize;

use super::assets::Assets;
use crate::error::{Error, Result};

/// In release builds the templates are in the binary, in debug builds they are read from disk.
#[derive(RustEmbed)]
#[folder = "../web/templates"]
struct Files;

/// All templates, compiled once at start.
pub struct Templates {
    registry: Handlebars<'static>,
}

impl Templates {
    /// Compiles every template; any error refuses the start.
    pub fn load(assets: Arc<Assets>) -> Result<Self> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        // A partial on a line of its own would otherwise indent what is inside <pre>.
        registry.set_prevent_indent(true);
        for path in Files::iter() {
            let Some(name) = path.strip_suffix(".hbs") else { continue };
            let file = Files::get(&path).ok_or_else(|| anyhow!("template {path} is gone"))?;
            let text = std::str::from_utf8(&file.data).map_err(|e| anyhow!("template {path}: {e}"))?;
            registry
                .register_template_string(name, text.trim_end())
                .map_err(|e| anyhow!("template {path}: {e}"))?;
        }
        registry.register_helper("asset", Box::new(AssetUrl(assets)));
        Ok(Self { registry })
    }

    /// Renders `pages/<page>.hbs` into the layout; a field the template names and the context lacks is an error.
    ///
    /// The page is not a block inside the layout: inside a partial the engine copies whatever a path leads to, which for
    /// a whole page costs more than all the rest.
    pub fn render<C: Serialize>(&self, page: &str, context: &C) -> Result<String> {
        let name = format!("pages/{page}");
        let wrong = |e: handlebars::RenderError| Error::Internal(anyhow!("render {name}: {e}"));
        let mut context = Context::wraps(context).map_err(wrong)?;
        let body = self.registry.render_with_context(&name, &context).map_err(wrong)?;
        if let serde_json::Value::Object(fields) = context.data_mut() {
            fields.insert("body".to_owned(), body.into());
        }
        self.registry.render_with_context("layout", &context).map_err(wrong)
    }

    /// Names of all pages there is a template for.
    #[cfg(test)]
    pub fn pages(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .registry
            .get_templates()
            .keys()
            .filter_map(|name| name.strip_prefix("pages/"))
            .map(str::to_owned)
            .collect();
        names.sort();
        names
    }
}

/// `{{asset "app.css"}}`: the address of a static file, with the hash of its content.
struct AssetUrl(Arc<Assets>);

impl handlebars::HelperDef for AssetUrl {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = helper.param(0).and_then(|p| p.value().as_str()).unwrap_or_default();
        let url = self
            .0
            .url(name)
            .ok_or_else(|| RenderErrorReason::Other(format!("there is no static file `{name}`")))?;
        out.write(url)?;
        Ok(())
    }
}
