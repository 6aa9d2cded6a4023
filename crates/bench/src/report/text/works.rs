//! The columns that identify works in a table. Network and batch size always have a column. Other
//! settings have a column only if rows differ in them.

use crate::text::table::Alignment;
use crate::{Scenario, Work};

/// The name and the value of a setting of a work, other than network and batch size.
type Setting = (&'static str, fn(&Work) -> String);

const SETTINGS: [Setting; 4] = [
    ("scenario", |w| scenario(w.scenario).into()),
    ("precision", |w| w.precision.clone()),
    ("input", |w| format!("{0}×{0}", w.input_size)),
    ("weights", |w| w.weights.clone()),
];

/// The columns that distinguish works.
#[derive(Debug, Clone)]
pub struct Works {
    differing: Vec<Setting>,
    common: Vec<String>,
}

impl Works {
    /// Finds the settings in which these works differ, and those that all of them share.
    pub fn of<'a>(works: impl Iterator<Item = &'a Work> + Clone) -> Self {
        let mut columns = Self {
            differing: vec![],
            common: vec![],
        };
        for setting in SETTINGS {
            let mut values = works.clone().map(setting.1);
            let Some(first) = values.next() else { break };
            if values.all(|value| value == first) {
                let text = match setting.0 {
                    "weights" => format!("weights {first}"),
                    "input" => format!("input {first}"),
                    _ => first,
                };
                columns.common.push(text);
            } else {
                columns.differing.push(setting);
            }
        }
        columns
    }

    /// Returns the settings that all works share, such as `latency, f32, input 224×224`.
    pub fn common(&self) -> String {
        self.common.join(", ")
    }

    /// Returns the column heads.
    pub fn columns(&self) -> Vec<(&'static str, Alignment)> {
        let mut columns = vec![("network", Alignment::Left), ("batch", Alignment::Right)];
        columns.extend(
            self.differing
                .iter()
                .map(|setting| (setting.0, Alignment::Left)),
        );
        columns
    }

    /// Returns the cells of a work.
    pub fn cells(&self, work: &Work) -> Vec<String> {
        let mut cells = vec![work.model.clone(), work.batch_size.to_string()];
        cells.extend(self.differing.iter().map(|setting| setting.1(work)));
        cells
    }

    /// Returns a work in words, such as `resnet50, batch 8, throughput`.
    pub fn describe(&self, work: &Work) -> String {
        let mut words = vec![work.model.clone(), format!("batch {}", work.batch_size)];
        words.extend(self.differing.iter().map(|setting| setting.1(work)));
        words.join(", ")
    }
}

/// Returns the scenario's name in JSON.
pub fn scenario(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Latency => "latency",
        Scenario::Throughput => "throughput",
    }
}
