//! Comma-separated values (RFC 4180), safe to open in a spreadsheet.

/// Lines that grow.
#[derive(Debug, Default)]
pub struct Csv(String);

impl Csv {
    /// A line of fields.
    pub fn line<'a>(&mut self, fields: impl IntoIterator<Item = std::borrow::Cow<'a, str>>) {
        for (place, field) in fields.into_iter().enumerate() {
            if place > 0 {
                self.0.push(',');
            }
            self.field(&field);
        }
        self.0.push_str("\r\n");
    }

    /// A field. A text that a spreadsheet would take for a formula is quoted with an apostrophe,
    /// numbers are not: a name such as `=HYPERLINK(…)` must not run.
    fn field(&mut self, field: &str) {
        let is_number = field.parse::<f64>().is_ok();
        let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
        let must_quote = field.contains(['"', ',', '\n', '\r']);
        if must_quote {
            self.0.push('"');
        }
        if is_formula {
            self.0.push('\'');
        }
        self.0.push_str(&field.replace('"', "\"\""));
        if must_quote {
            self.0.push('"');
        }
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        let mut csv = Csv::default();
        csv.line(["plain", "a,b", "say \"x\"", "=1+1", "-5", "@x", ""].map(Into::into));
        assert_eq!(csv.into_text(), "plain,\"a,b\",\"say \"\"x\"\"\",'=1+1,-5,'@x,\r\n");
    }
}
