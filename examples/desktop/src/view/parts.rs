//! Small elements that several views share.

use std::time::Duration;

use eframe::egui::{
    Align, Button, Color32, Frame, Label, Layout, Margin, Rect, Response, RichText, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2,
};

use super::theme::{Palette, ROUND};

/// Draws a card: related contents under a title.
pub fn card<R>(ui: &mut Ui, fill: Color32, title: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::new()
        .fill(fill)
        .corner_radius(ROUND)
        .inner_margin(Margin::symmetric(14, 11));
    let response = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        ui.spacing_mut().interact_size.y = 19.0;
        caption(ui, title);
        ui.add_space(2.0);
        contents(ui)
    });
    ui.add_space(6.0);
    response.inner
}

/// Draws a small title.
pub fn caption(ui: &mut Ui, text: &str) {
    let colour = Palette::of(ui).weak;
    ui.label(RichText::new(text).small().strong().color(colour));
}

/// Draws a button for one of several values, highlighted if this value is the current one.
pub fn choice<T: PartialEq>(ui: &mut Ui, current: T, value: T, name: &str) -> Response {
    let palette = Palette::of(ui);
    let (text, fill) = if current == value {
        (palette.on_accent, palette.accent)
    } else {
        (palette.text, palette.track)
    };
    ui.add(Button::new(RichText::new(name).color(text)).fill(fill))
}

/// Draws a name at the left and a value at the right. A value that is too long is truncated.
pub fn row(ui: &mut Ui, name: &str, value: impl Into<String>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).color(palette.weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let value = value.into();
            let label = Label::new(RichText::new(&value).color(palette.text)).truncate();
            ui.add(label);
        });
    });
}

/// Returns a time with its significant digits.
pub fn time(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        1000.0.. => format!("{:.1} s", ms / 1e3),
        100.0.. => format!("{ms:.0} ms"),
        10.0.. => format!("{ms:.1} ms"),
        0.1.. => format!("{ms:.2} ms"),
        _ => format!("{:.0} µs", ms * 1e3),
    }
}

/// Returns a count with an SI prefix.
pub fn count(value: u64) -> String {
    match value {
        1_000_000_000.. => format!("{:.1} G", value as f64 / 1e9),
        1_000_000.. => format!("{:.1} M", value as f64 / 1e6),
        1_000.. => format!("{:.0} k", value as f64 / 1e3),
        _ => value.to_string(),
    }
}

/// Returns the largest centred rectangle with the aspect ratio of `size` within `space`. It is at
/// most three times `size` in points, since large pixels look bad.
pub fn fitted(space: Rect, size: Vec2) -> Rect {
    let size = vec2(size.x.max(1.0), size.y.max(1.0));
    let scale = (space.width() / size.x)
        .min(space.height() / size.y)
        .clamp(0.0, 3.0);
    Rect::from_center_size(space.center(), size * scale)
}

/// Draws a bar that is filled in part.
pub fn bar(ui: &Ui, rect: Rect, part: f32, colour: Color32) {
    let radius = rect.height() / 2.0;
    ui.painter()
        .rect_filled(rect, radius, Palette::of(ui).track);
    // A fraction that is displayed as 0 draws nothing. Any larger fraction stays visible.
    if part < 0.0005 {
        return;
    }
    let width = (rect.width() * part.min(1.0)).max(rect.height());
    let filled = Rect::from_min_max(rect.min, pos2(rect.left() + width, rect.bottom()));
    ui.painter().rect_filled(filled, radius, colour);
}

/// Draws a line around the element that has the keyboard focus.
pub fn focus(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let line = Stroke::new(2.0, Palette::of(ui).accent);
        ui.painter()
            .rect_stroke(rect, ROUND, line, StrokeKind::Inside);
    }
}

/// Draws contents in a rectangle of their own.
pub fn within<R>(ui: &mut Ui, rect: Rect, contents: impl FnOnce(&mut Ui) -> R) -> R {
    // The child does not allocate space in its parent, because the rectangle is already allocated.
    contents(&mut ui.new_child(UiBuilder::new().max_rect(rect)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short() {
        let us = |value| time(Duration::from_micros(value));
        assert_eq!(
            [us(42), us(1234), us(12_345)],
            ["42 µs", "1.23 ms", "12.3 ms"]
        );
        assert_eq!([us(123_456), us(2_300_000)], ["123 ms", "2.3 s"]);
        assert_eq!(
            [count(999), count(270_000), count(25_557_032)],
            ["999", "270 k", "25.6 M"]
        );
    }

    #[test]
    fn pictures_fit() {
        let space = Rect::from_min_size(pos2(10.0, 10.0), vec2(300.0, 100.0));
        let wide = fitted(space, vec2(600.0, 100.0));
        assert_eq!(wide.size(), vec2(300.0, 50.0));
        assert_eq!(wide.center(), space.center());
        assert_eq!(fitted(space, vec2(10.0, 10.0)).size(), vec2(30.0, 30.0));
    }
}
