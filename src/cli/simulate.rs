//! `rozmova simulate SCENARIO.toml`.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rozmova_simulation::outcome::Figures;
use rozmova_simulation::{Outcome, Scenario, run};

use super::output;

/// What to simulate, and how to tell.
#[derive(Clone, Debug, Args)]
pub(super) struct SimulateCommand {
    /// A centre as in config/scenarios; docs/SIMULATION.md has every key.
    scenario: PathBuf,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
    /// Another seed than the scenario's.
    #[arg(long)]
    seed: Option<u64>,
}

pub(super) fn simulate(command: &SimulateCommand) -> anyhow::Result<()> {
    let path = command.scenario.display().to_string();
    let text = std::fs::read_to_string(&command.scenario).with_context(|| path.clone())?;
    let scenario = Scenario::parse(&text).with_context(|| path.clone())?;
    let outcome = run(&scenario, command.seed.unwrap_or(scenario.seed), |_| true)?;
    output::write(&if command.json {
        serde_json::to_string(&outcome)? + "\n"
    } else {
        tables(&outcome)?
    })
}

fn tables(outcome: &Outcome) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let Outcome { name, seed, days, arrived, closed, abandoned, open, steps, .. } = outcome;
    writeln!(text, "{name} (seed {seed}, days: {days})")?;
    writeln!(
        text,
        "{arrived} contacts: {closed} closed, {abandoned} abandoned, {open} open at the end; \
         {steps} steps of the queue"
    )?;
    writeln!(text, "Service level: {}\n", outcome.service_level_formula)?;
    writeln!(text, "{}", heading("Queue"))?;
    for queue in &outcome.queues {
        writeln!(text, "{}", line(&queue.queue, &queue.figures))?;
    }
    writeln!(text, "{}\n", line("All", &outcome.total))?;
    writeln!(
        text,
        "{:24}{:>8}{:>9}{:>10}{:>12}{:>12}{:>10}",
        "Agents", "count", "handled", "declined", "no answer", "occupied %", "at work h"
    )?;
    for group in &outcome.agents {
        writeln!(
            text,
            "{:24}{:>8}{:>9}{:>10}{:>12}{:>12}{:>10.1}",
            group.agents,
            group.count,
            group.handled,
            group.declined,
            group.no_answers,
            figure(group.occupancy_percent),
            group.at_work_h
        )?;
    }
    writeln!(text, "\n{}", heading("Interval of arrival"))?;
    for interval in &outcome.intervals {
        writeln!(
            text,
            "{}",
            line(&format!("{} {}", interval.begins, interval.queue), &interval.figures)
        )?;
    }
    Ok(text)
}

fn heading(first: &str) -> String {
    format!(
        "{first:24}{:>9}{:>10}{:>10}{:>8}{:>8}{:>8}{:>8}{:>9}{:>8}",
        "offered", "answered", "abandoned", "out", "SL %", "ASA s", "max s", "aband. %", "AHT s"
    )
}

fn line(name: &str, figures: &Figures) -> String {
    format!(
        "{name:24}{:>9}{:>10}{:>10}{:>8}{:>8}{:>8}{:>8.0}{:>9}{:>8}",
        figures.offered,
        figures.answered,
        figures.abandoned,
        figures.flowed_out,
        figure(figures.service_level_percent),
        figure(figures.asa_s),
        figures.longest_wait_s,
        figure(figures.abandoned_percent),
        figure(figures.aht_s),
    )
}

/// What cannot be computed is a dash, not a nought.
fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}
