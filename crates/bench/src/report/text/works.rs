//! How works are told apart in a table: the network and the batch in columns,
//! the rest only where rows differ in it.

use crate::text::table::Align;
use crate::{Scenario, Work};

/// What of a work is said, besides network and batch.
type Part = (&'static str, fn(&Work) -> String);

const PARTS: [Part; 4] = [
    ("scenario", |w| scenario(w.scenario).into()),
    ("precision", |w| w.precision.clone()),
    ("input", |w| format!("{0}×{0}", w.input_size)),
    ("weights", |w| w.weights.clone()),
];

/// The columns that tell works apart.
#[derive(Debug, Clone)]
pub struct Works {
    differing: Vec<Part>,
    common: Vec<String>,
}

impl Works {
    /// Of those works.
    pub fn of<'a>(works: impl Iterator<Item = &'a Work> + Clone) -> Self {
        let mut columns = Self {
            differing: vec![],
            common: vec![],
        };
        for part in PARTS {
            let mut values = works.clone().map(part.1);
            let Some(first) = values.next() else { break };
            if values.all(|value| value == first) {
                let named = match part.0 {
                    "weights" => format!("weights {first}"),
                    "input" => format!("input {first}"),
                    _ => first,
                };
                columns.common.push(named);
            } else {
                columns.differing.push(part);
            }
        }
        columns
    }

    /// What all have in common: `latency, f32, input 224×224`.
    pub fn common(&self) -> String {
        self.common.join(", ")
    }

    /// Heads of the columns.
    pub fn columns(&self) -> Vec<(&'static str, Align)> {
        let mut columns = vec![("network", Align::Left), ("batch", Align::Right)];
        columns.extend(self.differing.iter().map(|part| (part.0, Align::Left)));
        columns
    }

    /// A work's cells.
    pub fn cells(&self, work: &Work) -> Vec<String> {
        let mut cells = vec![work.model.clone(), work.batch_size.to_string()];
        cells.extend(self.differing.iter().map(|part| part.1(work)));
        cells
    }

    /// A work in words: `resnet50, batch 8, throughput`.
    pub fn words(&self, work: &Work) -> String {
        let mut words = vec![work.model.clone(), format!("batch {}", work.batch_size)];
        words.extend(self.differing.iter().map(|part| part.1(work)));
        words.join(", ")
    }
}

/// Its name in JSON.
pub fn scenario(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Latency => "latency",
        Scenario::Throughput => "throughput",
    }
}
