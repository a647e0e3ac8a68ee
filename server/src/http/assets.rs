//! Static files: embedded, named by the hash of their content, kept by browsers for a year.

use std::collections::BTreeMap;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use anyhow::anyhow;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::pages::frame;
use crate::error::{Error, Result};

#[derive(RustEmbed)]
#[folder = "../web/static"]
struct Files;

/// The style sheets in the order in which they are joined to `app.css`.
const SHEETS: &[&str] = &[
    "layers.css",
    "reset.css",
    "tokens.css",
    "base.css",
    "layout.css",
    "components.css",
    "tables.css",
    "pages.css",
    "awards.css",
    "challenges.css",
    "charts.css",
    "utilities.css",
];

/// One static file.
pub struct Asset {
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub body: web::Bytes,
}

/// All static files.
pub struct Assets {
    /// `app.css` to `/static/app.<hash>.css`.
    urls: BTreeMap<String, String>,
    /// `app.<hash>.css` to the file.
    files: BTreeMap<String, Asset>,
}

impl Assets {
    /// Joins the style sheets and hashes every file.
    pub fn load() -> Result<Self> {
        let mut assets = Self { urls: BTreeMap::new(), files: BTreeMap::new() };
        let mut css = Vec::new();
        for sheet in SHEETS {
            css.extend_from_slice(&read(&format!("css/{sheet}"))?);
        }
        assets.add("app.css", css)?;
        for path in Files::iter().filter(|path| !path.contains('/')) {
            assets.add(&path, read(&path)?)?;
        }
        Ok(assets)
    }

    /// The address of `name`, e.g. `app.css`.
    pub fn url(&self, name: &str) -> Option<&str> {
        self.urls.get(name).map(String::as_str)
    }

    /// The file behind a hashed name, e.g. `app.1a2b3c4d5e6f.css`.
    pub fn get(&self, hashed: &str) -> Option<&Asset> {
        self.files.get(hashed)
    }

    fn add(&mut self, name: &str, body: Vec<u8>) -> Result<()> {
        let (stem, extension) = name.rsplit_once('.').ok_or_else(|| anyhow!("{name} has no extension"))?;
        let media_type = media_type(extension).ok_or_else(|| anyhow!("{name}: unknown kind of file"))?;
        let mut hash = format!("{:x}", Sha256::digest(&body));
        hash.truncate(12);
        let hashed = format!("{stem}.{hash}.{extension}");
        self.urls.insert(name.to_owned(), format!("/static/{hashed}"));
        self.files.insert(hashed, Asset { media_type, body: body.into() });
        Ok(())
    }
}

fn read(path: &str) -> Result<Vec<u8>> {
    Ok(Files::get(path).ok_or_else(|| anyhow!("static file {path} is gone"))?.data.into_owned())
}

fn media_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => return None,
    })
}

/// `GET /static/{file}`. The name changes with the content, so a browser never needs to ask again.
pub async fn serve(file: web::Path<String>) -> Result<HttpResponse> {
    let assets = &frame::site()?.assets;
    let asset = assets
        .get(&file)
        .ok_or_else(|| Error::not_found("file", file.chars().take(120).collect::<String>()))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.media_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.body.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_sheet_is_joined() {
        let on_disk = Files::iter().filter(|path| path.starts_with("css/")).count();
        assert_eq!(on_disk, SHEETS.len(), "a file in web/static/css is missing in SHEETS");
        let assets = Assets::load().unwrap();
        let url = assets.url("app.css").unwrap();
        let file = assets.get(url.strip_prefix("/static/").unwrap()).unwrap();
        assert!(std::str::from_utf8(&file.body).unwrap().contains("@layer utilities"));
    }

    #[test]
    fn unknown_files_have_no_address() {
        let assets = Assets::load().unwrap();
        assert!(assets.url("nothing.css").is_none());
        assert!(assets.get("app.css").is_none(), "only the hashed name is served");
    }
}
