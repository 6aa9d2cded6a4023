//! Colours and distances of the dark and the light theme.

use eframe::egui::style::{HandleShape, WidgetVisuals};
use eframe::egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle,
    Theme, ThemePreference, Ui, vec2,
};

/// The colours of a theme.
#[derive(Clone, Copy)]
pub struct Palette {
    /// The background of the window.
    pub ground: Color32,
    /// The background of the lists at the sides.
    pub side: Color32,
    /// The background of cards.
    pub card: Color32,
    /// The background of bars and of hovered elements.
    pub track: Color32,
    pub line: Color32,
    pub text: Color32,
    pub weak: Color32,
    /// The colour of chosen elements and of filled bars.
    pub accent: Color32,
    /// The colour of text on the accent.
    pub on_accent: Color32,
    /// The colour of frames without inference.
    pub calm: Color32,
    pub error: Color32,
}

const DARK: Palette = Palette {
    ground: Color32::from_rgb(18, 20, 24),
    side: Color32::from_rgb(24, 27, 32),
    card: Color32::from_rgb(32, 36, 43),
    track: Color32::from_rgb(46, 52, 62),
    line: Color32::from_rgb(40, 45, 54),
    text: Color32::from_rgb(232, 235, 240),
    weak: Color32::from_rgb(148, 157, 172),
    accent: Color32::from_rgb(88, 166, 255),
    on_accent: Color32::from_rgb(10, 20, 34),
    calm: Color32::from_rgb(96, 108, 128),
    error: Color32::from_rgb(255, 133, 121),
};

const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(244, 246, 249),
    side: Color32::from_rgb(255, 255, 255),
    card: Color32::from_rgb(243, 245, 249),
    track: Color32::from_rgb(222, 228, 237),
    line: Color32::from_rgb(227, 231, 238),
    text: Color32::from_rgb(26, 31, 40),
    weak: Color32::from_rgb(92, 102, 119),
    accent: Color32::from_rgb(28, 107, 222),
    on_accent: Color32::WHITE,
    calm: Color32::from_rgb(110, 122, 142),
    error: Color32::from_rgb(190, 45, 35),
};

/// The corner radii of cards and of smaller elements.
pub const ROUND: CornerRadius = CornerRadius::same(10);
pub const ROUND_SMALL: CornerRadius = CornerRadius::same(6);

impl Palette {
    pub fn of(ui: &Ui) -> Self {
        if ui.visuals().dark_mode { DARK } else { LIGHT }
    }
}

/// Applies the style to a window, in both themes.
pub fn apply(context: &Context, preference: ThemePreference) {
    context.set_theme(preference);
    for (theme, palette) in [(Theme::Dark, DARK), (Theme::Light, LIGHT)] {
        context.style_mut_of(theme, |style| set(style, &palette));
    }
}

fn set(style: &mut Style, palette: &Palette) {
    for (text, size) in [
        (TextStyle::Small, 11.5),
        (TextStyle::Body, 13.5),
        (TextStyle::Button, 13.5),
        (TextStyle::Heading, 17.0),
    ] {
        let font = FontId::new(size, FontFamily::Proportional);
        style.text_styles.insert(text, font);
    }
    style.spacing.item_spacing = vec2(8.0, 6.0);
    style.spacing.button_padding = vec2(12.0, 6.0);
    style.spacing.interact_size.y = 26.0;
    style.spacing.slider_rail_height = 4.0;
    style.spacing.menu_margin = Margin::same(6);
    style.interaction.selectable_labels = false;
    let visuals = &mut style.visuals;
    visuals.panel_fill = palette.ground;
    visuals.window_fill = palette.side;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = ROUND;
    visuals.menu_corner_radius = ROUND;
    visuals.popup_shadow = Shadow {
        offset: [0, 6],
        blur: 18,
        spread: 0,
        color: Color32::from_black_alpha(60),
    };
    visuals.extreme_bg_color = palette.track;
    visuals.faint_bg_color = palette.card;
    visuals.weak_text_color = Some(palette.weak);
    visuals.selection.bg_fill = palette.accent;
    visuals.selection.stroke = Stroke::new(1.0, palette.on_accent);
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.error;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    let widget = |fill, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::NONE,
        corner_radius: ROUND_SMALL,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = WidgetVisuals {
        bg_stroke: Stroke::new(1.0, palette.line),
        ..widget(palette.ground, palette.text)
    };
    widgets.inactive = widget(palette.track, palette.text);
    widgets.hovered = widget(
        palette.track.lerp_to_gamma(palette.accent, 0.18),
        palette.text,
    );
    widgets.active = widget(
        palette.track.lerp_to_gamma(palette.accent, 0.3),
        palette.text,
    );
    widgets.open = widget(palette.track, palette.text);
}
