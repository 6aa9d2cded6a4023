//! Parts that all HTML pages share, for benchmarks and evaluations: templates that escape their
//! values, one style sheet, drawings, and data that no parser interprets as markup.

pub mod svg;
mod ticks;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

pub(crate) use ticks::ticks;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("style.css");

/// An error while writing a page. Such an error is a defect of this crate, because the crate's own
/// templates accept any result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A template that does not render.
    #[error("the report's template does not render: {0:#}")]
    Template(#[from] minijinja::Error),
    /// A result that cannot be converted to JSON.
    #[error("the report's data cannot be embedded: {0}")]
    Data(#[from] serde_json::Error),
    /// A picture that cannot be compressed.
    #[error("the report's pictures cannot be embedded: {0}")]
    Picture(#[from] image::ImageError),
}

/// Returns templates with their names, read from the folder `templates` next to the calling file.
macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("templates/", $name)))),*]
    };
}
pub(crate) use templates;

/// The frame of every page. A page's templates fill the blocks `title` and `body`.
const DOCUMENT: (&str, &str) = ("document.html", include_str!("templates/document.html"));

/// Makes an environment of these templates, in which all shown values are escaped.
pub fn environment(
    templates: &'static [(&'static str, &'static str)],
) -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    // Statements leave no blank lines, and an undefined value is an error.
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

/// Returns data as JSON that no HTML parser interprets as markup.
pub fn embedded(data: &impl Serialize) -> Result<String, serde_json::Error> {
    // `<` could end or comment out a script element. In JSON, `<` occurs only in strings.
    Ok(serde_json::to_string(data)?.replace('<', "\\u003c"))
}
