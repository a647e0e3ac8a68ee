//! Changing one value of some settings, as somebody does who tries what would happen.

use serde_json::Value;

use super::super::Problem;
use super::Settings;
use super::settings::each;
use super::table::{Spec, Table, Unit, outside};
use super::text::Style;

impl Settings {
    /// The same settings with the value of `key` as `text` says; an empty text, or a dash, is no value.
    ///
    /// # Errors
    ///
    /// When there is no such key, or the tool would not take the value. What contradicts other values is found by
    /// [`Settings::check`].
    pub fn with(mut self, key: &str, text: &str) -> Result<Self, Problem> {
        let style = self.style();
        each!(&mut self, of => change(of, style, key, text))?;
        Ok(self)
    }
}

fn change(table: &mut impl Table, style: Style, key: &str, text: &str) -> Result<(), Problem> {
    let wrong = |detail: String| Problem::new(format!("/{key}"), detail);
    let Some((row, spec)) = table.specs().iter().enumerate().find(|(_, spec)| spec.key == key) else {
        return Err(wrong("there is no such value".to_owned()));
    };
    let text = text.trim();
    if text.is_empty() || text == "-" {
        if !spec.optional {
            return Err(wrong("must have a value".to_owned()));
        }
        table.set(row, None);
        return Ok(());
    }
    let value = read(style, spec, text).map_err(wrong)?;
    if let Some(detail) = outside(spec, value) {
        return Err(wrong(detail));
    }
    table.set(row, Some(value));
    Ok(())
}

fn read(style: Style, spec: &Spec, text: &str) -> Result<f64, String> {
    if spec.unit == Unit::Present {
        return match text {
            "true" => Ok(1.0),
            "false" => Ok(0.0),
            _ => Err(format!("must be true or false, is {text}")),
        };
    }
    style.read(spec, &Value::String(text.to_owned()))
}
