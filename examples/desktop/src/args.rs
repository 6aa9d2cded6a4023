//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use eframe::egui::ThemePreference;

const USAGE: &str = "\
usage: resnet-desktop [--model FILE] [--theme dark|light] [--tour FOLDER] [PICTURE|FOLDER...]

  --model FILE    a safetensors checkpoint, in place of the embedded network
  --theme THEME   dark or light; the default is the theme of the system
  --tour FOLDER   show all features without a user, write screenshots and
                  report.json to FOLDER, and end";

/// The parsed command line.
#[derive(Debug, PartialEq)]
pub struct Args {
    pub model: Option<PathBuf>,
    pub theme: ThemePreference,
    pub tour: Option<PathBuf>,
    pub pictures: Vec<PathBuf>,
}

impl Args {
    /// Parses the arguments after the program's name. An error is the text to print.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut args = Self {
            model: None,
            theme: ThemePreference::System,
            tour: None,
            pictures: vec![],
        };
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| USAGE.to_owned());
            match argument.to_str() {
                Some("--model") => args.model = Some(value()?.into()),
                Some("--tour") => args.tour = Some(value()?.into()),
                Some("--theme") => {
                    args.theme = match value()?.to_str() {
                        Some("dark") => ThemePreference::Dark,
                        Some("light") => ThemePreference::Light,
                        _ => return Err(USAGE.into()),
                    }
                }
                Some(option) if option.starts_with('-') => return Err(USAGE.into()),
                _ => args.pictures.push(argument.into()),
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_line_is_read() {
        let args = parse("--model a.safetensors --theme light b.png --tour out c").unwrap();
        assert_eq!(args.model, Some("a.safetensors".into()));
        assert_eq!(args.theme, ThemePreference::Light);
        assert_eq!(args.tour, Some("out".into()));
        assert_eq!(args.pictures, [PathBuf::from("b.png"), "c".into()]);
    }

    #[test]
    fn unknown_arguments_print_the_usage() {
        for line in ["--help", "--theme", "--theme blue", "--model", "--nothing"] {
            assert_eq!(parse(line).unwrap_err(), USAGE, "{line}");
        }
    }
}
