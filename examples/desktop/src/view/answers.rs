//! The likeliest classes, with bars.

use eframe::egui::{Align2, FontId, Rect, RichText, Sense, Spinner, Ui, pos2, vec2};
use resnet_wgpu::Prediction;

use super::parts::{bar, caption, focus};
use super::stage;
use super::theme::{Palette, ROUND_SMALL};
use crate::live::RecorderState;
use crate::model::TOP;
use crate::state::{AppState, Mode};
use crate::user_action::UserAction;

/// The height of a class.
const HEIGHT: f32 = 42.0;

/// Draws the classes and returns the positions of the bars.
pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) -> Vec<Rect> {
    caption(ui, "Likeliest classes");
    ui.add_space(2.0);
    let (top, chosen) = match state.mode {
        Mode::Live => (&state.live.answers.top[..], None),
        Mode::Pictures => match state.pictures.selected() {
            Some(picture) => {
                let top = picture
                    .answer
                    .as_ref()
                    .map_or(&[][..], |answer| &answer.top);
                (top, stage::class(state, picture).filter(|_| state.heat))
            }
            None => (&[][..], None),
        },
    };
    let below = ui.cursor().top() + HEIGHT * TOP as f32 + ui.spacing().item_spacing.y;
    let bars = match top {
        [] => {
            waiting(ui, state);
            vec![]
        }
        top => {
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                top.iter()
                    .map(|best| class(ui, best, chosen, state.mode, actions))
                    .collect()
            })
            .inner
        }
    };
    // The views below keep their position.
    ui.add_space((below - ui.cursor().top()).max(0.0));
    bars
}

/// Shows the reason why there are no answers.
fn waiting(ui: &mut Ui, state: &AppState) {
    let palette = Palette::of(ui);
    let selected = state.pictures.selected();
    let failed = selected.is_some_and(|picture| picture.answer.is_some());
    let (spins, message) = match (state.mode, &state.live.recorder) {
        _ if state.pictures.all().is_empty() => (false, "No picture is open."),
        _ if state.models.pending.is_some() && state.models.loaded.is_none() => {
            (true, "The network is being loaded.")
        }
        (_, _) if state.models.loaded.is_none() => (false, "No network is open: open one."),
        (Mode::Pictures, _) if failed => (false, "The picture has no answer."),
        (Mode::Live, RecorderState::Pending) => {
            (true, "The steps of the network are being measured.")
        }
        (Mode::Live, RecorderState::Failed) => (false, "The network cannot run in live mode."),
        (Mode::Live, _) if !state.live.classify => (false, "Inference is off."),
        _ => (true, "Classifying…"),
    };
    ui.horizontal(|ui| {
        if spins {
            ui.add(Spinner::new().size(14.0).color(palette.accent));
        }
        ui.label(RichText::new(message).color(palette.weak));
    });
}

/// Draws a class, highlighted if it is the chosen class. A click shows its heat.
fn class(
    ui: &mut Ui,
    best: &Prediction,
    chosen: Option<usize>,
    mode: Mode,
    actions: &mut Vec<UserAction>,
) -> Rect {
    let palette = Palette::of(ui);
    let sense = match mode {
        Mode::Pictures => Sense::click(),
        Mode::Live => Sense::hover(),
    };
    let (rect, row) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), sense);
    let reacts = mode == Mode::Pictures;
    let around = rect.expand2(vec2(6.0, 0.0)).shrink2(vec2(0.0, 1.0));
    if chosen == Some(best.class) || (reacts && row.hovered()) {
        ui.painter().rect_filled(around, ROUND_SMALL, palette.card);
    }
    focus(ui, &row, around);
    let font = FontId::proportional(13.5);
    let share = format!("{:.1} %", 100.0 * best.probability);
    let line = rect.top() + 15.0;
    let right = ui.painter().text(
        pos2(rect.right() - 2.0, line),
        Align2::RIGHT_CENTER,
        share,
        font.clone(),
        palette.weak,
    );
    let words = Rect::from_min_max(
        pos2(rect.left() + 2.0, rect.top()),
        pos2(right.left() - 8.0, rect.bottom()),
    );
    // ImageNet's names are long, so only the first of several is shown.
    let name = best.label.split(',').next().unwrap_or(&best.label);
    let text = ui.painter().with_clip_rect(words);
    text.text(
        pos2(words.left(), line),
        Align2::LEFT_CENTER,
        name,
        font,
        palette.text,
    );
    let at = Rect::from_min_max(
        pos2(rect.left() + 2.0, rect.bottom() - 14.0),
        pos2(rect.right() - 2.0, rect.bottom() - 8.0),
    );
    bar(ui, at, best.probability, palette.accent);
    if reacts
        && row
            .on_hover_text(format!("Show the heat map of “{}”", best.label))
            .clicked()
    {
        actions.push(UserAction::Class(best.class));
    }
    at
}
