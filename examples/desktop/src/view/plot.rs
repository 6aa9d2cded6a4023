//! The last frames' times as bars, coloured by kind, with a line at 60 frames a second.

use std::time::Duration;

use eframe::egui::{Align2, Color32, FontId, Rect, Stroke, Ui, pos2};

use super::theme::{Palette, ROUND_SMALL};
use crate::frames::{FrameKind, Frames};

/// The width of a frame's bar in points.
const WIDTH: f32 = 2.0;

/// The time of a frame at 60 Hz.
const TICK: Duration = Duration::from_micros(16_667);

pub fn colour(palette: &Palette, kind: FrameKind) -> Color32 {
    match kind {
        FrameKind::Without => palette.calm,
        FrameKind::With => palette.accent,
    }
}

pub fn show(ui: &Ui, rect: Rect, frames: &Frames) {
    let palette = Palette::of(ui);
    ui.painter().rect_filled(rect, ROUND_SMALL, palette.ground);
    let inside = rect.shrink(6.0);
    let capacity = (inside.width() / WIDTH) as usize;
    let recent: Vec<(FrameKind, Duration)> = frames.recent().rev().take(capacity).collect();
    let longest = recent.iter().map(|(_, time)| *time).max().unwrap_or(TICK);
    // The scale shows both the line and the longest frame.
    let scale = longest.max(2 * TICK).as_secs_f32();
    let height = |time: Duration| inside.height() * (time.as_secs_f32() / scale);
    for (at, (kind, time)) in recent.into_iter().enumerate() {
        let right = inside.right() - at as f32 * WIDTH;
        let top = inside.bottom() - height(time).max(1.0);
        let bar = Rect::from_min_max(pos2(right - WIDTH + 0.5, top), pos2(right, inside.bottom()));
        ui.painter().rect_filled(bar, 0.0, colour(&palette, kind));
    }
    let line = inside.bottom() - height(TICK);
    let faint = palette.weak.gamma_multiply(0.6);
    ui.painter()
        .hline(inside.x_range(), line, Stroke::new(1.0, faint));
    let at = pos2(inside.left(), line - 2.0);
    let font = FontId::proportional(10.5);
    ui.painter()
        .text(at, Align2::LEFT_BOTTOM, "16.7 ms", font, palette.weak);
}
