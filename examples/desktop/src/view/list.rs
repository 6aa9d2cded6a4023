//! The open pictures, each with its likeliest class.

use eframe::egui::{
    Align, Image, Label, Layout, Rect, RichText, ScrollArea, Sense, Ui, Vec2, pos2, vec2,
};

use super::parts::{caption, focus, within};
use super::theme::{Palette, ROUND, ROUND_SMALL};
use crate::picture::Picture;
use crate::state::AppState;
use crate::user_action::UserAction;

/// The height of an entry, and the side of its thumbnail.
const HEIGHT: f32 = 64.0;
const THUMB: f32 = 48.0;

/// The gap between two entries, and the distance from the top of one to the next.
const GAP: f32 = 4.0;
const STEP: f32 = HEIGHT + GAP;

pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    ui.horizontal(|ui| {
        let pictures = state.pictures.all().len();
        caption(
            ui,
            &match pictures {
                0 => "Pictures".to_owned(),
                some => format!("Pictures · {some}"),
            },
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .button("Open…")
                .on_hover_text("Open pictures (O)")
                .clicked()
            {
                actions.push(UserAction::OpenPictures);
            }
            if state.pictures.all().len() > 1
                && ui.small_button("×").on_hover_text("Close all").clicked()
            {
                actions.push(UserAction::CloseAll);
            }
        });
    });
    ui.add_space(6.0);
    ScrollArea::vertical()
        .auto_shrink(false)
        .show_viewport(ui, |ui, visible| entries(ui, state, visible, actions));
}

/// Draws only the visible entries, since there may be thousands.
fn entries(ui: &mut Ui, state: &AppState, visible: Rect, actions: &mut Vec<UserAction>) {
    let all = state.pictures.all();
    let across = ui.max_rect().x_range();
    let top = ui.max_rect().top();
    ui.set_height((all.len() as f32 * STEP - GAP).max(0.0));
    let entry_rect = |at: usize| {
        let top = top + at as f32 * STEP;
        Rect::from_x_y_ranges(across, top..=top + HEIGHT)
    };
    let first = (visible.top() / STEP).max(0.0) as usize;
    let last = (visible.bottom() / STEP).max(0.0) as usize;
    for (at, picture) in all.iter().enumerate().take(last + 1).skip(first) {
        entry(ui, state, entry_rect(at), picture, actions);
    }
    if state.scroll_to_selected {
        ui.scroll_to_rect(entry_rect(state.pictures.selected_index()), None);
    }
}

fn entry(
    ui: &mut Ui,
    state: &AppState,
    rect: Rect,
    picture: &Picture,
    actions: &mut Vec<UserAction>,
) {
    let palette = Palette::of(ui);
    let selected = state.pictures.selected().map(|selected| selected.id) == Some(picture.id);
    let id = ui.scope_id().with(("picture", picture.id));
    let entry = ui.interact(rect, id, Sense::click());
    if selected || entry.hovered() {
        ui.painter().rect_filled(rect, ROUND, palette.card);
    }
    if selected {
        let mark = Rect::from_min_size(rect.left_center() - vec2(0.0, 12.0), vec2(3.0, 24.0));
        ui.painter().rect_filled(mark, 1.5, palette.accent);
    }
    focus(ui, &entry, rect);
    let corner = rect.left_center() + vec2(10.0, -THUMB / 2.0);
    let thumb = Rect::from_min_size(corner, Vec2::splat(THUMB));
    Image::from_texture((picture.thumb.id(), picture.thumb.size()))
        .uv(square(picture.thumb.size()))
        .corner_radius(ROUND_SMALL)
        .paint_at(ui, thumb);
    let words = Rect::from_min_max(pos2(thumb.right() + 12.0, rect.top() + 13.0), rect.max);
    within(ui, words, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let best = picture
            .answer
            .as_ref()
            .and_then(|answer| answer.top.first());
        let (label, share) = match best {
            Some(best) => (
                best.label.clone(),
                format!("{:.0} %", 100.0 * best.probability),
            ),
            None => ("…".into(), String::new()),
        };
        ui.add(Label::new(RichText::new(label).strong()).truncate());
        let name = match &share[..] {
            "" => picture.name(),
            share => format!("{share} · {}", picture.name()),
        };
        ui.add(Label::new(RichText::new(name).small().color(palette.weak)).truncate());
    });
    if entry.clicked() {
        actions.push(UserAction::Select(picture.id));
    }
    entry.context_menu(|ui| {
        if ui.button("Close").clicked() {
            actions.push(UserAction::Remove(picture.id));
            ui.close();
        }
        if ui.button("Close all").clicked() {
            actions.push(UserAction::CloseAll);
            ui.close();
        }
    });
}

/// Returns the middle square of a picture, in texture coordinates.
fn square(size: Vec2) -> Rect {
    let side = Vec2::splat(size.min_elem()) / size.max(Vec2::splat(1.0));
    Rect::from_center_size(pos2(0.5, 0.5), side)
}
