//! The selected picture, with the heat of a class over it.

use eframe::egui::{
    Align, Align2, Button, Color32, CornerRadius, FontId, Image, Layout, Pos2, Rect, RichText,
    Slider, Stroke, StrokeKind, Ui, pos2, vec2,
};
use resnet_wgpu::low_level::preprocess::Region;

use super::parts::{choice, fitted, within};
use super::theme::{Palette, ROUND};
use crate::picture::{MapState, Picture};
use crate::state::AppState;
use crate::user_action::UserAction;

/// The height of the toolbar below the picture.
const TOOLS: f32 = 44.0;

/// The darkness of the area outside the network's crop.
const OUTSIDE: u8 = 150;

pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    let Some(picture) = state.pictures.selected() else {
        return instructions(ui, state, actions);
    };
    let space = ui.available_rect_before_wrap();
    let (above, below) = space.split_top_bottom_at_y(space.bottom() - TOOLS);
    let rect = fitted(above, picture.displayed_size());
    Image::from_texture((picture.displayed().id(), rect.size()))
        .corner_radius(ROUND)
        .paint_at(ui, rect);
    let class = class(state, picture);
    if let Some(class) = class.filter(|_| state.heat) {
        heat(ui, state, picture, class, rect);
    }
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    if hovering {
        let stroke = Stroke::new(2.0, Palette::of(ui).accent);
        ui.painter()
            .rect_stroke(above, ROUND, stroke, StrokeKind::Inside);
    }
    within(ui, below.with_min_y(below.top() + 12.0), |ui| {
        tools(ui, state, picture, class, actions)
    });
}

/// Returns the class whose heat is shown.
pub fn class(state: &AppState, picture: &Picture) -> Option<usize> {
    let top = &picture.answer.as_ref()?.top;
    let chosen = top.iter().find(|best| Some(best.class) == state.class);
    chosen.or(top.first()).map(|best| best.class)
}

/// Draws a class's heat over the network's crop, and dims the rest.
fn heat(ui: &Ui, state: &AppState, picture: &Picture, class: usize, rect: Rect) {
    let Some(heat) = picture.heat(class) else {
        return;
    };
    let Some(crop) = crop_rect(state, picture, rect) else {
        return;
    };
    let inside = crop.intersect(rect);
    let outside = Color32::from_black_alpha((f32::from(OUTSIDE) * state.opacity) as u8);
    for part in [
        rect.with_max_y(inside.top()),
        rect.with_min_y(inside.bottom()),
        Rect::from_min_max(pos2(rect.left(), inside.top()), inside.left_bottom()),
        Rect::from_min_max(inside.right_top(), pos2(rect.right(), inside.bottom())),
    ] {
        if part.is_positive() {
            ui.painter()
                .rect_filled(part, shared_corners(part, rect), outside);
        }
    }
    // If the crop exceeds the picture, only the part inside the picture is drawn.
    let part = |at: Pos2| ((at - crop.min) / crop.size()).to_pos2();
    let corners = shared_corners(inside, rect);
    Image::from_texture((heat.texture.id(), heat.texture.size()))
        .uv(Rect::from_min_max(part(inside.min), part(inside.max)))
        .tint(Color32::WHITE.gamma_multiply(state.opacity))
        .corner_radius(corners)
        .paint_at(ui, inside);
    let line = Stroke::new(1.0, Color32::from_white_alpha(90));
    ui.painter()
        .rect_stroke(inside, corners, line, StrokeKind::Inside);
}

/// Returns round corners where the part shares a corner with the picture.
fn shared_corners(part: Rect, all: Rect) -> CornerRadius {
    let round = |a: Pos2, b: Pos2, radius| if a.distance(b) < 0.5 { radius } else { 0 };
    CornerRadius {
        nw: round(part.left_top(), all.left_top(), ROUND.nw),
        ne: round(part.right_top(), all.right_top(), ROUND.ne),
        sw: round(part.left_bottom(), all.left_bottom(), ROUND.sw),
        se: round(part.right_bottom(), all.right_bottom(), ROUND.se),
    }
}

/// Returns the network's crop of the picture in screen coordinates.
fn crop_rect(state: &AppState, picture: &Picture, rect: Rect) -> Option<Rect> {
    let model = state.models.loaded.as_ref()?;
    let (width, height) = picture.size;
    let region = model.network.classifier.preprocess().region(width, height);
    let Region {
        left,
        top,
        width: w,
        height: h,
    } = region.ok()?;
    let scale = rect.width() / width as f32;
    let corner = rect.min + vec2(left as f32, top as f32) * scale;
    Some(Rect::from_min_size(
        corner,
        vec2(w as f32, h as f32) * scale,
    ))
}

/// Draws the toolbar below the picture.
fn tools(
    ui: &mut Ui,
    state: &AppState,
    picture: &Picture,
    class: Option<usize>,
    actions: &mut Vec<UserAction>,
) {
    let palette = Palette::of(ui);
    ui.horizontal_centered(|ui| {
        let heat = choice(ui, state.heat, true, "Heat");
        if heat
            .on_hover_text("Show the evidence for the answer (H)")
            .clicked()
        {
            actions.push(UserAction::ToggleHeat);
        }
        if state.heat {
            let mut opacity = state.opacity;
            let slider = Slider::new(&mut opacity, 0.0..=1.0).show_value(false);
            if ui
                .add(slider)
                .on_hover_text("Opacity of the heat map")
                .changed()
            {
                actions.push(UserAction::Opacity(opacity));
            }
            let says = match &picture.maps {
                MapState::Pending | MapState::None => "making the map…".into(),
                MapState::Failed => "no map".into(),
                MapState::Ready(_) => match (&state.models.loaded, class) {
                    (Some(model), Some(class)) => {
                        format!(
                            "evidence for “{}”",
                            model.network.classifier.labels().get(class)
                        )
                    }
                    _ => String::new(),
                },
            };
            ui.label(RichText::new(says).color(palette.weak));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (width, height) = picture.size;
            let says = format!("{} · {width} × {height}", picture.name());
            ui.label(RichText::new(says).color(palette.weak));
        });
    });
}

/// Draws instructions while no picture is open.
fn instructions(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    let palette = Palette::of(ui);
    let space = ui.available_rect_before_wrap();
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    let zone = Rect::from_center_size(space.center(), vec2(460.0, 280.0).min(space.size()));
    let (fill, line) = if hovering {
        (palette.card, palette.accent)
    } else {
        (palette.side, palette.line)
    };
    ui.painter()
        .rect(zone, 16.0, fill, Stroke::new(1.5, line), StrokeKind::Inside);
    frame(ui, zone.center() - vec2(0.0, 66.0), palette.weak);
    let text = |at: f32, words: &str, size: f32, colour| {
        let at = zone.center() + vec2(0.0, at);
        let font = FontId::proportional(size);
        ui.painter()
            .text(at, Align2::CENTER_CENTER, words, font, colour);
    };
    text(0.0, "Drop pictures here", 21.0, palette.text);
    text(30.0, "or a .safetensors checkpoint", 13.5, palette.weak);
    let button = Rect::from_center_size(zone.center() + vec2(0.0, 80.0), vec2(150.0, 34.0));
    let says = if state.is_idle() {
        "Open pictures…"
    } else {
        "Opening…"
    };
    if ui.put(button, Button::new(says)).clicked() {
        actions.push(UserAction::OpenPictures);
    }
}

/// Draws a small icon of a picture.
fn frame(ui: &Ui, at: Pos2, colour: Color32) {
    let stroke = Stroke::new(2.0, colour);
    let rect = Rect::from_center_size(at, vec2(60.0, 44.0));
    ui.painter()
        .rect_stroke(rect, 6.0, stroke, StrokeKind::Inside);
    ui.painter()
        .circle_filled(rect.left_top() + vec2(18.0, 15.0), 4.5, colour);
    let hill = |points: &[(f32, f32)]| {
        let points = points
            .iter()
            .map(|&(x, y)| rect.left_bottom() + vec2(x, -y))
            .collect();
        ui.painter().line(points, stroke);
    };
    hill(&[
        (5.0, 6.0),
        (22.0, 19.0),
        (33.0, 10.0),
        (44.0, 25.0),
        (56.0, 11.0),
    ]);
}
