//! The outcome of a run of the binary. The tests of the command line and of the hub share this
//! module.

use std::process::Output;

/// The outcome of a run of the binary.
pub struct CommandOutput {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

pub fn finished(output: Output) -> CommandOutput {
    let output = CommandOutput {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().expect("it must not be killed"),
    };
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    output
}

impl CommandOutput {
    /// Asserts success and returns the output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// Asserts an exit with `code` and without output, and returns the only error line.
    #[track_caller]
    pub fn error(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let errors = self.errors();
        assert_eq!(errors.len(), 1, "{}", self.stderr);
        errors[0].to_owned()
    }

    /// Returns the error lines.
    pub fn errors(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with("error: ")).collect()
    }

    /// Returns the note lines.
    pub fn notes(&self) -> Vec<&str> {
        let lines = self.stderr.lines();
        lines.filter(|line| line.starts_with("note: ")).collect()
    }

    /// Asserts success and that stderr contains `text`, and returns the output.
    #[track_caller]
    pub fn says(self, text: &str) -> String {
        assert!(self.stderr.contains(text), "`{text}` in {}", self.stderr);
        self.ok()
    }
}
