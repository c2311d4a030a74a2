//! `rozmova simulate SCENARIO.toml`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use rozmova_simulation::outcome::Figures;
use rozmova_simulation::{Outcome, Scenario, run};

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
    if command.json {
        println!("{}", serde_json::to_string(&outcome)?);
    } else {
        print_tables(&outcome);
    }
    Ok(())
}

fn print_tables(outcome: &Outcome) {
    let Outcome { name, seed, days, arrived, closed, abandoned, open, steps, .. } = outcome;
    println!("{name} (seed {seed}, days: {days})");
    println!(
        "{arrived} contacts: {closed} closed, {abandoned} abandoned, {open} open at the end; \
         {steps} steps of the queue"
    );
    println!("Service level: {}\n", outcome.service_level_formula);
    println!("{}", heading("Queue"));
    for queue in &outcome.queues {
        println!("{}", line(&queue.queue, &queue.figures));
    }
    println!("{}\n", line("All", &outcome.total));
    println!(
        "{:24}{:>8}{:>9}{:>10}{:>12}{:>12}{:>10}",
        "Agents", "count", "handled", "declined", "no answer", "occupied %", "at work h"
    );
    for group in &outcome.agents {
        println!(
            "{:24}{:>8}{:>9}{:>10}{:>12}{:>12}{:>10.1}",
            group.agents,
            group.count,
            group.handled,
            group.declined,
            group.no_answers,
            figure(group.occupancy_percent),
            group.at_work_h
        );
    }
    println!("\n{}", heading("Interval of arrival"));
    for interval in &outcome.intervals {
        println!("{}", line(&format!("{} {}", interval.begins, interval.queue), &interval.figures));
    }
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
