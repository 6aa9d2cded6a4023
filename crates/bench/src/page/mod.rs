//! What HTML pages share, be they of a benchmark or of an evaluation: templates
//! that escape, one style, drawings, and data that no parser takes for markup.

pub mod svg;
mod ticks;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

pub(crate) use ticks::ticks;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

/// A page that could not be written: a defect of this crate, since the
/// templates are its own and take any result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A template that does not render.
    #[error("the report's template does not render: {0:#}")]
    Template(#[from] minijinja::Error),
    /// A result that is no JSON.
    #[error("the report's data cannot be embedded: {0}")]
    Data(#[from] serde_json::Error),
    /// A picture that cannot be compressed.
    #[error("the report's pictures cannot be embedded: {0}")]
    Picture(#[from] image::ImageError),
}

/// Templates by name, from the folder `templates` beside the file.
macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}
pub(crate) use templates;

/// What every page is: its templates fill the blocks `title` and `body`.
const DOCUMENT: (&str, &str) = ("document.html", include_str!("templates/document.html"));

/// An environment of these templates, in which all that is shown is escaped.
pub fn environment(
    templates: &'static [(&'static str, &'static str)],
) -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    // Statements leave no lines behind, and a value that is not there is an error.
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, text) in [&DOCUMENT].into_iter().chain(templates) {
        env.add_template(name, text)?;
    }
    Ok(env)
}

/// Data as JSON that no HTML parser takes for markup.
pub fn embedded(data: &impl Serialize) -> Result<String, serde_json::Error> {
    // `<` ends or comments out a script element, and is only ever in strings.
    Ok(serde_json::to_string(data)?.replace('<', "\\u003c"))
}
