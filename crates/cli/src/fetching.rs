//! Fetches models from the hub, with a progress bar and a line about the model's provenance.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use resnet_wgpu::hub::{Event, FetchedModel, Hub, HubOptions, ModelId, Provenance};

use crate::failure::Failure;
use crate::term;
use resnet_wgpu_bench::text::number::bytes;

/// Size in bytes from which a file gets a bar. Smaller files arrive too quickly for one.
const MIN_BAR_BYTES: u64 = 1 << 20;

/// Opens the hub that the environment configures.
pub fn hub() -> Result<Hub, Failure> {
    Ok(Hub::new(HubOptions::from_env()?)?)
}

/// Fetches a model and reports its provenance on stderr.
pub fn fetch(hub: &Hub, id: &ModelId) -> Result<FetchedModel, Failure> {
    let mut display = ProgressDisplay::default();
    let fetched = hub.fetch(id, |event| {
        display.report(event);
        ControlFlow::Continue(())
    });
    // The bar is removed before the note is printed.
    drop(display);
    let fetched = fetched?;
    term::note(&format!("{id}: {}", provenance(hub, &fetched)));
    if !fetched.unknown.is_empty() {
        let silent = match fetched.provenance {
            Provenance::Offline => "was not asked",
            _ => "did not report whether the model has such a file",
        };
        term::note(&format!(
            "{id}: {} not in the cache, and the hub {silent}; class names and normalisation may \
             differ from the model's own",
            fetched.unknown.join(" and ")
        ));
    }
    Ok(fetched)
}

fn provenance(hub: &Hub, fetched: &FetchedModel) -> String {
    let commit: String = fetched.commit.chars().take(7).collect();
    let endpoint = &hub.options().endpoint;
    match &fetched.provenance {
        Provenance::Hub(received) if *received > 0 => {
            let cache = term::display_path(&hub.options().cache);
            let received = bytes(*received);
            format!("{received} from {endpoint}, commit {commit}, stored in {cache}")
        }
        Provenance::Offline => format!("from the cache, offline, commit {commit}"),
        Provenance::Unreachable(why) => format!(
            "from the cache, commit {commit}, because {endpoint} cannot be reached ({why}); a newer \
             commit may exist"
        ),
        Provenance::Refused(why) => format!(
            "from the cache, commit {commit}, because {endpoint} refused ({why}); a newer commit \
             may exist"
        ),
        _ => format!("from the cache, commit {commit}"),
    }
}

/// The state of the progress display.
#[derive(Default)]
struct ProgressDisplay {
    bar: Option<(String, ProgressBar)>,
    waits: bool,
}

impl ProgressDisplay {
    fn report(&mut self, event: Event<'_>) {
        match event {
            Event::Received { file, done, total } if total >= MIN_BAR_BYTES => {
                let known = self.bar.as_ref().is_some_and(|(name, _)| name == file);
                if !known {
                    self.clear();
                    self.bar = Some((file.to_owned(), bar(file, done, total)));
                }
                if let Some((_, bar)) = &self.bar {
                    bar.set_position(done);
                }
            }
            Event::Waiting { file } if !self.waits => {
                self.waits = true;
                self.note(&format!(
                    "another process is fetching {file}; waiting for it"
                ));
            }
            Event::Retrying { file, why } => {
                self.note(&format!(
                    "{file}: the transfer stopped ({why}); resuming it"
                ));
            }
            _ => {}
        }
    }

    fn note(&self, note: &str) {
        match &self.bar {
            Some((_, bar)) => bar.suspend(|| term::note(note)),
            None => term::note(note),
        }
    }

    fn clear(&mut self) {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Creates a bar that counts bytes. The bar draws nothing if stderr is not a terminal.
fn bar(file: &str, done: u64, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes}, \
                    {binary_bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(file.to_owned());
    // Bytes of an earlier, interrupted download would distort the estimated rate.
    bar.set_position(done);
    bar.reset_eta();
    bar
}
