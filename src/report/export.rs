//! Tables as files. Pure: rows in, bytes out as they are made, so a long table is never whole in
//! memory.

pub mod csv;
pub mod xlsx;
mod zip;

use std::io::{self, Write};

use jiff::ZonedDateTime;
use serde::Deserialize;
use utoipa::ToSchema;

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none.
    Empty,
    /// Words. Never taken for a formula, whatever they begin with.
    Text(String),
    /// A count, a time in ms, a share.
    Number(f64),
    /// A moment by the clocks of the bank.
    Moment(Box<ZonedDateTime>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Number(count as f64)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<ZonedDateTime> for Cell {
    fn from(moment: ZonedDateTime) -> Self {
        Self::Moment(Box::new(moment))
    }
}

impl<T> From<Option<T>> for Cell
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated values.
    #[default]
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// Media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Writes a table: its columns' names, then its rows.
    pub fn write(
        self,
        out: &mut dyn Write,
        head: &[&str],
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> io::Result<()> {
        match self {
            Self::Csv => csv::write(out, head, rows),
            Self::Xlsx => xlsx::write(out, head, rows),
        }
    }
}
