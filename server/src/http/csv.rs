//! Tables for spreadsheets: no cell can be taken for a formula.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::conditional;
use crate::error::Result;

/// A table: its header, then its rows.
pub fn table(req: &HttpRequest, file: &str, header: &[&str], rows: Vec<Vec<String>>) -> Result<HttpResponse> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(anyhow::Error::new)?;
    for row in rows {
        writer.write_record(row.into_iter().map(guarded)).map_err(anyhow::Error::new)?;
    }
    let body = writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut answer = conditional::bytes(req, "text/csv; charset=utf-8", body);
    if let Ok(value) = header::HeaderValue::from_str(&format!("inline; filename=\"{file}.csv\"")) {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(answer)
}

/// A cell; empty for what is not known.
pub fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A spreadsheet would run what begins like a formula; a plain number stays one.
fn guarded(text: String) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if risky && !number { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_numbers_stay_numbers() {
        for text in ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\tx", "\rx", "-"] {
            assert_eq!(guarded(text.to_owned()), format!("'{text}"));
        }
        for text in ["-5", "-5.25", "12", "checkout", "a=b", ""] {
            assert_eq!(guarded(text.to_owned()), text);
        }
    }
}
